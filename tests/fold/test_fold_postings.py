"""Packed postings against a plain dict, in every size that has its own way."""

from __future__ import annotations

import itertools
import random
from collections import Counter, defaultdict

import numpy as np
import pytest

from transforms.fold import postings
from transforms.fold.postings import FRESH, RATIO, Postings
from transforms.fold.runs import LONG
from transforms.fold.shingles import LIMIT, Hashes, sketch


class Naive:
    """The same by the book."""

    def __init__(self) -> None:
        self.held: dict[int, list[int]] = defaultdict(list)

    def add(self, number: int, hashes: Hashes) -> None:
        for value in hashes.tolist():
            self.held[value].append(number)

    def find(self, hashes: Hashes, at_least: int) -> list[tuple[int, int]]:
        counted = Counter(number for value in hashes.tolist() for number in self.held.get(value, ()))
        return sorted(((n, c) for n, c in counted.items() if c >= at_least), key=lambda pair: (-pair[1], pair[0]))

    def drop(self, dead: set[int]) -> None:
        self.held = defaultdict(list, {k: [n for n in v if n not in dead] for k, v in self.held.items()})


def text(rng: np.random.Generator, common: Hashes) -> Hashes:
    """A sketch with some hashes of its own, some that a few share, and now and then one that very many share."""
    size = int(rng.integers(1, 60))
    own = rng.integers(0, int(LIMIT), size, np.uint64).astype(np.uint32)
    few = rng.choice(common[50:], int(rng.integers(0, 6)))
    many = common[: int(rng.integers(0, 2))]
    beyond = rng.integers(int(LIMIT), 2**32, int(rng.integers(0, 3)), np.uint64).astype(np.uint32)
    return np.unique(np.concatenate([own, few, many, beyond]))


@pytest.mark.parametrize("articles", [1, 60, 700, 14_000])
def test_found_as_in_a_dict(articles: int) -> None:
    rng = np.random.default_rng(articles)
    common = rng.integers(0, int(LIMIT), 1000, np.uint64).astype(np.uint32)
    packed, naive = Postings(), Naive()
    for number in range(articles):
        part = text(rng, common)
        packed.add(number, part)
        naive.add(number, part)
    if articles == 14_000:
        assert max(len(run.keys) for run in packed._runs) > LONG
    assert packed.size == sum(map(len, naive.held.values()))
    for _ in range(150):
        part = text(rng, common)
        assert packed.find(part, 1) == naive.find(part, 1)
        assert packed.find(part, 3) == naive.find(part, min(3, len(part)))
    dead = set(rng.choice(articles, articles // 2, replace=False).tolist())
    packed.drop(lambda numbers: ~np.isin(numbers, list(dead)))
    naive.drop(dead)
    assert packed.size == sum(map(len, naive.held.values()))
    for _ in range(50):
        part = text(rng, common)
        assert packed.find(part, 1) == naive.find(part, 1)


def test_edges_of_a_long_run() -> None:
    edges = [0, 1, int(LIMIT) - 1, int(LIMIT), int(LIMIT) + 1, 2**32 - 1]
    fill = np.unique(np.random.default_rng(1).integers(2, 2**32 - 2, LONG * 2, np.uint64).astype(np.uint32))
    packed = Postings()
    packed.add(1, fill)
    packed.add(2, np.array(edges, np.uint32))
    packed.drop(lambda numbers: np.ones(len(numbers), np.bool_))
    packed.add(3, np.zeros(FRESH, np.uint32))
    assert any(len(run.keys) > LONG for run in packed._runs)
    for value in edges:
        assert (2, 1) in packed.find(np.array([value], np.uint32), 1)
    assert dict(packed.find(np.array(edges, np.uint32), 2)) == {2: len(edges), 3: FRESH}
    assert packed.find(np.array([3_000_000_001], np.uint32), 1) in ([], [(1, 1)])


def test_a_hash_beside_one_that_very_many_share() -> None:
    fill = np.arange(0, int(LIMIT), int(LIMIT) // (LONG * 2)).astype(np.uint32)
    packed, hot = Postings(), fill[777:778] + 1
    packed.add(0, fill)
    for number in range(1, 400):
        packed.add(number, hot)
    packed.add(400, hot + 1)
    # Enough to have all of it merged into one run.
    packed.add(401, np.zeros(LONG // 2, np.uint32))
    assert [len(run.keys) > LONG for run in packed._runs] == [True]
    assert packed.find(hot + 1, 1) == [(400, 1)]
    assert len(packed.find(hot, 1)) == 399


def test_runs_stay_few_and_packed() -> None:
    rng, packed = np.random.default_rng(2), Postings()
    for number in range(3000):
        packed.add(number, np.unique(rng.integers(0, 2**32, 40, np.uint64).astype(np.uint32)))
    sizes = [len(run.keys) for run in packed._runs]
    assert all(a > RATIO * b for a, b in itertools.pairwise(sizes))
    assert sum(sizes) + packed._fresh_size == packed.size
    assert packed._fresh_size < FRESH
    for run in packed._runs:
        assert bool(np.all(run.keys[:-1] <= run.keys[1:]))
    assert packed.nbytes <= 8 * packed.size


def test_nothing_is_found_in_nothing() -> None:
    packed = Postings()
    part = np.array([1, 2, 3], np.uint32)
    assert packed.find(part) == []
    packed.add(1, part)
    assert packed.find(part[:0], 1) == []
    assert packed.find(part, 4) == [(1, 3)]
    packed.drop(lambda numbers: np.zeros(len(numbers), np.bool_))
    assert (packed.find(part, 1), packed.size, packed.nbytes) == ([], 0, 0)


def test_many_copies_are_counted_as_few_are(monkeypatch: pytest.MonkeyPatch) -> None:
    rng, packed = random.Random(1), Postings()
    parts = [np.unique(np.array(rng.sample(range(300), 40), np.uint32)) for _ in range(400)]
    for number, part in enumerate(parts):
        packed.add(number, part)
    few = packed.find(parts[0], 2)
    monkeypatch.setattr(postings, "FEW", -1)
    assert packed.find(parts[0], 2) == few
    assert few[0] == (0, 40)


def test_a_sketch_is_an_eighth_and_at_least_twelve() -> None:
    rng = np.random.default_rng(3)
    long = np.unique(rng.integers(0, 2**32, 8000, np.uint64).astype(np.uint32))
    assert 850 < len(sketch(long)) < 1150
    assert sketch(long).max() < LIMIT
    for size in (0, 1, 11, 12, 20):
        short = np.sort(rng.integers(int(LIMIT), 2**32, size, np.uint64).astype(np.uint32))
        assert len(sketch(short)) == min(size, 12)
