"""The figures and names of a text by the words before them, small enough to be kept for each article.

A wire's template (cables of congratulation, the daily weather, "aid plane no. 4") has the sentences of the one before
and other figures and names in them. Shingles see one text with changes; so do they in a text that was edited. What
tells the two apart is what stands in the same place: behind the same two words, 4 here and 6 there.

A **slot** is such a place with what stands in it, in 32 bits: 20 of the hash of the two words before it, 2 of its kind,
10 of what it holds. Of a figure that is which digits occur in it, and two figures agree if the digits of one are among
those of the other: so 41,882 agrees with 41 882, 2014م with 2014, and 17.1 with 1ر17, however a desk writes them.
The `KEPT` slots with the smallest hashes are kept, as a sketch is: of two texts the same ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from transforms.clean.data import DATA, Strict, load
from transforms.fold.shingles import EMPTY, Hashes, word_hash
from transforms.text import UTF32, fold

KEPT = 16
FIGURE, COUNTED, NAME = 0, 1, 2
_FILE = "slots.yaml"
_WORD = re.compile(r"[^\W\d_]{2,}")
# A run of words with a capital that does not begin a sentence, and the two words before it.
_CAPITAL = "A-ZÀ-ÞА-ЯΑ-Ω"
_NAMED = re.compile(
    rf"(?<![^\W_])([^\W\d_]+)[^\w.!?…:\n]+([^\W\d_{_CAPITAL}][^\W\d_]*) "
    rf"(?=([{_CAPITAL}][^\W\d_]{{2,}}(?: [{_CAPITAL}][^\W\d_]+)*))"
)
_CASED = re.compile("[a-zß-ÿа-яα-ω]")
_PLACE, _VALUE = 0xFFFFF, 0x3FF
# In characters: as far back as two words before a figure are looked for.
_BACK = 48
# A text whose script has case shows it here.
_HEAD = 80
_SIGNS = ".,،:؛;()\"'"
_CLITICS = ("", "و", "ب", "ل", "ف")
_STOPS = ("", ",", "،", ".", ":", "؛", ";")


class _File(Strict):
    signs: tuple[str, ...]
    ordinals: dict[int, tuple[str, ...]]
    heralds: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Words:
    """The folded words of `slots.yaml`: signs, ordinals as a text has them with their number, and all but signs."""

    signs: frozenset[str]
    ordinals: dict[str, int]
    all: frozenset[str]


@cache
def vocabulary() -> Words:
    """The words of `transforms/data/slots.yaml`, loaded once per process; raises DataError."""
    file = load(DATA / _FILE, _File)
    ordinals = {
        clitic + fold(word) + stop: number
        for number, words in file.ordinals.items()
        for word in words
        for clitic in _CLITICS
        for stop in _STOPS
    }
    heralds = {clitic + fold(word) for group in file.heralds for word in group for clitic in _CLITICS}
    return Words(frozenset(map(fold, file.signs)), ordinals, frozenset(heralds | ordinals.keys()))


def slots(text: str) -> Hashes:
    """The slots of a plain text, at most `KEPT`, sorted, distinct in their places: uint32 each. A place that is filled
    in two ways tells nothing and is left out."""
    found: dict[int, int] = {}
    torn: set[int] = set()
    for first, second, kind, value in _found(text):
        key = (3 * word_hash(first) + word_hash(second) & _PLACE) << 12 | kind << 10
        if found.setdefault(key, value) != value:
            torn.add(key)
    kept = sorted(key | value for key, value in found.items() if key not in torn)[:KEPT]
    return np.array(kept, np.uint32) if kept else EMPTY


def _found(text: str) -> Iterator[tuple[str, str, int, int]]:
    folded = fold(text)
    yield from _figures(folded)
    yield from _words(folded.split())
    if _CASED.search(text, 0, _HEAD):
        for first, second, name in _NAMED.findall(text):
            yield fold(first), fold(second), NAME, _named(fold(name.rpartition(" ")[2]))


def _figures(folded: str) -> Iterator[tuple[str, str, int, int]]:
    """Figures with less than a word between them are one: 41 882, 17.1, 1ر17, 20-25."""
    signs = vocabulary().signs
    end, kind, mask = 0, FIGURE, 0
    before: list[str] = []
    # Folding has made ASCII digits of those of Arabic and Persian. A regular expression takes three times as long.
    points = np.frombuffer(folded.encode(UTF32, "surrogatepass"), np.uint32)
    for start in np.flatnonzero(points - np.uint32(ord("0")) < 10).tolist():
        if start - end > 3 and (not mask or _WORD.search(folded, end, start)):
            if mask and len(before) == 2:
                yield before[0], before[1], kind, mask
            mask = 0
        if not mask:
            before = _WORD.findall(folded, max(0, start - _BACK), start)[-2:]
            kind = COUNTED if before and before[-1] in signs else FIGURE
        mask |= 1 << int(folded[start])
        end = start + 1
    if mask and len(before) == 2:
        yield before[0], before[1], kind, mask


def _words(tokens: list[str]) -> Iterator[tuple[str, str, int, int]]:
    known = vocabulary()
    told = known.all
    for place in [place for place, token in enumerate(tokens) if token in told]:
        token = tokens[place]
        number = known.ordinals.get(token)
        before, after = tokens[place - 1 : place] or [""], tokens[place + 1 : place + 2] or [""]
        name = after[0].strip(_SIGNS)
        if number is not None:
            yield before[0], name, COUNTED, _digits(str(number))
        elif place and name and name not in told:
            yield before[0], token, NAME, _named(name)


def _named(word: str) -> int:
    """A name by the first letters of its last word: desks spell the rest in many ways, and leave first names out."""
    return word_hash(word.removeprefix("ال")[:3]) & _VALUE


def _digits(figure: str) -> int:
    """Which digits occur, a bit each."""
    mask = 0
    for digit in set(figure):
        mask |= 1 << int(digit)
    return mask


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many slots two texts have in common, of figures and of names; and how many of these they fill otherwise.

    A figure that counts something off ("no. 4") is worth two others; `counted` of the figures in common do.
    """

    figures: int = 0
    other_figures: int = 0
    names: int = 0
    other_names: int = 0
    counted: int = 0

    @property
    def weight(self) -> int:
        """What the figures in common weigh, to be set against `other_figures`."""
        return self.figures + self.counted

    @property
    def common(self) -> int:
        return self.figures + self.names

    @property
    def against(self) -> int:
        return self.other_figures + self.other_names

    @property
    def differs(self) -> bool:
        """Whether most of the figures are other ones, or many of the names: whom a form does not tell of, its sender
        for one, stays the same."""
        figures = self.other_figures >= 2 and 2 * self.other_figures > self.weight
        return figures or (self.other_names >= 3 and 3 * self.other_names >= self.names)


NOTHING = Agreement()


def agreement(a: Hashes, b: Hashes) -> Agreement:
    """Compare the slots of two texts. Symmetrical in a and b."""
    if not len(a) or not len(b):
        return NOTHING
    filled = {slot >> 10: slot & _VALUE for slot in a.tolist()}
    common, against = [0, 0, 0], [0, 0, 0]
    for slot in b.tolist():
        one, two = filled.get(slot >> 10), slot & _VALUE
        if one is None:
            continue
        kind = slot >> 10 & 3
        common[kind] += 1
        same = one == two if kind == NAME else one & two in (one, two)
        against[kind] += not same
    other_figures = against[FIGURE] + 2 * against[COUNTED]
    return Agreement(common[FIGURE] + common[COUNTED], other_figures, common[NAME], against[NAME], common[COUNTED])
