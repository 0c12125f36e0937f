"""What two texts share, computed without the product: word-5-shingles as sets of words, no hash and no sample.

The levelling is that of the evaluation data's own labels (`shared/eval/README.md`): lower case, أإآ→ا, ى/ئ→ي, ؤ→و,
ة→ه, no diacritics, no tatweel. The product's own folding levels more, and must not judge itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

WIDTH = 5
Span = tuple[int, int]
Shingles = frozenset[tuple[str, ...]]

# Letters with the marks that stand on them; the marks are no letters to `\w`.
_WORD = re.compile("\\w(?:\\w|[\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed])*")
_LEVEL = str.maketrans(
    {**dict.fromkeys("أإآٱ", "ا"), **dict.fromkeys("ىئ", "ي"), "ؤ": "و", "ة": "ه", "ـ": None}
    | {chr(code): None for first, last in ((0x300, 0x36F), (0x610, 0x61A), (0x64B, 0x65F), (0x670, 0x670),
                                           (0x6D6, 0x6ED)) for code in range(first, last + 1)}
)  # fmt: skip


def words(text: str) -> list[tuple[str, Span]]:
    """Each word, levelled, with its `(start, end)` in characters of `text`."""
    return [(match[0].lower().translate(_LEVEL), match.span()) for match in _WORD.finditer(text)]


def shingles(text: str) -> Shingles:
    """The set of 5-tuples of running words; a shorter text has one, all of it, an empty one none."""
    found = [word for word, _ in words(text)]
    if len(found) <= WIDTH:
        return frozenset([tuple(found)] if found else [])
    return frozenset(zip(*(found[place:] for place in range(WIDTH)), strict=False))


@dataclass(frozen=True, slots=True)
class Shared:
    """How many shingles two texts have in common, and how many each has."""

    common: int
    one: int
    other: int

    @property
    def containment(self) -> float:
        """Of the smaller text's shingles, the share that is in the other."""
        return self.common / max(1, min(self.one, self.other))

    @property
    def jaccard(self) -> float:
        """Of all shingles, the share that is in both."""
        return self.common / max(1, self.one + self.other - self.common)


def compare(one: Shingles, other: Shingles) -> Shared:
    """What two sets share."""
    return Shared(len(one & other), len(one), len(other))


def marks(text: str, other: Shingles) -> list[Span]:
    """The stretches of `text` that are in `other`, as spans of characters, in order and apart."""
    found = words(text)
    width = min(WIDTH, len(found))
    spans: list[Span] = []
    for at in range(len(found) - width + 1 if found else 0):
        if tuple(word for word, _ in found[at : at + width]) not in other:
            continue
        start, end = found[at][1][0], found[at + width - 1][1][1]
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return spans
