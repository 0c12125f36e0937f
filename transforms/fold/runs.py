"""Sorted runs of postings: hashes in rising order, and the article number of each.

A short run is two arrays of uint32. In a long one the upper half of each hash is told by its place, as a directory says
where each of the 65,536 upper halves begins: six bytes a posting instead of eight. Hashes are spread evenly, so where
one stands is guessed from its lower half, and a window of 64 around that is read at once; what is not in it, as where
very many articles share a hash, is searched for plainly.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from transforms.fold.shingles import Hashes

Numbers = npt.NDArray[np.uint32]
# From here on a directory of a quarter of a megabyte costs less than it saves.
LONG = 1 << 18
_HALF, _HALVES = 16, 1 << 16
_WINDOW = np.arange(64)


class Run:
    """A run of any length; made by `run_of`."""

    __slots__ = ("keys", "numbers")

    def __init__(self, keys: Hashes, numbers: Numbers) -> None:
        self.keys, self.numbers = keys, numbers

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.keys.nbytes + self.numbers.nbytes

    def find(self, hashes: Hashes) -> list[Numbers]:
        """The numbers filed under each of `hashes`, which rise, as far as it is here."""
        left = self.keys.searchsorted(hashes)
        hit = self.keys.take(left, mode="clip") == hashes
        if not hit.any():
            return []
        right = self.keys.searchsorted(hashes[hit], "right")
        return [self.numbers[a:b] for a, b in zip(left[hit].tolist(), right.tolist(), strict=True)]


class LongRun:
    """A run of at least LONG postings."""

    __slots__ = ("_low", "_starts", "numbers")

    def __init__(self, keys: Hashes, numbers: Numbers) -> None:
        self.numbers = numbers
        self._low = (keys & np.uint32(_HALVES - 1)).astype(np.uint16)
        firsts = np.arange(_HALVES, dtype=np.uint32) << np.uint32(_HALF)
        self._starts = np.append(keys.searchsorted(firsts), len(keys)).astype(np.uint32)

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def keys(self) -> Hashes:
        """All hashes, made anew."""
        upper = np.repeat(np.arange(_HALVES, dtype=np.uint32), np.diff(self._starts))
        return (upper << np.uint32(_HALF)) | self._low

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self._low.nbytes + self._starts.nbytes + self.numbers.nbytes

    def find(self, hashes: Hashes) -> list[Numbers]:
        """The numbers filed under each of `hashes`, which rise, as far as it is here."""
        upper, value = hashes >> np.uint32(_HALF), (hashes & np.uint32(_HALVES - 1)).astype(np.uint16)
        begin = self._starts.take(upper).astype(np.int64)
        end = self._starts.take(upper + np.uint32(1)).astype(np.int64)
        guess = begin + ((end - begin) * value >> _HALF) - len(_WINDOW) // 2
        at = np.maximum(begin, np.minimum(guess, end - len(_WINDOW)))
        places = at[:, None] + _WINDOW
        window, inside = self._low.take(places, mode="clip"), places < end[:, None]
        less, equal = (window < value[:, None]) & inside, (window == value[:, None]) & inside
        left = at + np.count_nonzero(less, axis=1)
        right = left + np.count_nonzero(equal, axis=1)
        # What begins before the window, or goes on behind it.
        beyond = ((at > begin) & ~less[:, 0]) | ((at + len(_WINDOW) < end) & (less | equal)[:, -1])
        for one in np.flatnonzero(beyond).tolist():
            part = self._low[begin[one] : end[one]]
            left[one] = begin[one] + part.searchsorted(value[one])
            right[one] = begin[one] + part.searchsorted(value[one], "right")
        found = zip(left.tolist(), right.tolist(), strict=True)
        return [self.numbers[a:b] for a, b in found if b > a]


def run_of(keys: Hashes, numbers: Numbers) -> Run | LongRun:
    """The run of these postings, whose hashes rise."""
    return LongRun(keys, numbers) if len(keys) >= LONG else Run(keys, numbers)


def merged(a: Run | LongRun, b: Run | LongRun) -> Run | LongRun:
    """Both as one. It needs little more room than the two; sorting them again would need three times that."""
    keys_a, keys_b = a.keys, b.keys
    at = keys_a.searchsorted(keys_b, "right") + np.arange(len(b))
    of_a = np.ones(len(a) + len(b), np.bool_)
    of_a[at] = False
    keys, numbers = np.empty(len(of_a), np.uint32), np.empty(len(of_a), np.uint32)
    keys[at], numbers[at] = keys_b, b.numbers
    keys[of_a], numbers[of_a] = keys_a, a.numbers
    return run_of(keys, numbers)
