"""Finds the listed names in one folded text: at word boundaries, the longest first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate

from transforms.tag.gazetteer import CAPITAL, CAPITALS, CODE, EXACT, MASK, Lexicon, Memory, Sense
from transforms.text import Folded

_SPLIT = re.compile(r"(\w+)")
# What may stand between two words of one name: no comma, no full stop but after an initial, no quotation mark but an opening one (ЧВК «Вагнер»).
_GAP = re.compile(r"[\s\-'·_/]{1,4}|\s\"")
_INITIAL_GAP = re.compile(r"\.[\s\-]?")


@dataclass(slots=True)
class Text:
    """One field of an article: as written, folded, and cut into words. Word `i` is `folded[starts[i]:ends[i]]`."""

    field: str
    written: str
    folded: Folded
    words: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    shouting: bool = False

    def __post_init__(self) -> None:
        parts = _SPLIT.split(self.folded.text)
        edges = list(accumulate(map(len, parts)))
        self.words, self.starts, self.ends = parts[1::2], edges[0:-1:2], edges[1::2]
        self.shouting = self.written.isupper()

    def gap(self, word: int) -> str:
        """What stands before word `word`."""
        return self.folded.text[self.ends[word - 1] if word else 0 : self.starts[word]]

    def capital(self, word: int, cut: int = 0) -> bool:
        """Whether the word begins with a letter that is not small; a script without case has none that are."""
        at = self.starts[word] + cut
        letter = self.written[self.folded.span(at, at + 1)[0]]
        return not letter.islower()

    def slice(self, start: int, end: int) -> str:
        """The text as written under a span of the folded text."""
        start, end = self.folded.span(start, end)
        return self.written[start:end]


@dataclass(slots=True)
class Hit:
    """A listed name at words `[first, last)` of a text, with the meanings that its letters allow. `cut`: letters of a proclitic."""

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
    after = 0
    # Two passes: most words open no name, and a comprehension passes over them faster than this loop.
    for i, openings in [one for one in enumerate(map(memory.__getitem__, text.words)) if one[1]]:
        if i < after:
            continue
        hit = _longest(text, i, openings, lexicon, language)
        if hit is not None:
            after = hit.last
            if hit.senses:
                yield hit


def _longest(
    text: Text, i: int, openings: tuple[tuple[int, str, tuple[int, ...]], ...], lexicon: Lexicon, language: str | None
) -> Hit | None:
    words, names = text.words, lexicon.senses
    tries = [(count, cut, rest) for cut, rest, counts in openings for count in counts]
    if len(openings) > 1:
        tries.sort(key=lambda one: (-one[0], one[1]))
    for count, cut, rest in tries:
        if count > 1:
            if i + count > len(words):
                continue
            senses = names.get(" ".join((rest, *words[i + 1 : i + count])))
        else:
            senses = names.get(rest)
        if not senses or (count > 1 and not _joined(text, i, count)):
            continue
        if senses[0].kind == MASK:
            return Hit(text, i, i + count, cut, [])
        allowed = [sense for sense in senses if _fits(text, i, count, cut, sense, language)]
        if allowed:
            return Hit(text, i, i + count, cut, allowed)
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
