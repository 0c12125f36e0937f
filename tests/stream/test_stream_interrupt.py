"""Ctrl-C in the middle of polls, and the next start."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.stream import plan as plans
from tests.stream.feeds import gives_validators, serving
from tests.stream.figures import too_soon
from tests.stream.plan import FEEDS
from tests.stream.watch import Watcher, letters, read_outcome, settled, started, stream_config, wait_until

pytestmark = [pytest.mark.prism, pytest.mark.slow]
STOP_S = 20.0
SLOW_S = 2.0


def test_ctrl_c_in_mid_poll_ends_cleanly_and_the_next_start_goes_on(tmp_path: Path, seed: int) -> None:
    plan = plans.make(seed + 1)
    with serving(plan, pace=0.3) as (feeds, hook):
        config = stream_config(tmp_path, feeds, hook)
        with Watcher(tmp_path / "news.db", plan, feeds) as watcher:
            with started(config, 0) as running:
                wait_until(running, "the first articles", lambda: watcher.seen, 90)
                feeds.slow_s = SLOW_S
                wait_until(running, "many polls under way", lambda: feeds.busy() > FEEDS / 3, 30)
                known = len(watcher.seen)
                took = running.interrupt()
                feeds.slow_s = 0.0
                print(f"\nended {took:.1f} s after Ctrl-C with {known} of {len(plan.first_shown())} articles found")
                assert took <= STOP_S
                assert "Traceback" not in running.text
            ended = time.monotonic()
            with started(config, 1) as running:
                everything = plan.first_shown().keys()
                wait_until(running, "all items", lambda: watcher.seen.keys() >= everything, 90)
                wait_until(running, "the revision", lambda: watcher.index.counts()["revisions"] >= 1, 30)
                wait_until(running, "all alerts delivered", lambda: settled(watcher.index), 30)
                print(f"idle, it ended {running.interrupt():.1f} s after Ctrl-C")
            result = read_outcome(config, watcher, hook, running.text, 0.0)
    assert not too_soon(result)
    # What was committed before the end is asked for conditionally after it.
    again = [feeds.of(feed, ended)[0] for feed in range(FEEDS) if gives_validators(feed) and feeds.of(feed, ended)]
    assert sum(request.conditional for request in again) > len(again) / 2
    assert not watcher.twice
    assert {d["url"]: d["revision"] for d in result.documents.values() if d["revision"]} == plan.revised
    assert set(result.alerted()) == plan.alerts()
    assert len(result.alerts) == len(plan.alerts())
    assert result.hook.repeats == 0
    assert letters(config) == ["the item has neither an address nor a guid"]
