"""Fold on a real Prism: state and timers, rebuilding, seeding, shards. And faults at one key, without a runner."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import apache_beam as beam
import pytest

from pipeline import runners
from tests.fold.fold_beam import Counted, Key, fold, folding, stream
from tests.fold.fold_families import hashes, worded
from tests.fold.fold_play import DAY, NOON, TTL, article, result
from tests.fold.test_fold_memory import made
from transforms.fold import sharded, stage
from transforms.fold.decision import Decision
from transforms.fold.stage import SLACK_S, Decide
from transforms.index.open import open_index
from transforms.records import Article, replace

GONE = 2 * TTL + SLACK_S + 2


@pytest.fixture(scope="module")
def prism(tmp_path_factory: pytest.TempPathFactory) -> Iterator[runners.Chosen]:
    log = tmp_path_factory.mktemp("prism") / "prism.log"
    with runners.choose("PrismRunner", False, None, [], log, print) as chosen:
        yield chosen


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "news.db")


def told(path: str):
    return result({document["id"]: document for document in open_index("embedded", path).export()})


@pytest.mark.prism
class TestTime:
    def test_timers_free_memory(self, prism: runners.Chosen, path: str) -> None:
        steps = [article({"id": "a", "at": 0, "text": ["quay1-6"]}), NOON + 60,
                 article({"id": "b", "at": "1h", "text": ["quay1-6"]}), NOON + GONE - 60,
                 made("c", NOON + GONE - 60), NOON + GONE + 4 * 3600,
                 made("d", NOON + GONE + 5 * 3600), NOON + GONE + 2 * DAY,
                 made("e", NOON + GONE + 2 * DAY)]  # fmt: skip
        seen = fold(prism, stream(steps), folding(path))
        assert [one.id for one in seen] == ["a", "b", "c", "d", "e"]
        assert seen[1].original == "a"
        assert seen[2].memory == {"a", "b", "c"}
        assert seen[4].memory == {"c", "d", "e"}

    def test_a_back_dated_article_is_not_forgotten_on_arrival(self, prism: runners.Chosen, path: str) -> None:
        old = article({"id": "old", "published": "-900d", "arrived": 0, "text": ["quay1-6"]})
        steps = [made("x", NOON - 60), NOON, old, NOON + 3600,
                 article({"id": "copy", "at": 0, "arrived": "2h", "text": ["quay1-6"]})]  # fmt: skip
        seen = fold(prism, stream(steps), folding(path))
        assert (seen[2].role, seen[2].original) == ("repost", "old")
        assert seen[2].memory >= {"old", "copy"}

    def test_an_article_from_2099_is_not_kept_for_ever(self, prism: runners.Chosen, path: str) -> None:
        future = article({"id": "future", "published": "26000d", "arrived": 0, "text": ["quay1-6"]})
        steps = [future, NOON + 60, article({"id": "copy", "at": "1h", "text": ["quay1-6"]}), NOON + 2 * 3600,
                 made("b", NOON + 2 * 3600), NOON + GONE + TTL // 4, made("c", NOON + GONE + TTL // 4)]  # fmt: skip
        seen = fold(prism, stream(steps), folding(path))
        assert "future" in seen[2].memory
        assert "future" not in seen[3].memory

    def test_a_late_element_finds_what_the_timer_freed(self, prism: runners.Chosen, path: str) -> None:
        steps = [article({"id": "a", "at": 0, "text": ["quay1-6"]}), NOON + GONE + DAY,
                 made("b", NOON + GONE + DAY), NOON + GONE + 2 * DAY,
                 article({"id": "late", "at": "1h", "text": ["quay1-6"]})]  # fmt: skip
        seen = fold(prism, stream(steps), folding(path))
        assert seen[1].memory == {"b"}
        assert (seen[2].role, seen[2].original) == ("repost", "a")

    def test_memory_is_freed_on_and_on(self, prism: runners.Chosen, path: str) -> None:
        steps: list[Article | int] = []
        for day in range(0, 80, 2):
            at = NOON + day * DAY
            steps += [made(f"d{day}", at), at + 60]
        seen = fold(prism, stream(steps), folding(path))
        assert max(len(one.memory) for one in seen) <= 10


def tampered(job: str, decision: Decision) -> None:
    """After the second article: a memory that another attempt left behind."""
    if decision.article.id == "b":
        kept = stage._KEPT[(job, "all")]
        kept.token = b"another attempt"
        for story in kept.memory.stories.values():
            story.group.members.clear()
        kept.memory.members.clear()


@pytest.mark.prism
class TestState:
    @pytest.mark.parametrize("written", [True, False])
    def test_a_memory_that_the_state_does_not_name_is_rebuilt(
        self, prism: runners.Chosen, path: str, written: bool
    ) -> None:
        """From the index; and, where nothing is in the index yet, from state alone."""
        steps = [article({"id": "a", "at": 0, "text": ["quay1-6"]}), NOON + 60,
                 article({"id": "b", "at": "1h", "text": ["quay1-6"]}), NOON + 2 * 3600,
                 article({"id": "c", "at": "3h", "text": ["quay1-6"]}), NOON + 4 * 3600,
                 article({"id": "a", "at": "5h", "text": ["quay1-6"]})]  # fmt: skip
        seen = fold(prism, stream(steps), folding(path), written=written, then=tampered)
        assert (seen[2].role, seen[2].original) == ("repost", "a")
        assert seen[2].memory == {"a", "b", "c"}
        assert seen[3].outcome == "known"

    def test_a_start_seeded_from_the_index_goes_on_as_if_there_were_none(
        self, prism: runners.Chosen, path: str, tmp_path: Path
    ) -> None:
        items = worded(3, 90, spread_s=2 * TTL)
        other = str(tmp_path / "other.db")
        fold(prism, beam.Create(items), folding(other))
        for part in (items[:30], items[30:60], items[60:]):
            fold(prism, beam.Create(part), folding(path))
        assert told(path) == told(other)
        assert {"original", "repost", "unique"} == {role for _, role, _ in told(path).values()}

    def test_what_is_forgotten_leaves_memory_at_the_next_bundle(self, prism: runners.Chosen, path: str) -> None:
        def forget(_: str, decision: Decision) -> None:
            if decision.article.id == "c":
                open_index("embedded", path).forget(["a"])

        texts = {"text": ["quay1-6"]}
        steps = [article({"id": "a", "at": 0, **texts}), NOON + 60, article({"id": "b", "at": "1h", **texts}),
                 NOON + 2 * 3600, article({"id": "c", "at": "2h", **texts}), NOON + 3 * 3600,
                 article({"id": "a", "at": "4h", **texts}), NOON + 5 * 3600,
                 article({"id": "d", "at": "6h", **texts})]  # fmt: skip
        seen = fold(prism, stream(steps), folding(path), then=forget)
        assert seen[2].original == "a"
        assert (seen[3].outcome, seen[3].memory) == ("forgotten", {"b", "c"})
        assert told(path) == {
            "b": (frozenset("bcd"), "original", "b"), "c": (frozenset("bcd"), "repost", "b"),
            "d": (frozenset("bcd"), "repost", "b"),
        }  # fmt: skip


@pytest.mark.prism
class TestShards:
    def test_three_shards_fold_as_one(self, prism: runners.Chosen, path: str, tmp_path: Path) -> None:
        items = worded(5, 300, spread_s=4 * TTL)
        random.Random(1).shuffle(items)
        other = str(tmp_path / "other.db")
        fold(prism, beam.Create(items), folding(other), shards=1)
        seen = fold(prism, beam.Create(items), folding(path), shards=3)
        assert len(seen) == 300
        assert told(path) == told(other)

    def test_three_shards_go_on_from_the_index(self, prism: runners.Chosen, path: str, tmp_path: Path) -> None:
        items = worded(6, 80, spread_s=2 * TTL)
        other = str(tmp_path / "other.db")
        fold(prism, beam.Create(items), folding(other), shards=1)
        for part in (items[:40], items[40:]):
            fold(prism, beam.Create(part), folding(path), shards=3)
        assert told(path) == told(other)

    def test_a_forgotten_article_leaves_the_shards(self, prism: runners.Chosen, path: str) -> None:
        held: list[set[str]] = []

        def look(job: str, decision: Decision) -> None:
            shards = [shard for (name, _), shard in sharded._SHARDS.items() if name == job]
            held.append({one for shard in shards for one in shard.ids})
            if decision.article.id == "a":
                open_index("embedded", path).forget(["a"])

        steps = [article({"id": "a", "at": 0, "text": ["quay1-6"]}), NOON + 60,
                 article({"id": "b", "at": "1h", "text": ["quay1-6"]}), NOON + 2 * 3600]  # fmt: skip
        seen = fold(prism, stream(steps), folding(path), shards=3, then=look)
        assert held == [{"a"}, {"b"}]
        assert (seen[1].role, seen[1].memory) == ("unique", {"b"})


class TestOneKey:
    def test_an_attempt_that_fails_leaves_nothing_behind(self, path: str) -> None:
        part = folding(path)
        key, text = Key(Decide(part)), hashes(random.Random(1), 80)
        key.deliver(made("a", NOON), text)
        broken = replace(made("b", NOON + 1), wire={"agencies": None, "evidence": []})
        with pytest.raises(TypeError):
            key.deliver(broken, text)
        assert (part.job, "all") not in stage._KEPT
        decision = key.deliver(made("c", NOON + 2), text)
        assert decision.story is not None
        assert (decision.story["role"], decision.story["original_id"]) == ("repost", "a")
        assert set(stage._KEPT[(part.job, "all")].memory.members) == {"a", "c"}

    def test_what_an_attempt_that_was_given_up_wrote_late_is_folded_with_what_came_since(self, path: str) -> None:
        index, text = open_index("embedded", path), hashes(random.Random(6), 80)
        late = Key(Decide(folding(path))).deliver(made("x", NOON), text)
        key = Key(Decide(folding(path)))
        index.apply(key.deliver(made("y", NOON + 60), text).writes)
        index.apply(late.writes)
        again = key.deliver(made("x", NOON), text)
        index.apply(again.writes)
        assert again.outcome == "known"
        placed = told(path)
        assert placed["y"][1:] == ("repost", "x")
        assert placed["x"][0] == placed["y"][0]

    def test_what_shards_did_not_know_yet_is_linked_when_it_is_read_again(self, path: str) -> None:
        """An attempt that was given up wrote x after the new one's shards had read the index, and before the deciding
        key did: y is decided without a name for x, and x comes again as known."""
        index, text = open_index("embedded", path), hashes(random.Random(7), 80)
        index.apply(Key(Decide(folding(path))).deliver(made("x", NOON), text, ()).writes)
        key = Key(Decide(folding(path)))
        index.apply(key.deliver(made("y", NOON + 60), text, ()).writes)
        assert told(path)["y"][1] == "unique"
        again = key.deliver(made("x", NOON), text, ("y",))
        index.apply(again.writes)
        assert again.outcome == "known"
        assert told(path)["y"][1:] == ("repost", "x")

    def test_a_state_that_was_lost_is_not_made_up_for_by_memory(self, path: str) -> None:
        part, text = folding(path), hashes(random.Random(2), 80)
        Key(Decide(part)).deliver(made("a", NOON), text)
        decision = Key(Decide(part)).deliver(made("b", NOON + 1), text)
        assert decision.story is not None
        assert decision.story["role"] == "unique"

    def test_another_start_in_this_process_begins_anew_and_lets_go_of_the_former(self, path: str) -> None:
        text = hashes(random.Random(3), 80)
        former, now = folding(path), folding(path)
        assert former.epoch < now.epoch
        key = Key(Decide(former))
        open_index("embedded", path).apply(key.deliver(made("a", NOON), text).writes)
        again = Key(Decide(now), records=key.records, token=key.token)
        decision = again.deliver(made("b", NOON + 1), text)
        assert decision.story is not None
        assert decision.story["original_id"] == "a"
        assert min(write.version.epoch for write in decision.writes) == now.epoch
        assert [job for job, _ in stage._KEPT] == [now.job]

    def test_a_stream_that_goes_back_in_time_reads_the_index_now_and_then(self, path: str) -> None:
        index = Counted(open_index("embedded", path))
        key = Key(Decide(replace(folding(path), open_index=lambda: index)))
        rng = random.Random(4)
        for number in range(300):
            key.deliver(made(f"a{number}", NOON - number * 3600), hashes(rng, 30))
        assert index.seeds < 20

    def test_state_is_written_anew_when_most_of_it_is_old(self, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(stage, "REWRITE_MIN", 30)
        key, text = Key(Decide(folding(path))), hashes(random.Random(5), 80)
        for number in range(60):
            key.deliver(replace(made("a", NOON + number), body=f"revision {number}"), text)
        assert len(key.records.values) <= 31
        key.fire(NOON + GONE + 1)
        assert key.records.values == []

    def test_what_is_not_in_the_index_yet_is_not_freed(self, path: str) -> None:
        """A timer far ahead of what comes, in the middle of a bundle: what was decided in it is not written yet."""
        index, late = open_index("embedded", path), NOON + 100 * DAY
        key, text = Key(Decide(folding(path))), hashes(random.Random(6), 80)
        first = key.deliver(made("x", NOON), text)
        key.fire(late, bundle=False)
        decision = key.deliver(made("y", NOON + 60), text, bundle=False)
        assert decision.story is not None
        assert decision.story["original_id"] == "x"
        index.apply([*first.writes, *decision.writes])
        key.deliver(made("z", late), hashes(random.Random(7), 80))
        assert key.memory == {"z"}, "the next bundle frees what the last could not"
        decision = key.deliver(made("w", NOON + 120), text)
        assert decision.story is not None
        assert decision.story["original_id"] == "x"

    def test_an_old_article_that_was_seen_again_is_not_freed_before_it_is_written(self, path: str) -> None:
        index, text = open_index("embedded", path), hashes(random.Random(8), 80)
        key = Key(Decide(folding(path)))
        index.apply(key.deliver(made("x", NOON), text).writes)
        at = NOON + 40 * DAY
        key.fire(at)
        assert key.memory == set()
        writes = []
        for number, source in enumerate(("s2", "s3")):
            again = made("x", at + number)
            told = key.deliver(replace(again, source=replace(again.source, id=source)), text, bundle=not number)
            writes += told.writes
            key.fire(at + 100 * DAY, bundle=False)
        index.apply(writes)
        assert [one["id"] for one in index.article("x")["sources"]] == ["s-x", "s2", "s3"]

    def test_memory_is_freed_also_behind_what_was_freed_once(self, path: str) -> None:
        """Live news, then a reader that is months behind."""
        index, rng = open_index("embedded", path), random.Random(9)
        key = Key(Decide(folding(path)))
        index.apply(key.deliver(made("live", NOON), hashes(rng, 30)).writes)
        key.fire(NOON + GONE)
        most = 0
        for day in range(100):
            at = NOON - (300 - day) * DAY
            index.apply(key.deliver(made(f"d{day}", at), hashes(rng, 30)).writes)
            key.fire(at - SLACK_S)
            most = max(most, len(key.memory))
        assert most < 40

    def test_a_free_timer_without_a_memory_does_nothing(self, path: str) -> None:
        key = Key(Decide(folding(path)))
        key.fire(NOON)
        assert (key.token.value, key.expiry.at) == (None, None)
