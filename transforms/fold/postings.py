"""Which articles share sketch hashes with this one: an inverted index in packed arrays.

A dict of lists costs 2.9 KB an article. Here a posting is one uint32 hash and one uint32 article number (8 bytes,
about 40 an article) in sorted runs that are merged as they grow, as a log-structured merge tree does (O'Neil et al.
1996); only the newest few thousand postings wait in a small unsorted run. Look-up is a binary search per run.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from transforms.fold.shingles import Hashes

Numbers = npt.NDArray[np.uint32]
# Hashes in rising order, and the article number of each.
Run = tuple[Hashes, Numbers]
FRESH = 4096
# Of two runs that stay apart. Greater: fewer runs to search, and each posting is moved more often.
RATIO = 8


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
        for keys, numbers in self._runs:
            # The greatest cost of a look-up are the cache misses of this search: so it is made once.
            left = keys.searchsorted(hashes)
            hit = keys.take(left, mode="clip") == hashes
            if hit.any():
                right = keys.searchsorted(hashes[hit], "right")
                found.extend(numbers[a:b] for a, b in zip(left[hit].tolist(), right.tolist(), strict=True))
        fresh = [number for value in hashes.tolist() for number in self._fresh.get(value, ())]
        if fresh:
            found.append(np.array(fresh, np.uint32))
        if not found:
            return []
        numbers, counts = np.unique(np.concatenate(found), return_counts=True)
        if at_least > 1:
            keep = counts >= min(at_least, max(1, len(hashes)))
            numbers, counts = numbers[keep], counts[keep]
        order = np.argsort(-counts, kind="stable")
        return list(zip(numbers[order].tolist(), counts[order].tolist(), strict=True))

    def drop(self, alive: Callable[[Numbers], npt.NDArray[np.bool_]]) -> None:
        """Forget every posting whose article number is not `alive` (a mask over an array of numbers)."""
        self._settle()
        kept = [(keys[keep], numbers[keep]) for keys, numbers in self._runs for keep in (alive(numbers),)]
        self._runs = [run for run in kept if len(run[0])]
        self.size = sum(len(keys) for keys, _ in self._runs)

    @property
    def nbytes(self) -> int:
        """Bytes held in packed runs (the fresh part is small and bounded)."""
        return sum(keys.nbytes + numbers.nbytes for keys, numbers in self._runs)

    def _settle(self) -> None:
        """Sort the fresh postings into a run, then merge runs until each is much larger than its successor."""
        if self._fresh_size:
            keys = np.repeat(
                np.fromiter(self._fresh, np.uint32, len(self._fresh)), [len(v) for v in self._fresh.values()]
            )
            numbers = np.concatenate([np.array(v, np.uint32) for v in self._fresh.values()])
            order = np.argsort(keys, kind="stable")
            self._runs.append((keys[order], numbers[order]))
            self._fresh, self._fresh_size = {}, 0
        while len(self._runs) > 1 and len(self._runs[-2][0]) <= RATIO * len(self._runs[-1][0]):
            last = self._runs.pop()
            self._runs[-1] = _merge(self._runs[-1], last)


def _merge(a: Run, b: Run) -> Run:
    """Both as one sorted run. It needs little more room than the two, where sorting them again would need thrice that."""
    at = a[0].searchsorted(b[0], "right") + np.arange(len(b[0]))
    of_a = np.ones(len(a[0]) + len(b[0]), np.bool_)
    of_a[at] = False
    out = np.empty(len(of_a), np.uint32), np.empty(len(of_a), np.uint32)
    for merged, from_a, from_b in zip(out, a, b, strict=True):
        merged[at] = from_b
        merged[of_a] = from_a
    return out
