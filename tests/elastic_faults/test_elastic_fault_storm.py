"""Faults of reading, of the small documents, of a server that is away, and all faults at once from several threads."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.elastic_faults.fault_proxy import (
    Behaviour,
    Exchange,
    Json,
    cut,
    garbage,
    items,
    mended,
    passed,
    reset,
    silent,
    whole,
)
from tests.elastic_faults.fault_rig import Rig, changed, fresh, rig
from tests.index.index_samples import alert, content
from transforms.index.interface import SAME, STALE, WRITTEN, IndexAway
from transforms.records import Version, Write

pytestmark = pytest.mark.servers


@pytest.fixture
def faults(elastic_url: str, prefix: str) -> Iterator[Rig]:
    with rig(elastic_url, prefix) as made:
        yield made


def shard_away(kind: str) -> Behaviour:
    """As a server says while it recovers the shards of an index: 200, and for some documents no answer."""

    def change(answer: Json) -> Json:
        for number, one in enumerate(answer["docs"]):
            if number % 2 == 0:
                error = {"type": kind, "reason": "made up", "root_cause": [{"type": kind, "reason": "made up"}]}
                answer["docs"][number] = {"_index": one["_index"], "_id": one["_id"], "error": error}
        return answer

    return mended(change)


READS: dict[str, Callable[[], Behaviour]] = {
    "429": lambda: whole(429), "503": lambda: whole(503), "502": lambda: whole(502), "reset": reset,
    "no answer": lambda: silent(applied=False), "cut": cut, "garbage": garbage,
    "a page": lambda: garbage(b"<html>"),
    "shard not there yet": lambda: shard_away("no_shard_available_action_exception"),
    "shard recovers": lambda: shard_away("illegal_index_shard_state_exception"),
}  # fmt: skip


@pytest.mark.parametrize("name", READS)
def test_reading_before_a_write_goes_wrong(faults: Rig, name: str) -> None:
    start, more = fresh(10), changed(random.Random(name), 10)
    faults.index.apply(start)
    faults.model.apply(start)
    rule = faults.proxy.rule("POST", "/_mget", READS[name](), times=2, body="-articles-")
    assert faults.index.apply(more) == faults.model.apply(more)
    assert rule.taken == 2
    faults.check()
    assert max(faults.times_written().values()) == 2
    assert faults.stats()["conflicts"] == 0


SMALL: dict[str, Callable[[], Behaviour]] = {
    "503": lambda: whole(503), "504 after": lambda: whole(504, applied=True),
    "reset after": lambda: reset(applied=True),
    "no answer, applied": lambda: silent(applied=True), "no answer, not applied": lambda: silent(applied=False),
    "cut": cut, "garbage": garbage,
}  # fmt: skip


@pytest.mark.parametrize("name", SMALL)
def test_an_alert_is_created_once_and_grows_once(faults: Rig, name: str) -> None:
    index = faults.index
    index.apply(fresh(3))
    rules = [faults.proxy.rule(method, r"/.*-alerts.*", SMALL[name](), nth=2, times=2) for method in ("PUT", "POST")]
    assert sum(index.raise_alert(alert("s0", "a000"), ["terminal"]) for _ in range(3)) <= 1
    index.raise_alert(alert("s0", "a000", "a001"), ["terminal"])
    index.raise_alert(alert("s0", "a000", "a001"), ["terminal"])
    index.raise_alert(alert("s1", "a002", rule="other"), ["terminal"])
    assert any(rule.taken for rule in rules)
    index.refresh()
    found = {one["rule"]: one for one in index.alerts()}
    assert len(index.alerts()) == 2
    assert [entry["article_id"] for entry in found["r"]["history"]] == ["a000", "a001"]
    assert len(index.parcels(1 << 33)) == 2


@pytest.mark.parametrize("name", SMALL)
def test_epochs_are_given_once(faults: Rig, name: str) -> None:
    faults.proxy.rule("PUT", r"/.*-meta/_doc/epoch", SMALL[name](), nth=2, times=2)
    given = [faults.index.start_epoch() for _ in range(5)]
    assert given == sorted(set(given))


@pytest.mark.parametrize("name", SMALL)
def test_story_documents_follow(faults: Rig, name: str) -> None:
    faults.proxy.rule("POST", "/_bulk", SMALL[name](), times=2, body="-stories")
    faults.index.apply(fresh(9))
    faults.index.apply([Write("a000", "story", Version(1, 11), moved("a000", "s1"))])
    faults.index.refresh()
    hits = faults.direct.post(f"/{faults.prefix}-stories/_search", json={"size": 100}).json()["hits"]["hits"]
    assert {hit["_id"]: hit["_source"]["news"]["articles"] for hit in hits} == {
        "s0": ["a001", "a002"], "s1": ["a000", "a003", "a004", "a005"], "s2": ["a006", "a007", "a008"],
    }  # fmt: skip


def moved(key: str, to: str) -> Json:
    return {"story": {"id": to, "merged_from": [], "role": "original", "original_id": key, "copied_from": []}}


def away(exchange: Exchange) -> None:
    exchange.end(reset=True)


def test_a_server_that_is_away_is_waited_for_and_the_reason_is_told(faults: Rig) -> None:
    gone = faults.proxy.rule("POST", ".*", away, times=1 << 30)
    writes = fresh(30)
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(faults.index.apply, writes)
        time.sleep(2.5)
        assert not done.done()
        told = faults.index.trouble()
        assert told is not None
        assert "waiting since" in told
        assert faults.proxy.url.removeprefix("http://") in told
        gone.times = 0
        assert done.result(30) == faults.model.apply(writes)
    faults.check()
    assert faults.index.trouble() is None
    assert faults.index.server.stats()["waited_s"] >= 2


def test_whoever_waits_can_be_let_go(faults: Rig) -> None:
    faults.proxy.rule("POST", "/_bulk", away, times=1 << 30)
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(faults.index.apply, fresh(3))
        time.sleep(1)
        faults.index.give_up()
        with pytest.raises(IndexAway):
            done.result(5)


def test_a_command_does_not_wait_for_ever(elastic_url: str, prefix: str) -> None:
    with rig(elastic_url, prefix, patient=False) as faults:
        faults.proxy.rule("POST", ".*", away, times=1 << 30)
        began = time.monotonic()
        with pytest.raises(IndexAway, match=r"127\.0\.0\.1"):
            faults.index.apply(fresh(3))
        assert time.monotonic() - began < 13


# What happens to a bulk in a storm, and whether all of its documents may have been applied.
STORM: list[Callable[[random.Random], Behaviour]] = [
    lambda dice: items(lambda *_: 429 if dice.random() < 0.4 else None),
    lambda dice: items(lambda *_: 503 if dice.random() < 0.4 else None),
    lambda dice: items(lambda *_: 409 if dice.random() < 0.2 else None),
    lambda _: whole(429), lambda _: whole(503), lambda _: whole(502), lambda _: whole(504, applied=True),
    lambda _: reset(), lambda _: reset(applied=True), lambda _: cut(), lambda _: garbage(),
    lambda _: silent(applied=False), lambda _: silent(applied=True),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_a_storm_of_faults_and_four_threads(elastic_url: str, prefix: str, seed: int) -> None:
    """Two in five bulks and one in ten reads go wrong, indices roll over meanwhile, and four threads write versions of
    the same articles in any order: at the end the newest of each group stands, once, and was written by one of them."""
    dice = random.Random(seed)
    with rig(elastic_url, prefix, timeout_s=1.0, bulk_docs=10) as faults:
        lock = threading.Lock()

        def struck(exchange: Exchange) -> None:
            with lock:
                kind = dice.choice(STORM)(dice) if dice.random() < 0.4 else passed
            kind(exchange)

        def read_struck(exchange: Exchange) -> None:
            with lock:
                kind = dice.choice([whole(503), whole(429), reset(), cut()]) if dice.random() < 0.1 else passed
            kind(exchange)

        faults.proxy.rule("POST", "/_bulk", struck, times=1 << 30, body="-articles-")
        faults.proxy.rule("POST", "/_mget", read_struck, times=1 << 30)
        batches = storm_batches(dice)
        with ThreadPoolExecutor(4) as pool:
            running = [pool.submit(faults.index.apply, batch) for batch in batches]
            for _ in range(3):
                time.sleep(1.0)
                faults.rollover()
            told = [one.result(120) for one in running]
        faults.model.apply([write for batch in batches for write in batch])
        faults.check()
        check_outcomes(batches, told)
        stats, written = faults.stats(), faults.times_written()
        assert stats["written"] == sum(written.values())
        assert stats["rejected"] == 0


def storm_batches(dice: random.Random) -> list[list[Write]]:
    """Forty batches of versions of sixty articles; every version of every article is in one of them."""
    versions = [(f"a{number:03}", version) for number in range(60) for version in range(1, 6)]
    dice.shuffle(versions)
    size = len(versions) // 40 + 1
    return [
        [content(key, version, title=f"{key}, {version}") for key, version in versions[at : at + size]]
        for at in range(0, len(versions), size)
    ]


def check_outcomes(batches: list[list[Write]], told: list[list[str]]) -> None:
    """Each version has one outcome, and the newest of each article is written."""
    outcomes = {(w.id, w.version.counter): one for batch, some in zip(batches, told, strict=True)
                for w, one in zip(batch, some, strict=True)}  # fmt: skip
    assert set(Counter(outcomes.values())) <= {WRITTEN, STALE, SAME}
    assert SAME not in outcomes.values()
    assert all(outcomes[f"a{number:03}", 5] == WRITTEN for number in range(60))
