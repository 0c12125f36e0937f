"""Which articles share sketch hashes with this one: an inverted index in packed arrays.

A dict of lists costs 2.9 KB an article. Here a posting is six bytes, about 40 an article, in sorted runs that are
merged as they grow, as a log-structured merge tree does (O'Neil et al. 1996); only the newest few thousand postings
wait in a small unsorted run.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from transforms.fold.runs import LongRun, Numbers, Run, merged, run_of
from transforms.fold.shingles import Hashes

FRESH = 4096
# Of two runs that stay apart. Greater: fewer runs to search, and each posting is moved more often.
RATIO = 8

# Up to here counting in Python is quicker than NumPy's many steps.
FEW = 200


class Postings:
    """Maps sketch hashes to article numbers (any uint32 the caller hands out)."""

    def __init__(self) -> None:
        self._runs: list[Run | LongRun] = []
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
        kept = [run_of(run.keys[keep], run.numbers[keep]) for run in self._runs for keep in (alive(run.numbers),)]
        self._runs = [run for run in kept if len(run)]
        self.size = sum(map(len, self._runs))

    @property
    def nbytes(self) -> int:
        """Bytes held in packed runs (the fresh part is small and bounded)."""
        return sum(run.nbytes for run in self._runs)

    def _settle(self) -> None:
        """Sort the fresh postings into a run, then merge runs until each is much larger than its successor."""
        if self._fresh_size:
            counts = [len(numbers) for numbers in self._fresh.values()]
            keys = np.repeat(np.fromiter(self._fresh, np.uint32, len(counts)), counts)
            every = itertools.chain.from_iterable(self._fresh.values())
            numbers = np.fromiter(every, np.uint32, self._fresh_size)
            order = np.argsort(keys, kind="stable")
            self._runs.append(run_of(keys[order], numbers[order]))
            self._fresh, self._fresh_size = {}, 0
        while len(self._runs) > 1 and len(self._runs[-2]) <= RATIO * len(self._runs[-1]):
            last = self._runs.pop()
            self._runs[-1] = merged(self._runs[-1], last)
