"""Each fault once, with little news: what is left is what an undisturbed run leaves. `make faults` is the long form."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from tests.faults import news, series
from tests.faults.scenarios import CHAIN, Load
from tests.faults.trial import Ground, ground
from tests.servers.fixtures import missing
from transforms.errors import MissingPart

pytestmark = [pytest.mark.servers, pytest.mark.prism, pytest.mark.slow]
# What an absence may add: the records in flight, and what Python keeps of what it freed.
GROWN_MB = 150


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    try:
        opened = ground(tmp_path_factory.mktemp("faults"))
        with opened as made:
            yield made
    except MissingPart as error:
        missing(error)


@pytest.fixture(scope="module")
def seed() -> int:
    """NEWS_SEED, else one of the moment; printed, so that a failure can be had again."""
    chosen = int(os.environ.get("NEWS_SEED") or time.time_ns() % 1_000_000)
    print(f"\nNEWS_SEED={chosen}")
    return chosen


def test_kills_and_stops_lose_nothing_and_double_nothing(place: Ground, seed: int) -> None:
    load = Load(records=60, first=40, pause_s=4, away_s=0)
    rows = series.chain(place, seed, 1, load, list(CHAIN), print)
    assert [row for row in rows if not row.well] == []
    assert sorted(row.scenario for row in rows) == sorted(CHAIN)
    assert all(row.articles and row.alerts for row in rows)


def test_elasticsearch_may_be_away_under_load(place: Ground, seed: int) -> None:
    """The source stops reading at `max_in_flight` records; the rest waits in Kafka."""
    load = Load(records=900, first=150, pause_s=0, away_s=30)
    (row,) = series.away(place, seed, 1, load, print, max_in_flight=200)
    assert row.well, row
    assert {"pipeline", "prism"} <= row.peak_mb.keys()
    for name, most in row.peak_mb.items():
        assert most - row.began_mb[name] < GROWN_MB, (name, row.began_mb, row.peak_mb)


def test_the_news_are_the_seeds() -> None:
    one, other = news.make(5, 300), news.make(5, 300)
    assert one.records == other.records
    assert len(one.ids()) >= 300
    assert news.make(6, 300).records != one.records
    again = [record.id for record in one.records if record.id]
    assert len(again) > len(set(again))
    assert {record.key is None for record in one.records if record.id is None} == {True}
