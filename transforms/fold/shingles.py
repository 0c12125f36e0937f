"""Fingerprints: the set of a text's word-5-shingles as sorted 32-bit hashes. In scripts without spaces every character
is a word, and a shingle is as many as tell as much as five words: five in Chinese, more where letters are sounds.

The sketch used to look up candidates is scaled MinHash (Irber et al. 2022, "sourmash"): all hashes below 1/8 of the
hash range, and at least the 12 smallest. Because the fingerprint is sorted, its sketch is simply its first part.
Folding and the numbers are from the measurements in `docs/folding.md`.
"""

from __future__ import annotations

import base64
import re

import numpy as np
import numpy.typing as npt
import xxhash

from transforms.fold.walls import is_suspect, without_wall
from transforms.records import Json
from transforms.text import fold, words

Hashes = npt.NDArray[np.uint32]

# Version 2 has wider shingles where characters are sounds, and no walls; of all other texts it is the same.
ALGO, VERSION, READABLE = "shingle5-xxh3-32", 2, (1, 2)
WIDTH = 5
# Characters in a shingle of Japanese, and of scripts of letters without spaces (Thai, Lao, Burmese, Khmer), where five
# are one word or two: of unrelated texts many would be alike.
KANA_WIDTH, LETTERS_WIDTH = 8, 12
# Beside a wall, so few words are no story.
HEADLINE = 25
# A headline of fewer words is that of many articles.
LEAST_WORDS = 3
_KANA = re.compile("[\u3040-\u30ff]")
_LETTERS = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
SCALE = 8
AT_LEAST = 12
WORDS_KEPT = 1 << 18
LIMIT = np.uint32(2**32 // SCALE)
# Odd multipliers, one per place in the shingle, so that word order counts; any fixed odd numbers do.
_PLACES = np.array(
    [0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93, 0xFF51AFD7ED558CCD,
     0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 0xD1B54A32D192ED03, 0xAEF17502108EF2D9, 0xF1357AEA2E62A9C5,
     0x8CB92BA72F3D8DD7, 0xEB44ACCAB455D165], np.uint64,
)  # fmt: skip
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

    A text of fewer than five words has one shingle, all of it. One of fewer than three has none, as "Cartoon" and
    "Weather report" head many, nor has a page that is but a wall (`walls`) under a headline.
    """
    found = words(fold(text))
    if is_suspect(found):
        told = without_wall(text, found)
        if told is not text:
            found = words(fold(told))
            if len(found) < HEADLINE:
                return EMPTY
    if len(found) < LEAST_WORDS:
        return EMPTY
    width = width_of(found)
    ids = np.fromiter(map(word_hash, found), np.uint64, len(found))
    if len(ids) < width:
        ids = np.concatenate([ids, np.zeros(width - len(ids), np.uint64)])
    places = len(ids) - width + 1
    mixed = np.zeros(places, np.uint64)
    for at in range(width):
        mixed += ids[at : at + places] * _PLACES[at]
    # The finaliser of MurmurHash3: the sums above keep too much structure in their low bits.
    mixed ^= mixed >> np.uint64(33)
    mixed *= np.uint64(0xFF51AFD7ED558CCD)
    mixed ^= mixed >> np.uint64(33)
    ordered = np.sort((mixed >> np.uint64(32)).astype(np.uint32))
    distinct = np.ones(places, np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=distinct[1:])
    return ordered[distinct]


def width_of(found: list[str]) -> int:
    """How many of these words make a shingle: five, or as many characters as the script asks for."""
    letters = "".join(found)
    if len(letters) > 2 * len(found):
        return WIDTH
    if 2 * len(_LETTERS.findall(letters)) > len(found):
        return LETTERS_WIDTH
    return KANA_WIDTH if 5 * len(_KANA.findall(letters)) > len(found) else WIDTH


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
    if field.get("algo") != ALGO or field.get("version") not in READABLE:
        raise ValueError(f"fingerprint {field.get('algo')} {field.get('version')} is not {ALGO} {VERSION}")
    return _decoded(field["data"])


def slots_from_document(field: Json) -> Hashes:
    """The slots that `document` kept; none of a field of before there were any."""
    return _decoded(field.get("slots") or "")


def _encoded(hashes: Hashes) -> str:
    return base64.b64encode(hashes.astype("<u4").tobytes()).decode("ascii")


def _decoded(data: str) -> Hashes:
    return np.frombuffer(base64.b64decode(data), "<u4").astype(np.uint32, copy=False)
