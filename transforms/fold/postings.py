"""Which articles share sketch hashes with this one: an inverted index in packed arrays.

A dict of lists costs 2.9 KB an article. Here a posting is one uint32 hash and one uint32 article number (8 bytes,
about 40 an article) in sorted runs that are merged as they grow, as a log-structured merge tree does (O'Neil et al.
1996); only the newest few thousand postings wait in a small unsorted run. Look-up is a binary search per run.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from transforms.fold.shingles import LIMIT, Hashes

Numbers = npt.NDArray[np.uint32]
FRESH = 4096
# Of two runs that stay apart. Greater: fewer runs to search, and each posting is moved more often.
RATIO = 8


# Up to here counting in Python is quicker than NumPy's many steps.
FEW = 200


# In a run longer than this, a search waits for memory at each of its steps; so its first steps are looked up.
LONG = 1 << 16
_WINDOW = np.arange(32)


class Run:
    """Hashes in rising order, and the article number of each.

    A long run has a directory: where each equal part of the hash range begins, eight hashes to a part. Most searches
    then end within a window of 32 hashes, read at once. What the directory does not serve is searched for plainly.
    """

    __slots__ = ("_shift", "_starts", "keys", "numbers")

    def __init__(self, keys: Hashes, numbers: Numbers) -> None:
        self.keys, self.numbers = keys, numbers
        parts = 1 << max(0, int(len(keys) // 8).bit_length() - 1)
        # Sketches hold few hashes beyond this.
        below = int(LIMIT)
        self._shift = np.uint32((below // parts).bit_length() - 1)
        bounds = np.arange(parts + 1, dtype=np.uint64) << np.uint64(self._shift)
        self._starts = keys.searchsorted(bounds.astype(np.uint32)) if len(keys) > LONG else None

    def find(self, hashes: Hashes) -> list[Numbers]:
        """The numbers filed under each of `hashes`, which rise, as far as it is here."""
        left = self._search(hashes)
        hit = self.keys.take(left, mode="clip") == hashes
        if not hit.any():
            return []
        right = self.keys.searchsorted(hashes[hit], "right")
        return [self.numbers[a:b] for a, b in zip(left[hit].tolist(), right.tolist(), strict=True)]

    def _search(self, hashes: Hashes) -> npt.NDArray[np.intp]:
        if self._starts is None:
            return self.keys.searchsorted(hashes)
        low = int(hashes.searchsorted(LIMIT))
        part = hashes[:low] >> self._shift
        start = self._starts.take(part)
        window = self.keys.take(start[:, None] + _WINDOW, mode="clip")
        left = start + np.count_nonzero(window < hashes[:low, None], axis=1)
        wide = np.flatnonzero(self._starts.take(part + 1) - start > len(_WINDOW))
        if len(wide):
            left[wide] = self.keys.searchsorted(hashes[wide])
        return left if low == len(hashes) else np.concatenate([left, self.keys.searchsorted(hashes[low:])])


class Postings:
    """Maps sketch hashes to article numbers (any uint32 the caller hands out)."""

    def __init__(self) -> None:
        self._runs: list[Run] = []
        self._fresh: dict[int, list[int]] = {}
        self._fresh_size = 0
        self.size = 0

    def add(self, number: int, hashes: Hashes) -> None:
        """File article `number` under each of `hashes`."""
        for value in hashes.tolist():
            self._fresh.setdefault(value, []).append(number)
        self._fresh_size += len(hashes)
        self.size += len(hashes)
        if self._fresh_size >= FRESH:
            self._settle()

    def find(self, hashes: Hashes, at_least: int = 2) -> list[tuple[int, int]]:
        """(article number, hashes in common) of those that share `at_least` hashes, most in common first."""
        found: list[Numbers] = []
        for run in self._runs:
            found += run.find(hashes)
        least = min(at_least, max(1, len(hashes)))
        fresh = [number for value in hashes.tolist() for number in self._fresh.get(value, ())]
        if sum(map(len, found)) <= FEW:
            counted = Counter(itertools.chain(fresh, *(part.tolist() for part in found)))
            return sorted(((n, c) for n, c in counted.items() if c >= least), key=lambda pair: (-pair[1], pair[0]))
        found.append(np.array(fresh, np.uint32))
        numbers, counts = np.unique(np.concatenate(found), return_counts=True)
        numbers, counts = numbers[counts >= least], counts[counts >= least]
        order = np.argsort(-counts, kind="stable")
        return list(zip(numbers[order].tolist(), counts[order].tolist(), strict=True))

    def drop(self, alive: Callable[[Numbers], npt.NDArray[np.bool_]]) -> None:
        """Forget every posting whose article number is not `alive` (a mask over an array of numbers)."""
        self._settle()
        kept = [Run(run.keys[keep], run.numbers[keep]) for run in self._runs for keep in (alive(run.numbers),)]
        self._runs = [run for run in kept if len(run.keys)]
        self.size = sum(len(run.keys) for run in self._runs)

    @property
    def nbytes(self) -> int:
        """Bytes held in packed runs (the fresh part is small and bounded)."""
        return sum(run.keys.nbytes + run.numbers.nbytes for run in self._runs)

    def _settle(self) -> None:
        """Sort the fresh postings into a run, then merge runs until each is much larger than its successor."""
        if self._fresh_size:
            keys = np.repeat(
                np.fromiter(self._fresh, np.uint32, len(self._fresh)), [len(v) for v in self._fresh.values()]
            )
            numbers = np.concatenate([np.array(v, np.uint32) for v in self._fresh.values()])
            order = np.argsort(keys, kind="stable")
            self._runs.append(Run(keys[order], numbers[order]))
            self._fresh, self._fresh_size = {}, 0
        while len(self._runs) > 1 and len(self._runs[-2].keys) <= RATIO * len(self._runs[-1].keys):
            last = self._runs.pop()
            self._runs[-1] = _merge(self._runs[-1], last)


def _merge(a: Run, b: Run) -> Run:
    """Both as one. It needs little more room than the two; sorting them again would need three times that."""
    at = a.keys.searchsorted(b.keys, "right") + np.arange(len(b.keys))
    of_a = np.ones(len(a.keys) + len(b.keys), np.bool_)
    of_a[at] = False
    keys, numbers = np.empty(len(of_a), np.uint32), np.empty(len(of_a), np.uint32)
    keys[at], numbers[at] = b.keys, b.numbers
    keys[of_a], numbers[of_a] = a.keys, a.numbers
    return Run(keys, numbers)
