"""What must hold for any articles, tried on random families: no order, restart or freed memory changes the outcome."""

from __future__ import annotations

import copy
import random

import pytest

from tests.fold.fold_families import family
from tests.fold.fold_play import DAY, TTL, Play, owner
from transforms.fold import journal
from transforms.records import Article, replace

SEEDS = range(12)


def play(items: list[tuple[Article, object]]) -> Play:
    out = Play()
    for item, text in items:
        out.deliver(item, text)
    return out


@pytest.mark.parametrize("seed", SEEDS)
def test_order_does_not_matter(seed: int) -> None:
    items = family(seed, 120)
    first = play(items)
    roles = [role for _, role, _ in first.result().values()]
    assert {"original", "repost", "unique"} == set(roles)
    for again in range(3):
        shuffled = list(items)
        random.Random(seed * 10 + again).shuffle(shuffled)
        other = play(shuffled)
        assert other.result() == first.result()
        assert _told(other) == _told(first)


def _told(one: Play) -> dict[str, object]:
    return {name: (d["story"]["copied_from"], d["story"]["verdict"]) for name, d in one.shelf.documents().items()}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("cut", [0.3, 0.8])
def test_a_memory_read_from_its_journal_decides_alike(seed: int, cut: float) -> None:
    items = _with_revisions(seed, 100)
    at = int(len(items) * cut)
    kept, written = Play(), []
    for item, text in items[:at]:
        kept.deliver(item, text)
        serial = kept.memory.clock.next()
        written += [journal.dump(member, serial) for member in kept.memory.changed.values()]
        kept.memory.changed.clear()
    again = Play(shelf=copy.deepcopy(kept.shelf))
    random.Random(seed).shuffle(written)
    again.memory.load(journal.latest(written))
    again.check()
    _same_further(kept, again, items[at:])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("cut", [0.3, 0.8])
def test_a_memory_seeded_from_the_index_decides_alike(seed: int, cut: float) -> None:
    items = _with_revisions(seed, 100)
    at = int(len(items) * cut)
    kept = play(items[:at])
    again = Play(epoch=2, shelf=copy.deepcopy(kept.shelf))
    again.memory.load(journal.from_seed(one, owner) for one in kept.shelf.seeds())
    again.check()
    _same_further(kept, again, items[at:])


@pytest.mark.parametrize("seed", SEEDS)
def test_freeing_memory_decides_nothing(seed: int) -> None:
    items = family(seed, 150, spread_s=TTL * 12)
    kept, freed = Play(), Play()
    gone = 0
    for item, text in items:
        gone += freed.memory.expire(item.arrived)
        one, other = kept.deliver(item, text), freed.deliver(item, text)
        assert one.story is not None
        assert other.story is not None
        assert (one.outcome, one.story["role"], one.story["original_id"]) == (
            other.outcome, other.story["role"], other.story["original_id"],
        )  # fmt: skip
        freed.check()
    assert gone > 20
    assert freed.result() == kept.result()
    assert _told(freed) == _told(kept)
    assert freed.memory.expire(items[-1][0].arrived + 3 * TTL + DAY) > 0
    assert (freed.memory.members, freed.memory.stories, freed.memory.links.postings.size) == ({}, {}, 0)


def _with_revisions(seed: int, size: int) -> list[tuple[Article, object]]:
    """A family in which every seventh article takes another's text later, and every ninth is delivered again."""
    rng = random.Random(seed)
    items = [(replace(a, source=replace(a.source, agency=("afp" if a.source.id == "s3" else None))), t)
             for a, t in family(seed, size)]  # fmt: skip
    more = []
    for number, (item, text) in enumerate(items):
        late = item.arrived + rng.randrange(2 * DAY)
        if number % 7 == 0:
            taken = rng.choice(items)[1]
            more.append((replace(item, arrived=late, body=f"revised {number}"), taken))
        if number % 9 == 0:
            more.append((replace(item, arrived=late, source=replace(item.source, id="s24", agency=None)), text))
    return sorted([*items, *more], key=lambda pair: pair[0].arrived)


def _same_further(kept: Play, again: Play, items: list[tuple[Article, object]]) -> None:
    assert again.shelf.documents() == kept.shelf.documents()
    for item, text in items:
        one, other = kept.deliver(item, text), again.deliver(item, text)
        assert (one.outcome, one.story and (one.story["role"], one.story["original_id"], one.story["sources"])) == (
            other.outcome, other.story and (other.story["role"], other.story["original_id"], other.story["sources"]),
        ), item.id  # fmt: skip
        again.check()
    assert again.result() == kept.result()
    assert _told(again) == _told(kept)
