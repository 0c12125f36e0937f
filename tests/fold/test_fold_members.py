"""Members as bytes: the same when they come back, with their story, whoever asks for them."""

from __future__ import annotations

import random
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from tests.fold.fold_families import hashes
from tests.fold.fold_play import NOON, TTL, Play, made
from transforms.fold import members as members_module
from transforms.fold import record
from transforms.fold.filed import Filed
from transforms.fold.members import Members
from transforms.fold.prints import Print
from transforms.fold.stories import Member
from transforms.fold.verdict import Overlap
from transforms.records import Origin, Source, Version

PLAIN = Member(
    id="0f" * 16, published=NOON, first_seen=NOON + 5, given=NOON - 9, rank=2, agency="reuters", credits=("afp", "dpa"),
    sources=(Source("desk", "Desk", "desk.example", None), Source("wire", "Wire", "wire.example", "reuters")),
    texts=("ab" * 8,), read=Origin("kafka:k:news:3", 2**40, 7), print=Print.of(hashes(random.Random(1), 120)),
    slots=np.array([1, 2**31, 2**32 - 1], np.uint32), host="wire.example", heading=b"\x01\xff\x02\x03",
    story="1e" * 10, placed="99" * 8, content_version=Version(3, 2**50), story_version=Version(4, 2**50 + 1),
)  # fmt: skip
ODD: list[dict[str, Any]] = [
    {},
    {"id": "no hexadecimal", "story": "", "placed": "", "texts": ()},
    {"id": "é" * 7 + "a", "texts": ("one", "two", "ab" * 8), "story": "by hand"},
    {"id": "AB" * 16, "given": None, "agency": None, "credits": (), "partial": True, "revision": 70_000},
    {"published": -5, "print": Print(), "complete": False, "checked": False, "awaits": ("x", "y"), "made_of": ("z",)},
    {"links": {"0a" * 16: Overlap(9, 10, 11)}, "parts": {"other": Overlap(1, 2, 3)}, "merged_from": ("s1", "1e" * 10)},
    {"id": "00" * 16},
    {"id": "\udc80 lone surrogate"},
]


def told(member: Member) -> dict[str, Any]:
    values = {field.name: getattr(member, field.name) for field in fields(Member)}
    return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in values.items()}


@pytest.mark.parametrize("change", ODD)
def test_a_member_comes_back_as_it_was(change: dict[str, Any]) -> None:
    member = replace(PLAIN, **change)
    data = record.encode(member)
    again = record.decode(record.name_of(record.key_of(member.id)), record.common_of(member), data)
    assert told(again) == told(member)
    assert record.published_of(data) == member.published
    assert record.has_print(data) == bool(len(member.print))
    assert record.story_of(data) == member.story


def test_keys_tell_ids_apart() -> None:
    names = ["", "a", "a" * 15, "a" * 14, "é" * 7 + "a", "0f" * 16, "0F" * 16, "ff" * 16, "ÿ", "\0" * 15]
    keys = [record.key_of(name) for name in names]
    assert len(set(keys)) == len(names)
    assert [record.name_of(key) for key in keys] == names


def test_a_story_is_put_away_and_comes_back_whole() -> None:
    rng, play = random.Random(2), Play()
    wire, other = hashes(rng, 100), hashes(rng, 100)
    play.deliver(made("wire", NOON), wire)
    play.deliver(made("a", NOON + 1), wire)
    play.deliver(made("b", NOON + 2), other)
    members = play.memory.members
    before = {name: told(members[name]) for name in members}
    stories = {name: (s.born, s.merged_from, [m.id for m in s.group.members]) for name, s in members.stories.items()}
    members.cool(())
    assert (members.hot, len(members), members.stories) == (0, 3, {})
    assert "a" in members
    assert members["a"].story == members["wire"].story
    assert members.hot == 2, "its story came with it, and no other"
    assert {name: told(members[name]) for name in members} == before
    after = {name: (s.born, s.merged_from, [m.id for m in s.group.members]) for name, s in members.stories.items()}
    assert after == stories
    play.check()


def test_who_is_busy_stays() -> None:
    play = Play()
    play.deliver(made("a", NOON), hashes(random.Random(3), 50))
    play.deliver(made("b", NOON), hashes(random.Random(4), 50))
    kept = play.memory.members["a"]
    play.memory.members.cool({"a"})
    assert play.memory.members["a"] is kept
    assert play.memory.members.hot == 1


def test_every_is_all_and_makes_no_objects() -> None:
    play = Play()
    for number in range(5):
        play.deliver(made(f"m{number}", NOON + number), hashes(random.Random(number), 50))
    play.memory.members.cool({"m0"})
    assert {member.id for member in play.memory.members.every()} == {f"m{number}" for number in range(5)}
    published = {(name, at, has) for name, at, has in play.memory.members.published()}
    assert published == {(f"m{number}", NOON + number, True) for number in range(5)}
    assert play.memory.members.hot == 1


def test_a_story_that_is_away_is_found_by_its_id() -> None:
    rng, play = random.Random(6), Play()
    wire = hashes(rng, 100)
    for name in ("wire", "a"):
        play.deliver(made(name, NOON), wire)
    play.deliver(made("lone", NOON), hashes(rng, 100))
    members = play.memory.members
    names = {members["wire"].story, members["lone"].story}
    members.cool(())
    members.thaw({*names, "unknown"})
    assert members.stories.keys() == names


def test_what_is_gone_is_not_there() -> None:
    members = Members()
    with pytest.raises(KeyError):
        members["a"]
    assert members.get("a") is None
    assert "a" not in members
    play = Play()
    play.deliver(made("a", NOON), hashes(random.Random(7), 50))
    play.memory.members.cool(())
    play.memory.expire(NOON + 3 * TTL)
    assert (len(play.memory.members), play.memory.links.postings.size, play.memory.members.filed.name(0)) == (
        0,
        0,
        None,
    )


def test_numbers_of_the_oldest_are_let_go_of() -> None:
    filed = Filed()
    numbers = [filed.add(name, short=name == "b") for name in ("a", "b", "c")]
    assert [filed.name(number) for number in numbers] == ["a", "b", "c"]
    assert [filed.is_short(number) for number in numbers] == [False, True, False]
    filed.remove(numbers[0])
    filed.forget_first()
    filed.remove(numbers[0])
    assert filed.alive(np.array(numbers, np.uint32)).tolist() == [False, True, True]
    assert [filed.name(number) for number in numbers] == [None, "b", "c"]
    assert filed.add("d", short=False) == 3


def test_a_member_at_rest_takes_little_more_than_its_fingerprint() -> None:
    rng, play = random.Random(8), Play()
    for number in range(300):
        play.deliver(made(f"{number:032x}", NOON + number), hashes(rng, 300))
    play.memory.members.cool(())
    sizes = [len(data) for data in play.memory.members._cold.values()]
    prints = [len(member.print.data) for member in play.memory.members.every()]
    assert sum(sizes) / len(sizes) < sum(prints) / len(prints) + 150


def test_what_members_have_in_common_is_let_go_of_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """A source of its own for each article, as where each outlet has one of a topic's records."""
    monkeypatch.setattr(members_module, "FEW_COMMONS", 3)
    play = Play()
    for number in range(20):
        play.deliver(made(f"m{number}", NOON + number * TTL), hashes(random.Random(number), 50))
    members = play.memory.members
    members.cool(())
    assert len(members._commons) == 20
    play.memory.expire(NOON + 20 * TTL)
    assert len(members) == 2
    assert len(members._commons) == 2
    assert [(m.id, m.sources[0].id) for m in members.values()] == [("m18", "s-m18"), ("m19", "s-m19")]
    play.check()
