"""Every way in which a bulk request can go wrong, against a real Elasticsearch behind a proxy that does it: nothing is
lost, nothing doubled, only what must be is sent again, outcomes and counters are exact."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator

import pytest

from tests.elastic_faults.fault_proxy import (
    Behaviour,
    cut,
    garbage,
    items,
    reset,
    silent,
    slow,
    too_large,
    whole,
)
from tests.elastic_faults.fault_rig import Rig, changed, fresh, rig
from transforms.index.interface import REJECTED, WRITTEN, Rejection
from transforms.records import Write

pytestmark = pytest.mark.servers
BULK, ARTICLES = r"/_bulk", "-articles-"
COUNT, CHUNK = 50, 20


@pytest.fixture
def faults(elastic_url: str, prefix: str) -> Iterator[Rig]:
    with rig(elastic_url, prefix) as made:
        yield made


def third(status: int) -> Callable[[int, str], int | None]:
    return lambda n, _: status if n % 3 == 0 else None


THIRD = len(range(0, CHUNK, 3))
# (behaviour of the second bulk, how many documents are sent again, how many of these had been applied)
# What an index sends behind a request that was lost waits with it, and is not counted: it was not sent yet.
LOST: dict[str, tuple[Behaviour, int, bool]] = {
    "429 for a third": (items(third(429)), THIRD, False),
    "503 for a third": (items(third(503)), THIRD, False),
    "whole 429": (whole(429), CHUNK, False),
    "whole 503": (whole(503), CHUNK, False),
    "whole 502": (whole(502), CHUNK, False),
    "504 after it was applied": (whole(504, applied=True), 0, True),
    "reset before": (reset(), CHUNK, False),
    "reset after it was applied": (reset(applied=True), 0, True),
    "no answer, not applied": (silent(applied=False), CHUNK, False),
    "no answer, applied": (silent(applied=True), 0, True),
    "cut answer": (cut(), 0, True),
    "empty answer": (cut(0), 0, True),
    "garbage, applied": (garbage(), 0, True),
    "garbage, not applied": (garbage(applied=False), CHUNK, False),
    "a page of something else": (garbage(b"<html>hello</html>", applied=False), CHUNK, False),
    "items missing": (garbage(b'{"errors":false,"items":[]}'), 0, True),
}


@pytest.mark.parametrize("name", LOST)
def test_new_articles_when_the_second_bulk_goes_wrong(faults: Rig, name: str) -> None:
    behaviour, again, applied = LOST[name]
    faults.proxy.rule("POST", BULK, behaviour, nth=2, body=ARTICLES)
    writes = fresh(COUNT)
    assert faults.index.apply(writes) == faults.model.apply(writes) == [WRITTEN] * len(writes)
    faults.check()
    assert faults.stats() == {"written": COUNT, "retries": again, "conflicts": 0, "rejected": 0}
    assert set(faults.times_written().values()) == {1}
    assert faults.forwarded() == dict.fromkeys(faults.sent(), 1)
    # Sent twice: only what was not applied.
    assert sum(count - 1 for count in faults.sent().values()) == again
    assert applied == (again == 0)
    assert faults.index.server.stats()["requests"] == len(faults.proxy.seen)
    assert faults.index.trouble() is None


@pytest.mark.parametrize("name", LOST)
def test_changes_of_articles_when_the_first_bulk_goes_wrong(faults: Rig, name: str) -> None:
    behaviour, again, _ = LOST[name]
    start, more = fresh(COUNT), changed(random.Random(name), COUNT)
    faults.index.apply(start)
    faults.model.apply(start)
    before, requests = faults.stats(), len(faults.proxy.bulks())
    rule = faults.proxy.rule("POST", BULK, behaviour, body=ARTICLES)
    expected = faults.model.apply(more)
    assert faults.index.apply(more) == expected
    faults.check()
    assert rule.taken == 1
    touched = {write.id for write, outcome in zip(more, expected, strict=True) if outcome == WRITTEN}
    now = faults.stats()
    assert {key: now[key] - before[key] for key in now} == {
        "written": len(touched), "retries": again, "conflicts": 0, "rejected": 0,
    }  # fmt: skip
    assert {key for key, times in faults.times_written().items() if times == 2} == touched
    assert max(faults.times_written().values()) == 2
    assert len(faults.proxy.bulks()) > requests


@pytest.mark.parametrize("times", [3, 6])
def test_the_same_trouble_again_and_again(faults: Rig, times: int) -> None:
    """Half refused, the answer then lost, whole requests refused, in turn."""
    dice = random.Random(times)
    kinds = [items(lambda _, key: 429 if dice.random() < 0.5 else None), reset(applied=True), whole(503)]
    for number in range(times):
        faults.proxy.rule("POST", BULK, kinds[number % 3], body=ARTICLES)
    writes = fresh(COUNT)
    assert faults.index.apply(writes) == faults.model.apply(writes)
    faults.check()
    assert set(faults.times_written().values()) == {1}
    stats = faults.stats()
    assert stats["written"] == COUNT
    assert stats["retries"] == sum(faults.sent().values()) - COUNT
    assert all(rule.taken == 1 for rule in faults.proxy.rules)


def test_what_is_refused_for_good_is_told_once_and_holds_up_nobody(faults: Rig) -> None:
    """200 with 201, 429 and 400 mixed."""
    bad = frozenset({"a003", "a007", "a031"})
    busy = frozenset({"a001", "a004", "a030"})
    tried: set[str] = set()

    def statuses(_: int, key: str) -> int | None:
        first = key not in tried
        tried.add(key)
        return 400 if key in bad else 429 if key in busy and first else None

    faults.proxy.rule("POST", BULK, items(statuses), times=100, body=ARTICLES)
    writes = fresh(COUNT)
    outcomes = faults.index.apply(writes)
    assert outcomes == faults.model.apply(writes, bad)
    refused = [outcome for outcome in outcomes if outcome == REJECTED]
    assert len(refused) == 3 * len(bad)
    assert all(isinstance(one, Rejection) and "made up: 400" in one.reason for one in refused)
    faults.check()
    assert faults.stats() == {"written": COUNT - 3, "retries": len(busy), "conflicts": 0, "rejected": len(bad)}
    assert {key for key, count in faults.sent().items() if count > 1} == busy
    assert set(faults.times_written().values()) == {1}


@pytest.mark.parametrize("status", [413, 400])
def test_a_bulk_that_is_too_large_is_halved_until_the_one_is_found(faults: Rig, status: int) -> None:
    poison = frozenset({"a013"})
    faults.proxy.rule("POST", BULK, too_large(6, poison, status), times=1000, body=ARTICLES)
    writes = fresh(COUNT)
    outcomes = faults.index.apply(writes)
    assert outcomes == faults.model.apply(writes, poison)
    reasons = {one.reason for one in outcomes if isinstance(one, Rejection)}
    assert len(reasons) == 1
    assert str(status) in reasons.pop()
    faults.check()
    stats = faults.stats()
    assert (stats["written"], stats["rejected"], stats["conflicts"]) == (COUNT - 1, 1, 0)
    assert faults.forwarded() == dict.fromkeys(set(faults.sent()) - poison, 1)
    assert set(faults.times_written().values()) == {1}


def test_a_server_that_asks_for_a_second_gets_it(faults: Rig) -> None:
    faults.proxy.rule("POST", BULK, whole(429, "1"), body=ARTICLES)
    began = time.monotonic()
    faults.index.apply(fresh(10))
    first, second = faults.proxy.bulks()
    assert second.at - first.at >= 1.0
    assert 1.0 <= faults.index.server.stats()["waited_s"] <= time.monotonic() - began


def test_a_slow_answer_is_waited_for(faults: Rig) -> None:
    faults.proxy.rule("POST", BULK, slow(1.0), body=ARTICLES)
    writes = fresh(10)
    assert faults.index.apply(writes) == faults.model.apply(writes)
    faults.check()
    assert faults.stats() == {"written": 10, "retries": 0, "conflicts": 0, "rejected": 0}
    assert len(faults.proxy.bulks()) == 1


def test_a_conflict_is_read_again_and_decided(faults: Rig) -> None:
    """Somebody else's newer write came between: that one stays, what is not older is written on top."""
    start = fresh(4)
    faults.index.apply(start)
    faults.model.apply(start)
    mine = [*changed(random.Random(1), 4)]

    def statuses(_: int, key: str) -> int | None:
        return 409 if key == "a001" else None

    faults.proxy.rule("POST", BULK, items(statuses), body=ARTICLES)
    assert faults.index.apply(mine) == faults.model.apply(mine)
    faults.check()
    assert faults.stats()["conflicts"] == 1
    assert faults.stats()["retries"] == 0


@pytest.mark.parametrize("applied", [False, True])
def test_a_rollover_between_a_write_and_its_retry_leaves_one_document(faults: Rig, applied: bool) -> None:
    faults.proxy.rule("POST", BULK, silent(applied, faults.rollover), body=ARTICLES)
    writes = fresh(10)
    assert faults.index.apply(writes) == faults.model.apply(writes)
    faults.check()
    more = [*changed(random.Random(2), 10), *fresh(5, start=10)]
    faults.rollover()
    assert faults.index.apply(more) == faults.model.apply(more)
    faults.check()
    assert max(faults.times_written().values()) == 2


def test_an_older_write_whose_turn_comes_late_changes_nothing(faults: Rig) -> None:
    """The server applies an older write only after a newer one was written by another process."""
    newer = [Write(w.id, w.group, type(w.version)(w.version.epoch, 99), w.fields) for w in fresh(5)]

    def between() -> None:
        from transforms.elastic.client import ElasticSpec
        from transforms.elastic.index import ElasticIndex

        other = ElasticIndex(ElasticSpec((faults.url,), faults.prefix), True)
        assert set(other.apply(newer)) == {WRITTEN}
        other.close()

    faults.proxy.rule("POST", BULK, silent(False, between), body=ARTICLES)
    outcomes = faults.index.apply(fresh(5))
    assert set(outcomes) == {"stale"}
    faults.model.apply(newer)
    faults.check()
    assert faults.stats()["written"] == 0
