"""Which articles share sketch hashes with this one: an inverted index in packed arrays.

A dict of lists costs 2.9 KB an article. Here a posting is one uint32 hash and one uint32 article number (8 bytes,
about 40 an article) in sorted runs that are merged as they double, as a log-structured merge tree does (O'Neil et al.
1996); only the newest few thousand postings wait in a small unsorted run. Look-up is a binary search per run.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from transforms.fold.shingles import EMPTY, Hashes

Numbers = npt.NDArray[np.uint32]
FRESH = 4096


class Postings:
    """Maps sketch hashes to article numbers (any uint32 the caller hands out)."""

    def __init__(self) -> None:
        self._runs: list[tuple[Hashes, Numbers]] = []
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
            left, right = np.searchsorted(keys, hashes, "left"), np.searchsorted(keys, hashes, "right")
            hit = np.flatnonzero(right > left)
            found.extend(numbers[left[i] : right[i]] for i in hit.tolist())
        fresh = [number for value in hashes.tolist() for number in self._fresh.get(value, ())]
        if fresh:
            found.append(np.array(fresh, np.uint32))
        if not found:
            return []
        numbers, counts = np.unique(np.concatenate(found), return_counts=True)
        keep = counts >= min(at_least, max(1, len(hashes)))
        pairs = sorted(zip(counts[keep].tolist(), numbers[keep].tolist(), strict=True), key=lambda p: (-p[0], p[1]))
        return [(number, count) for count, number in pairs]

    def drop(self, alive: Callable[[Numbers], npt.NDArray[np.bool_]]) -> None:
        """Forget every posting whose article number is not `alive` (a mask over an array of numbers)."""
        self._settle()
        merged = _merge(self._runs)
        keep = alive(merged[1]) if len(merged[1]) else np.zeros(0, np.bool_)
        run = (merged[0][keep], merged[1][keep])
        self._runs = [run] if len(run[0]) else []
        self.size = len(run[0])

    @property
    def nbytes(self) -> int:
        """Bytes held in packed runs (the fresh part is small and bounded)."""
        return sum(keys.nbytes + numbers.nbytes for keys, numbers in self._runs)

    def _settle(self) -> None:
        """Sort the fresh postings into a run, then merge runs until each is over twice its successor."""
        if self._fresh_size:
            keys = np.repeat(
                np.fromiter(self._fresh, np.uint32, len(self._fresh)), [len(v) for v in self._fresh.values()]
            )
            numbers = np.concatenate([np.array(v, np.uint32) for v in self._fresh.values()])
            order = np.argsort(keys, kind="stable")
            self._runs.append((keys[order], numbers[order]))
            self._fresh, self._fresh_size = {}, 0
        while len(self._runs) > 1 and len(self._runs[-2][0]) <= 2 * len(self._runs[-1][0]):
            last = self._runs.pop()
            self._runs[-1] = _merge([self._runs[-1], last])


def _merge(runs: list[tuple[Hashes, Numbers]]) -> tuple[Hashes, Numbers]:
    if not runs:
        return EMPTY, EMPTY
    keys = np.concatenate([run[0] for run in runs])
    numbers = np.concatenate([run[1] for run in runs])
    order = np.argsort(keys, kind="stable")
    return keys[order], numbers[order]
