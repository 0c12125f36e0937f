"""The same feeds, with `kill -9` at random moments: what is left must be what an undisturbed stream leaves.

NEWS_KILLS says how many (3; `make kills` 10), NEWS_SEED which moments.
"""

from __future__ import annotations

import os
import random
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.running import outcome
from tests.stream.feeds import Feeds, serving
from tests.stream.figures import gaps, table, too_soon
from tests.stream.plan import FEEDS
from tests.stream.watch import (
    Outcome,
    Running,
    Watcher,
    letters,
    read_outcome,
    settled,
    started,
    stream_config,
    wait_until,
)

pytestmark = [pytest.mark.prism, pytest.mark.slow]
# About what one life lasts, start included: the plan is stretched so that every kill meets news.
LIFE_S = 11.0
NEWS_S = 40.0
# Where the kills fall, in turn, and within how many seconds: after new items were handed out (so that some are on their
# way), after the first poll of that life, or after the start.
MOMENTS = (("news", 1.5), ("first poll", 8.0), ("news", 1.5), ("start", 5.0), ("first poll", 8.0))
QUIET_S = 6.0


def lives(feeds: Feeds, watcher: Watcher, config: Path, dice: random.Random, kills: int) -> list[str]:
    """Start and kill, so many times; says when each kill fell."""
    fell = []
    for number in range(kills):
        with started(config, number) as running:
            after, within = MOMENTS[number % len(MOMENTS)]
            moment = dice.uniform(0, within)
            await_(after, feeds, running)
            time.sleep(moment)
            running.ensure_alive()
            on_their_way = len(feeds.served.keys() - watcher.seen.keys())
            assert running.kill() == [], "Prism outlived the process that started it"
            fell.append(f"{moment:.2f} s after {after}, at {feeds.clock():.0f}, with {on_their_way} items on their way")
    return fell


def await_(what: str, feeds: Feeds, running: Running) -> None:
    """Wait for the first poll of this life, or for items that no life has seen (a while: there may be none left)."""
    asked, served = len(feeds.requests), len(feeds.served)
    if what != "start":
        wait_until(running, "a poll of this life", lambda: len(feeds.requests) > asked, 90)
    until = time.monotonic() + QUIET_S
    while what == "news" and len(feeds.served) == served and time.monotonic() < until:
        time.sleep(0.02)


@pytest.fixture(scope="module")
def killed(seed: int, undisturbed: Outcome, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """What came of the same plan with kills."""
    kills = int(os.environ.get("NEWS_KILLS") or 3)
    folder = tmp_path_factory.mktemp("killed")
    pace = max(1.0, kills * LIFE_S / NEWS_S)
    with ExitStack() as stack:
        feeds, hook = stack.enter_context(serving(undisturbed.plan, pace))
        config = stream_config(folder, feeds, hook)
        watcher = stack.enter_context(Watcher(folder / "news.db", undisturbed.plan, feeds))
        fell = lives(feeds, watcher, config, random.Random(seed), kills)
        running = stack.enter_context(started(config, kills))
        everything = undisturbed.plan.first_shown().keys()
        wait_until(running, "the plan's end", lambda: feeds.clock() > NEWS_S + 1, 60 + NEWS_S * pace)
        wait_until(running, "all items", lambda: watcher.seen.keys() >= everything, 60)
        wait_until(running, "the revision", lambda: watcher.index.counts()["revisions"] >= 1, 30)
        wait_until(running, "all alerts delivered", lambda: settled(watcher.index), 30)
        # Whatever would be written a second time has two rounds of polls to be written in.
        time.sleep(5)
        stopped = running.interrupt()
        print(f"\n{kills} kills:", *fell, sep="\n  ")
        return read_outcome(config, watcher, hook, running.text, stopped)


def test_kills_leave_the_same_articles_partitions_roles_and_originals(killed: Outcome, undisturbed: Outcome) -> None:
    assert not killed.watcher.twice
    assert outcome(killed.documents) == outcome(undisturbed.documents)
    for name, document in undisturbed.documents.items():
        again = killed.documents[name]
        assert again["revision"] == document["revision"], document["url"]
        assert again["body"] == document["body"], document["url"]
        assert {s["id"] for s in again["sources"]} == {s["id"] for s in document["sources"]}, document["url"]
        assert again["wire"]["agencies"] == document["wire"]["agencies"]
    assert letters(killed.config) == letters(undisturbed.config)


def test_kills_create_no_alert_twice_and_lose_none(killed: Outcome, undisturbed: Outcome) -> None:
    alerted = killed.alerted()
    assert len(alerted) == len(set(alerted))
    assert set(alerted) == set(undisturbed.alerted())


def test_kills_repeat_a_webhook_at_most_once_each(killed: Outcome) -> None:
    kills = int(os.environ.get("NEWS_KILLS") or 3)
    keys = killed.hook.keys
    print(f"\nwebhook: {len(keys)} posts, {len(set(keys))} distinct keys, {killed.hook.repeats} repeats, {kills} kills")
    assert set(keys) == {alert["id"] for alert in killed.alerts}
    assert killed.hook.repeats <= kills


def test_a_restart_asks_no_feed_too_soon(killed: Outcome) -> None:
    print(f"\n{table(killed)}\nleast gap: {min(min(gaps(killed, feed)) for feed in range(FEEDS)):.3f} s")
    assert not too_soon(killed)
