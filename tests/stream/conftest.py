from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stream import plan as plans
from tests.stream.feeds import serving
from tests.stream.watch import Outcome, Watcher, read_outcome, settled, started, stream_config, wait_until


@pytest.fixture(scope="session")
def seed() -> int:
    """The seed of plan and kills: NEWS_SEED, else one of the moment; printed, so that a failure can be had again."""
    chosen = int(os.environ.get("NEWS_SEED") or time.time_ns() % 1_000_000)
    print(f"\nNEWS_SEED={chosen}")
    return chosen


@pytest.fixture(scope="session")
def undisturbed(seed: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    """What came of 60 s of streaming that nothing interrupted."""
    plan = plans.make(seed)
    folder: Path = tmp_path_factory.mktemp("undisturbed")
    with serving(plan) as (feeds, hook):
        config = stream_config(folder, feeds, hook)
        with started(config) as running, Watcher(folder / "news.db", plan, feeds) as watcher:
            wait_until(running, "the first request", lambda: feeds.begun is not None, 90)
            wait_until(running, "the minute's end", lambda: feeds.clock() >= plans.WHOLE_S, 90)
            wait_until(running, "all alerts delivered", lambda: settled(watcher.index), 20)
            stopped = running.interrupt()
            watcher.look()
            yield read_outcome(config, watcher, hook, running.text, stopped)
