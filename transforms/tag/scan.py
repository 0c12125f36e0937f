"""Finds the listed names in one folded text: at word boundaries, the longest first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from operator import itemgetter

from transforms.tag.gazetteer import CAPITAL, CAPITALS, CODE, EXACT, MASK, Lexicon, Memory, Opening, Sense
from transforms.text import Folded, fold_spans

_SPLIT = re.compile(r"(\w+)")
# What may stand between two words of one name: no comma, no full stop but after an initial, no quotation mark but an
# opening one (ЧВК «Вагнер»).
_GAP = re.compile(r"[\s\-'·_/]{1,4}|\s\"")
_COUNT_AND_CUT = itemgetter(0, 1)
_INITIAL_GAP = re.compile(r"\.[\s\-]?")


@dataclass
class Text:
    """One field of an article: as written, folded, and cut into words. Word `i` is `folded[starts[i]:ends[i]]`."""

    field: str
    written: str
    folded: Folded
    words: list[str]
    starts: list[int]
    ends: list[int]
    shouting: bool

    @classmethod
    def of(cls, field: str, written: str) -> Text:
        """The field `field` with the text `written`."""
        folded = fold_spans(written)
        parts = _SPLIT.split(folded.text)
        edges = list(accumulate(map(len, parts)))
        return cls(field, written, folded, parts[1::2], edges[0:-1:2], edges[1::2], written.isupper())

    def gap(self, word: int) -> str:
        """What stands before word `word`."""
        return self.folded.text[self.ends[word - 1] if word else 0 : self.starts[word]]

    def capital(self, word: int, cut: int = 0) -> bool:
        """Whether the word begins with a letter that is not small; a script without case has none that are."""
        at = self.starts[word] + cut
        letter = self.written[self.folded.span(at, at + 1)[0]]
        return not letter.islower()

    @cached_property
    def headline(self) -> bool:
        """Whether most words have a capital, so that it tells nothing; true of every script without case."""
        return sum(map(self.capital, range(len(self.words)))) > 0.6 * len(self.words)

    def slice(self, start: int, end: int) -> str:
        """The text as written under a span of the folded text."""
        start, end = self.folded.span(start, end)
        return self.written[start:end]


@dataclass(slots=True)
class Hit:
    """A listed name at words `[first, last)` of a text, and what its letters allow it to mean. `cut`: a proclitic's."""

    text: Text
    first: int
    last: int
    cut: int
    senses: list[Sense]

    def span(self) -> tuple[int, int]:
        """Half-open, into the field as written, without the proclitic."""
        return self.text.folded.span(self.text.starts[self.first] + self.cut, self.text.ends[self.last - 1])


def scan(text: Text, lexicon: Lexicon, memory: Memory, language: str | None) -> Iterator[Hit]:
    """The hits of `text`, left to right, not overlapping; masked phrases are consumed and not given."""
    free = 0
    words = text.words
    # Most words open no name, and a comprehension passes over them faster than the loop.
    hopeful = [
        (i, openings[2])
        for i, (openings, second) in enumerate(zip(map(memory.__getitem__, words), [*words[1:], ""], strict=False))
        if openings is not None and (openings[0] or second in openings[1])
    ]
    for i, readings in hopeful:
        hit = _longest(text, i, readings, lexicon, language) if i >= free else None
        if hit is not None:
            free = hit.last
            if hit.senses:
                yield hit


def _longest(text: Text, i: int, readings: tuple[Opening, ...], lexicon: Lexicon, language: str | None) -> Hit | None:
    """The longest name that begins at word `i`; of two readings of equal length the one that cuts fewer letters."""
    words = text.words
    second = words[i + 1] if i + 1 < len(words) else ""
    tries: list[tuple[int, int, list[Sense]]] = []
    for cut, rest, single, seconds in readings:
        if seconds is not None and second in seconds:
            for count in seconds[second]:
                senses = lexicon.find(" ".join((rest, *words[i + 1 : i + count])))
                if senses is not None and i + count <= len(words) and _joined(text, i, count):
                    tries.append((-count, cut, senses))
        if single is not None:
            tries.append((-1, cut, single))
    if len(tries) > 1:
        tries.sort(key=_COUNT_AND_CUT)
    for count, cut, senses in tries:
        if senses[0].kind == MASK:
            return Hit(text, i, i - count, cut, [])
        allowed = [sense for sense in senses if _fits(text, i, -count, cut, sense, language)]
        if allowed:
            return Hit(text, i, i - count, cut, allowed)
    return None


def _joined(text: Text, i: int, count: int) -> bool:
    for k in range(i + 1, i + count):
        gap = text.gap(k)
        if gap == " " or _GAP.fullmatch(gap):
            continue
        if not (_INITIAL_GAP.fullmatch(gap) and len(text.words[k - 1]) <= 3):
            return False
    return True


def _fits(text: Text, i: int, count: int, cut: int, sense: Sense, language: str | None) -> bool:
    if language in sense.other:
        return False
    if sense.case in (CAPITAL, CAPITALS):
        return text.capital(i, cut) and (sense.case == CAPITAL or count == 1 or text.capital(i + count - 1))
    if sense.case == EXACT:
        if sense.kind == CODE and text.shouting:
            return False
        return text.slice(text.starts[i] + cut, text.ends[i + count - 1]) == sense.written
    return True
