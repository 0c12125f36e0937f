"""Fingerprints: the set of a text's word-5-shingles as sorted 32-bit hashes.

The sketch used to look up candidates is scaled MinHash (Irber et al. 2022, "sourmash"): all hashes below 1/8 of the
hash range, and at least the 12 smallest. Because the fingerprint is sorted, its sketch is simply its first part.
Folding and the numbers are from the measurements in `docs/folding.md`.
"""

from __future__ import annotations

import base64

import numpy as np
import numpy.typing as npt
import xxhash

from transforms.records import Json
from transforms.text import fold, words

Hashes = npt.NDArray[np.uint32]

ALGO, VERSION = "shingle5-xxh3-32", 1
WIDTH = 5
SCALE = 8
AT_LEAST = 12
WORDS_KEPT = 1 << 18
LIMIT = np.uint32(2**32 // SCALE)
# Odd multipliers, one per place in the shingle, so that word order counts; any fixed odd numbers do.
_PLACES = np.array(
    [0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93, 0xFF51AFD7ED558CCD], np.uint64
)
EMPTY: Hashes = np.zeros(0, np.uint32)


class _Words(dict[str, int]):
    """The hash of each word seen lately: a look-up costs half of what functools.lru_cache takes for it."""

    def __missing__(self, word: str) -> int:
        if len(self) >= WORDS_KEPT:
            self.clear()
        value = self[word] = xxhash.xxh3_64_intdigest(word.encode("utf-8", "replace"))
        return value


_words = _Words()
# The 64-bit hash of a folded word.
word_hash = _words.__getitem__


def fingerprint(text: str) -> Hashes:
    """The sorted, distinct 32-bit hashes of the shingles of `text` (plain, as written), one per place.

    A text of fewer than five words has one shingle, all of it; an empty one has none.
    """
    found = words(fold(text))
    if not found:
        return EMPTY
    ids = np.fromiter(map(word_hash, found), np.uint64, len(found))
    if len(ids) < WIDTH:
        ids = np.concatenate([ids, np.zeros(WIDTH - len(ids), np.uint64)])
    places = len(ids) - WIDTH + 1
    mixed = np.zeros(places, np.uint64)
    for at in range(WIDTH):
        mixed += ids[at : at + places] * _PLACES[at]
    # The finaliser of MurmurHash3: the sums above keep too much structure in their low bits.
    mixed ^= mixed >> np.uint64(33)
    mixed *= np.uint64(0xFF51AFD7ED558CCD)
    mixed ^= mixed >> np.uint64(33)
    ordered = np.sort((mixed >> np.uint64(32)).astype(np.uint32))
    distinct = np.ones(places, np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=distinct[1:])
    return ordered[distinct]


def sketch(hashes: Hashes) -> Hashes:
    """The part of a fingerprint that candidates are looked up by: a view, not a copy."""
    return hashes[: max(AT_LEAST, int(np.searchsorted(hashes, LIMIT)))]


def shared(a: Hashes, b: Hashes) -> int:
    """How many hashes two fingerprints have in common."""
    if len(a) > len(b):
        a, b = b, a
    return int(np.count_nonzero(within(a, b)))


def within(a: Hashes, b: Hashes) -> npt.NDArray[np.bool_]:
    """Which hashes of `a` are in `b`: a mask over `a`."""
    if not len(b):
        return np.zeros(len(a), np.bool_)
    at = np.searchsorted(b, a)
    at[at == len(b)] = 0
    return b[at] == a


def document(hashes: Hashes, slots: Hashes = EMPTY) -> Json:
    """The `fingerprint` field of an article document: hashes and slots, each little-endian uint32, base64."""
    return {"algo": ALGO, "version": VERSION, "data": _encoded(hashes), "slots": _encoded(slots)}


def from_document(field: Json) -> Hashes:
    """The inverse of `document`; raises ValueError for another algorithm or version."""
    if (field.get("algo"), field.get("version")) != (ALGO, VERSION):
        raise ValueError(f"fingerprint {field.get('algo')} {field.get('version')} is not {ALGO} {VERSION}")
    return _decoded(field["data"])


def slots_from_document(field: Json) -> Hashes:
    """The slots that `document` kept; none of a field of before there were any."""
    return _decoded(field.get("slots") or "")


def _encoded(hashes: Hashes) -> str:
    return base64.b64encode(hashes.astype("<u4").tobytes()).decode("ascii")


def _decoded(data: str) -> Hashes:
    return np.frombuffer(base64.b64decode(data), "<u4").astype(np.uint32, copy=False)
