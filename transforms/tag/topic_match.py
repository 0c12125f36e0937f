"""Finds all phrases of one language in one pass over a text.

The text is cut at white space only, which costs little; what a piece such as `(sanctions,` holds is worked out once
and remembered, folding included, so that an article costs one dictionary look-up a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice

from transforms.tag.topic_patterns import Element, Phrase, arabic_forms
from transforms.text import fold

Span = tuple[int, int]
"""First and last word of a hit, both included."""

Rest = tuple[tuple[int, int], ...]
"""What follows a phrase's first element: (element, words allowed before it)."""

# Marks that folding drops belong to the word they stand in; the tatweel is a letter to `re` already.
_WORD = re.compile(
    r"[\w\u00ad\u0300-\u036f\u0610-\u061a\u061c\u064b-\u065f\u0670\u06d6-\u06ed"
    r"\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+"
)
_PIECE = re.compile(r"\n|[^\s\x1c-\x1f\x85]+")
_LINE_END = "\n"
_ENDS = re.compile(r"[.!?؟…;؛]")
# A vocabulary larger than this is not language; forget it instead of growing without end.
_MEMO_LIMIT = 200_000
_LONGEST_PIECE = 60
# More hits of one phrase add no points; the bound keeps a hostile text from costing the square of its length.
_MOST_HITS = 100


@dataclass(frozen=True, slots=True)
class _Word:
    """What a word can be: its elements, the phrases that may begin here, and whether a sentence ends behind it."""

    elements: frozenset[int]
    starts: tuple[tuple[int, Rest], ...]
    ends: bool


_PLAIN = _Word(frozenset(), (), ends=False)
_END = _Word(frozenset(), (), ends=True)


class _Memo(dict[str, tuple[_Word, ...]]):
    """A piece of text without white space -> its words, worked out at first sight."""

    def __init__(self, language: str, elements: dict[Element, int], starts: list[list[tuple[int, Rest]]]) -> None:
        super().__init__({_LINE_END: (_END,)})
        self._arabic = language == "ar"
        self._starts = starts
        self._exact: dict[str, list[int]] = {}
        self._prefix: dict[str, list[int]] = {}
        for element, number in elements.items():
            for term in element:
                (self._prefix if term.prefix else self._exact).setdefault(term.text, []).append(number)
        self._shared: dict[tuple[_Word, ...], tuple[_Word, ...]] = {}
        self._longest = max((len(stem) for stem in self._prefix), default=0)

    def __missing__(self, piece: str) -> tuple[_Word, ...]:
        if piece == _LINE_END:
            # Another thread has just cleared the memo. Without its end of the line all words behind it would move.
            return (_END,)
        found = [(match[0], match.end()) for match in _WORD.finditer(piece)]
        # The point of an initial, as in U.S., ends no sentence; nor does one inside a piece.
        words = tuple(
            self._word(word, ends=len(word) > 1 and at == len(found) - 1 and _ENDS.search(piece, end) is not None)
            for at, (word, end) in enumerate(found)
        )
        # Most pieces are alike to us; sharing their value keeps memory, and the garbage collector's rounds, small.
        words = self._shared.setdefault(words, words)
        if len(piece) <= _LONGEST_PIECE:
            if len(self) > _MEMO_LIMIT:
                self.clear()
                self._shared.clear()
                self[_LINE_END] = (_END,)
            self[piece] = words
        return words

    def _word(self, word: str, *, ends: bool) -> _Word:
        found: set[int] = set()
        folded = fold(word[:_LONGEST_PIECE])
        for form in arabic_forms(folded) if self._arabic else (folded,):
            found.update(self._exact.get(form, ()))
            for length in range(3, min(len(form), self._longest) + 1):
                found.update(self._prefix.get(form[:length], ()))
        if not found:
            return _END if ends else _PLAIN
        starts = tuple(start for element in sorted(found) for start in self._starts[element])
        return _Word(frozenset(found), starts, ends)


@dataclass(slots=True)
class Scan:
    """What was found in one field: `hits` maps a phrase number to its spans in reading order; `length` in words."""

    text: str
    length: int
    hits: dict[int, list[Span]]
    _letters: list[Span] = field(default_factory=list)
    _more: Iterator[Span] | None = None

    def letters(self, first: int, last: int) -> Span:
        """The half-open character span of the words `first` to `last`; reads the text no further than that."""
        if self._more is None:
            self._more = _letters(self.text)
        self._letters.extend(islice(self._more, max(0, last + 1 - len(self._letters))))
        return self._letters[first][0], self._letters[last][1]


def _letters(text: str) -> Iterator[Span]:
    """The character span of each word, counted as `Matcher.scan` counts them: a line's end is one."""
    for piece in _PIECE.finditer(text):
        if piece[0] == _LINE_END:
            yield piece.span()
        for word in _WORD.finditer(text, *piece.span()):
            yield word.span()


class Matcher:
    """The phrases of one language, numbered; `scan` finds them. Safe to share between threads."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._phrases: dict[tuple[tuple[Element, ...], tuple[int, ...]], int] = {}
        self._elements: dict[Element, int] = {}
        self._starts: list[list[tuple[int, Rest]]] = []
        self._memo: _Memo | None = None

    def add(self, phrase: Phrase) -> int:
        """The number of `phrase`, the same for the same phrase from two topics. Call before the first `scan`."""
        key = (phrase.elements, phrase.gaps)
        number = self._phrases.get(key)
        if number is None:
            number = self._phrases[key] = len(self._phrases)
            first, *rest = [self._element(element) for element in phrase.elements]
            self._starts[first].append((number, tuple(zip(rest, phrase.gaps[1:], strict=True))))
        return number

    def _element(self, element: Element) -> int:
        if element not in self._elements:
            self._elements[element] = len(self._starts)
            self._starts.append([])
        return self._elements[element]

    def scan(self, text: str) -> Scan:
        """All hits in a text as written. Overlapping hits are all given."""
        memo = self._memo
        if memo is None:
            memo = self._memo = _Memo(self._language, self._elements, self._starts)
        lines = text.split("\n")
        pieces = lines[0].split()
        for line in lines[1:]:
            pieces.append(_LINE_END)
            pieces += line.split()
        words = list(chain.from_iterable(map(memo.__getitem__, pieces)))
        scan = Scan(text, len(words), {})
        hits = scan.hits
        for at, starts in [(at, word.starts) for at, word in enumerate(words) if word.starts]:
            for number, rest in starts:
                last = _follow(words, at, rest) if rest else at
                if last >= 0:
                    spans = hits.setdefault(number, [])
                    if len(spans) < _MOST_HITS:
                        spans.append((at, last))
        return scan


def _follow(words: list[_Word], at: int, rest: Rest) -> int:
    """The last word of the phrase that begins at `at`, or -1. A gap is closed at the nearest word that fits."""
    for element, gap in rest:
        for there in range(at + 1, at + gap + 2):
            if there >= len(words) or words[there - 1].ends:
                return -1
            if element in words[there].elements:
                at = there
                break
        else:
            return -1
    return at


def windows(groups: Iterable[list[Span]], within: int) -> Iterator[tuple[Span, ...]]:
    """One span of each group, no more than `within` words between first and last, in any order.

    Each span of the first group is used at most once, with the nearest of the others.
    """
    first, *others = groups
    for anchor in first:
        chosen = [anchor]
        for spans in others:
            near = [(gap, span) for span in spans if 0 < (gap := _distance(anchor, span)) <= within]
            if not near:
                break
            chosen.append(min(near)[1])
        else:
            if max(last for _, last in chosen) - min(start for start, _ in chosen) <= within:
                yield tuple(chosen)


def _distance(one: Span, other: Span) -> int:
    """Words from one span to the other: 1 when they touch, 0 when they overlap."""
    return max(other[0] - one[1], one[0] - other[1], 0)
