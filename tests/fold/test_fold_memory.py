"""What a memory must do beyond the cases: large stories, crowds of old copies, many originals, restarts in between."""

from __future__ import annotations

import copy
import random

import numpy as np
import pytest

from tests.fold.fold_families import hashes, joined
from tests.fold.fold_play import DAY, NOON, TTL, Play, article, made, owner
from transforms.fold import journal
from transforms.fold.memory import Memory
from transforms.fold.shingles import Hashes
from transforms.records import Article, Origin, replace


def test_a_story_larger_than_a_look_up_has_one_original_in_any_order() -> None:
    rng = random.Random(1)
    wire = hashes(rng, 200)
    items = [(made("wire", NOON + DAY, "reuters"), wire)]
    for number in range(100):
        text = (wire, wire[10:], joined(wire, hashes(rng, 60)), np.sort(rng.sample(list(wire), 150)))[number % 4]
        items.append((made(f"copy{number:03d}", NOON + number), np.asarray(text, np.uint32)))
    for seed in range(4):
        play = Play()
        shuffled = list(items) if seed == 0 else list(reversed(items)) if seed == 1 else rng.sample(items, len(items))
        for item, text in shuffled:
            play.deliver(item, text)
        roles = {name: (role, original) for name, (_, role, original) in play.result().items()}
        assert roles.pop("wire") == ("original", "wire")
        assert set(roles.values()) == {("repost", "wire")}
        for document in play.shelf.documents().values():
            assert [entry["id"] for entry in document["story"]["copied_from"]] == ["wire"] * (document["id"] != "wire")


def test_a_large_story_stays_one_when_its_original_is_forgotten_or_revised() -> None:
    rng = random.Random(2)
    wire = hashes(rng, 200)
    for gone in ("forgotten", "revised"):
        play = Play()
        play.deliver(made("wire", NOON), wire)
        for number in rng.sample(range(150), 150):
            play.deliver(made(f"copy{number:03d}", NOON + 1 + number), joined(wire[:170], hashes(rng, 40)))
        if gone == "forgotten":
            play.forget(["wire"])
        else:
            play.deliver(made("wire", NOON + DAY, body="other"), hashes(rng, 100))
        roles = {name: (role, original) for name, (_, role, original) in play.result().items() if name != "wire"}
        assert roles.pop("copy000") == ("original", "copy000")
        assert set(roles.values()) == {("repost", "copy000")}


def test_copies_out_of_reach_do_not_hide_those_within() -> None:
    play, text = Play(), hashes(random.Random(3), 80)
    for number in range(120):
        play.deliver(made(f"old{number:03d}", NOON + number), text)
    for name in ("new1", "new2"):
        play.deliver(made(name, NOON + 9 * DAY), text)
    assert play.result()["new2"] == (frozenset({"new1", "new2"}), "repost", "new1")


def test_an_older_text_behind_a_newer_one_of_the_same_partition_replaces_nothing() -> None:
    rng, play = random.Random(9), Play()
    first, second = hashes(rng, 90), hashes(rng, 90)

    def read(offset: int, body: str, reader: str = "kafka:k:t:0") -> Article:
        return replace(made("a", NOON, body=body), origin=Origin(reader, offset))

    play.deliver(read(7, "the newer text"), second)
    play.deliver(read(3, "the older text"), first)
    assert play.shelf.document("a")["body"] == "the newer text"
    play.deliver(read(9, "the newest text"), first)
    assert play.shelf.document("a")["body"] == "the newest text"
    play.deliver(read(2, "from elsewhere", "kafka:k:t:1"), second)
    assert play.shelf.document("a")["body"] == "from elsewhere"


def test_a_digest_is_linked_to_each_original_however_often_one_was_copied() -> None:
    rng, play = random.Random(4), Play()
    first, second = hashes(rng, 120), hashes(rng, 100)
    play.deliver(made("first", NOON), first)
    play.deliver(made("second", NOON), second)
    for number in range(30):
        play.deliver(made(f"copy{number}", NOON + 1 + number), first)
    play.deliver(made("digest", NOON + DAY), joined(first, second))
    copied = play.shelf.document("digest")["story"]["copied_from"]
    assert [entry["id"] for entry in copied[:2]] == ["first", "second"]
    assert len(copied) == 20


def test_the_journal_does_not_bring_back_cut_links() -> None:
    rng, play, records = random.Random(5), Play(), []

    def deliver(item: Article, text: Hashes) -> None:
        play.deliver(item, text)
        serial = play.memory.clock.next()
        records.extend(journal.dump(member, serial) for member in play.memory.changed.values())
        play.memory.changed.clear()

    wire, other = hashes(rng, 100), hashes(rng, 100)
    deliver(made("wire", NOON), wire)
    deliver(made("a", NOON + 1), wire)
    deliver(made("b", NOON + 2), wire)
    deliver(made("a", NOON + 3, body="revised"), other)
    again = Memory(TTL, 2)
    again.load(journal.latest(reversed(records)))
    assert again.members["wire"].links.keys() == {"b"}
    assert again.members["a"].links.keys() == set()


def test_the_journal_keeps_a_sighting() -> None:
    play = Play()
    play.deliver(article({"id": "a", "source": "desk", "text": ["quay1-6"]}))
    first = journal.dump(play.memory.members["a"], play.memory.clock.next())
    play.deliver(article({"id": "a", "source": "mail", "text": ["quay1-6"]}))
    second = journal.dump(play.memory.members["a"], play.memory.clock.next())
    for records in ([first, second], [second, first]):
        (member,) = journal.latest(records)
        assert [source.id for source in member.sources] == ["desk", "mail"]


def test_a_record_of_another_schema_is_passed_over() -> None:
    import pickle

    play = Play()
    play.deliver(article({"id": "a", "text": ["quay1-6"]}))
    record = journal.dump(play.memory.members["a"], play.memory.clock.next())
    strange = pickle.dumps((journal.SCHEMA + 1, *pickle.loads(record)[1:]))
    assert journal.latest([strange]) == []
    assert [member.id for member in journal.latest([strange, record])] == ["a"]


def test_state_behind_the_index_is_brought_up_to_it() -> None:
    """A restored checkpoint: the original was revised, seen elsewhere and reposted after it."""
    rng, play = random.Random(6), Play()
    wire, other = hashes(rng, 200), hashes(rng, 30)
    play.deliver(made("wire", NOON), wire)
    play.deliver(made("a", NOON + 60), wire)
    serial = play.memory.clock.next()
    state = [journal.dump(member, serial) for member in play.memory.members.values()]
    play.deliver(made("wire", NOON + 90, body="revised"), joined(wire, other))
    play.deliver(made("b", NOON + 120), wire)
    again = Play(epoch=2, shelf=play.shelf)
    again.memory.load(journal.latest(state))
    again.memory.load(journal.from_seed(one, owner) for one in play.shelf.seeds())
    again.check()
    again.deliver(made("c", NOON + 180), wire)
    assert {name: (role, original) for name, (_, role, original) in again.result().items()} == {
        "wire": ("original", "wire"), "a": ("repost", "wire"), "b": ("repost", "wire"), "c": ("repost", "wire"),
    }  # fmt: skip
    assert again.shelf.document("wire")["revision"] == 1


def test_members_that_lost_their_links_stay_with_their_story() -> None:
    """The restored repost is not linked with the revised original until both are looked at together."""
    rng, play = random.Random(9), Play()
    wire, own = hashes(rng, 200), hashes(rng, 60)
    play.deliver(made("wire", NOON), wire)
    play.deliver(made("a", NOON + 3600), joined(wire[:100], own))
    serial = play.memory.clock.next()
    state = [journal.dump(member, serial) for member in play.memory.members.values()]
    play.deliver(made("wire", NOON + 90, body="revised"), joined(wire, hashes(rng, 30)))
    again = Play(epoch=2, shelf=copy.deepcopy(play.shelf))
    again.memory.load(journal.latest(state))
    again.memory.load(journal.from_seed(one, owner) for one in play.shelf.seeds())
    text = joined(wire[:10], own, hashes(rng, 20))
    for one in (play, again):
        one.deliver(made("between", NOON + 1800), text)
    assert again.result() == play.result()
    assert again.result()["a"] == (frozenset({"wire", "a"}), "repost", "wire")


def test_named_candidates_are_awaited_in_either_order_and_let_go_of() -> None:
    text = hashes(random.Random(7), 80)
    memory = Memory(TTL, 1)
    memory.decide(made("a", NOON), text, None, ("b", "never"))
    assert set(memory.links.awaited) == {"b", "never"}
    decision = memory.decide(made("b", NOON + 1), text, None, ())
    assert decision.story is not None
    assert (decision.story["role"], decision.story["original_id"]) == ("repost", "a")
    memory.expire(NOON + 3 * TTL)
    assert (memory.links.awaited, memory.members) == ({}, {})


@pytest.mark.parametrize(("at", "kept"), [(2 * TTL, True), (2 * TTL + 1, False)])
def test_memory_is_freed_to_the_second(at: int, kept: bool) -> None:
    play = Play()
    play.deliver(made("a", NOON), hashes(random.Random(8), 80))
    play.memory.expire(NOON + at)
    assert ("a" in play.memory.members) is kept


def test_versions_rise_over_starts_and_clocks_that_run_back() -> None:
    play = Play()
    play.deliver(article({"id": "a", "text": ["quay1-6"]}))
    member = play.memory.members["a"]
    again = Memory(TTL, 1)
    member.story_version = type(member.story_version)(1, member.story_version.counter + 10**12)
    again.load([member])
    assert again.clock.next() > member.story_version
