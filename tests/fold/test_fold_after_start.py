"""What a start from the index, and comparisons beside a look-up, must not do to stories."""

from __future__ import annotations

import copy
import itertools
import random
from collections.abc import Callable

import numpy as np
import pytest

from tests.fold.fold_families import hashes, joined
from tests.fold.fold_play import NOON, Play, made, owner
from tests.fold.test_fold_furniture import HEADLINES, item, signed
from transforms.fold import journal, packed
from transforms.fold.memory import Memory
from transforms.fold.shingles import Hashes
from transforms.records import Article, Source, replace

HOST = "small.example"
Arrival = tuple[Article, Hashes]


def read_again(play: Play) -> Play:
    """The next start, which knows what the index knows."""
    again = Play(epoch=2, shelf=copy.deepcopy(play.shelf))
    again.memory.load(journal.from_seed(one, owner) for one in play.shelf.seeds())
    return again


def forgotten(play: Play, name: str) -> None:
    play.forget([name])


def expired(play: Play, name: str) -> None:
    assert name in play.memory.members
    play.memory.expire(NOON + 10**8)


@pytest.mark.parametrize("between", [forgotten, expired, lambda *_: None])
def test_whom_furniture_parts_is_placed_at_once(between: Callable[[Play, str], None]) -> None:
    """Articles that only their host's signature made one, written so by a start that had not learnt it yet."""
    items = signed(HOST, 6)
    first, second = Play(), Play()
    for one in items[:3]:
        first.deliver(*one)
    second.shelf = first.shelf
    for one in items[3:]:
        second.deliver(*one)
    play = read_again(second)
    play.deliver(*items[0])
    assert play.memory.links.judged == {}
    play.memory.changed.clear()
    between(play, items[0][0].id)
    play.deliver(made("new", NOON + 99), hashes(random.Random(9), 100))
    play.check()


def test_an_original_is_met_but_for_furniture() -> None:
    """O and M are unrelated articles of one host, whose signature both bear; X copies from both."""
    rng = random.Random(2)
    signature, o, m = hashes(rng, 60), hashes(rng, 30), hashes(rng, 30)
    before = [(item(f"n{n}", HOST, HEADLINES[n], n * 60), joined(hashes(rng, 30), signature)) for n in range(6)]
    late: list[Arrival] = [
        (item("O", HOST, HEADLINES[6], 1000), joined(o, signature)),
        (item("M", HOST, HEADLINES[7], 1060), joined(m, signature)),
        (item("X", "blog.example", f"{HEADLINES[6]} and {HEADLINES[7]}", 2000), joined(o, m[:20], signature)),
    ]
    outcomes = []
    for order in itertools.permutations(late):
        play = Play()
        for one in (*before, *order):
            play.deliver(*one)
        outcomes.append(play.result())
    assert all(outcome == outcomes[0] for outcome in outcomes)
    assert "M" not in outcomes[0]["O"][0]


def test_a_story_that_was_read_from_the_index_is_no_furniture() -> None:
    """A wire that came after most of its copies, each under a headline of its own; then one more, after a start."""
    wire = hashes(random.Random(3), 200)

    def copied(number: int, at: int, agency: str | None = None) -> Arrival:
        title = f"{chr(97 + number % 26) * 5}{chr(97 + number // 26) * 3} {chr(122 - number % 26) * 7}"
        name = "wire" if agency else f"copy{number}"
        one = item(name, f"blog{number}.example", title, at)
        return replace(one, source=Source(one.source.id, "", "", agency)), wire

    play = Play()
    for one in [copied(number, number * 60) for number in range(1, 41)]:
        play.deliver(*one)
    play.deliver(*copied(0, 50 * 60, "reuters"))
    again = read_again(play)
    again.deliver(*copied(50, 55 * 60))
    assert again.result()["copy50"] == (frozenset(again.result()), "repost", "wire")


def test_a_text_of_any_length_is_kept_and_found() -> None:
    """More shingles than the hashes have values when cut: a million Chinese characters may be so."""
    rng = np.random.default_rng(4)
    text = np.unique(rng.integers(0, 2**32, 1_200_000, np.uint64).astype(np.uint32))
    assert packed.unpack(packed.pack(text)).tolist() == packed.cut(text).tolist()
    memory = Memory(7 * 86_400, 1)
    for name in ("one", "two"):
        memory.decide(made(name, NOON), text, None)
        memory.changed.clear()
        memory.members.cool(())
    assert memory.members["two"].story == memory.members["one"].story


def test_a_signature_in_very_many_articles_wakes_few_of_them() -> None:
    rng = random.Random(5)
    signature = hashes(rng, 60)
    memory = Memory(7 * 86_400, 1)
    for number in range(400):
        memory.decide(made(f"a{number}", NOON + number), joined(hashes(rng, 300), signature), None)
        memory.changed.clear()
    memory.members.cool(())
    memory.decide(made("last", NOON + 400), joined(hashes(rng, 300), signature), None)
    assert memory.members.hot < 250
