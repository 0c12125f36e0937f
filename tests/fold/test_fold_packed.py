"""Packed fingerprints: what comes out is what went in, cut; what two have in common is what the whole ones have."""

from __future__ import annotations

import numpy as np
import pytest

from transforms.fold import packed, shingles
from transforms.fold.prints import NO_PRINT, Print
from transforms.fold.shingles import Hashes

SIZES = [1, 2, 5, 11, 12, 13, 40, 300, 3000, 70_000]


def hashes(seed: int, count: int) -> Hashes:
    rng, found = np.random.default_rng(seed), np.zeros(0, np.uint32)
    while len(found) < count:
        more = rng.integers(0, 2**32, count, np.uint64).astype(np.uint32)
        found = np.unique(np.concatenate([found, more]))
    return np.sort(rng.permutation(found)[:count])


@pytest.mark.parametrize("size", SIZES)
def test_nothing_is_lost_but_the_bits_that_are_cut(size: int) -> None:
    whole = hashes(size, size)
    data = packed.pack(whole)
    assert packed.size(data) == size
    assert packed.unpack(data).tolist() == packed.cut(whole).tolist()
    assert packed.sketch(data).tolist() == shingles.sketch(whole).tolist()


def test_an_empty_one_is_nothing() -> None:
    assert packed.pack(shingles.EMPTY) == b""
    assert (packed.size(b""), len(packed.unpack(b"")), len(packed.sketch(b""))) == (0, 0, 0)
    assert NO_PRINT.shared(Print.of(hashes(1, 50))) == 0


def test_neighbours_of_equal_cut_bits_stay_two() -> None:
    whole = np.array([7, 8, 9, 2**31, 2**31 + 1, 2**32 - 2, 2**32 - 1], np.uint32)
    data = packed.pack(whole)
    assert packed.size(data) == len(packed.unpack(data)) == 7
    assert packed.sketch(data).tolist() == whole.tolist()


@pytest.mark.parametrize(("one", "other"), [(300, 300), (80, 1500), (300, 5000), (3000, 3000)])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 1.0])
def test_what_is_common_is_told_within_chance(one: int, other: int, share: float) -> None:
    both = round(share * min(one, other))
    pool = hashes(one + other, one + other)
    chosen = np.random.default_rng(both).permutation(pool)
    a, b = np.sort(chosen[:one]), np.sort(np.concatenate([chosen[:both], chosen[one : one + other - both]]))
    told = Print.of(a).shared(Print.of(b))
    assert told == Print.of(b).shared(Print.of(a))
    chance = (one - both) * (other - both) / 2**packed.BITS
    # Those that are the same when cut count once; of chance, no more than six standard deviations are left.
    assert -2 - both / 100 <= told - both <= 6 * chance**0.5 + 2, (told, both)


def test_a_text_of_news_takes_less_than_two_bytes_a_shingle() -> None:
    sizes = [len(packed.pack(hashes(seed, 300))) for seed in range(20)]
    assert sum(sizes) / len(sizes) / 300 < 2
