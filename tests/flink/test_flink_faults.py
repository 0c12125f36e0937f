"""A Flink job under load loses a TaskManager twice, its JobManager, and is cancelled and taken up in each way there is:
what is left is what an undisturbed run leaves. `make faults RUNNER=flink` is the long form."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from tests.faults import series
from tests.faults.on_flink import OTHERS, TASKMANAGER
from tests.faults.scenarios import Load
from tests.faults.trial import Ground, ground
from tests.servers.fixtures import missing
from transforms.errors import MissingPart

pytestmark = [pytest.mark.servers, pytest.mark.slow]
KILLS = 2
# So that there are several checkpoints in the little time that there is.
OFTEN = ("--checkpointing_interval=3000", "--min_pause_between_checkpoints=1000", "--execution_retry_delay=1000")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    try:
        with ground(tmp_path_factory.mktemp("faults"), on_flink=True, options=OFTEN) as made:
            yield made
    except MissingPart as error:
        missing(error)


def test_a_job_that_is_struck_loses_nothing_and_doubles_nothing(place: Ground) -> None:
    seed = int(os.environ.get("NEWS_SEED") or time.time_ns() % 1_000_000)
    print(f"\nNEWS_SEED={seed}")
    names = [TASKMANAGER] * KILLS + list(OTHERS)
    load = Load(records=60, first=40, pause_s=0, away_s=0, spread_s=4)
    rows = series.chain(place, seed, 1, load, names, print)
    assert [row for row in rows if not row.well] == []
    assert sorted(row.scenario for row in rows) == sorted(names)
    assert all(row.articles and row.alerts for row in rows)
