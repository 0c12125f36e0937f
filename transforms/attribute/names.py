"""Finds the names of agencies in a text, and draws its shape: the text with each name as one private character.

The shape is what the habits are matched against, so that no pattern has to know two hundred spellings.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from itertools import product

from ahocorasick_rs import AhoCorasick, Implementation

from transforms.attribute.data import Agency, AgencyData
from transforms.text import Folded, fold, fold_spans

# One character per kind of name, so that patterns can tell them apart.
PLAIN, HISTORIC, HOMONYM, HISTORIC_HOMONYM = "\ue000", "\ue001", "\ue002", "\ue003"
ANY_NAME = f"[{PLAIN}-{HISTORIC_HOMONYM}]"
ANY_HISTORIC = f"[{HISTORIC}{HISTORIC_HOMONYM}]"
_PRIVATE = re.compile(ANY_NAME)
_LETTERS_APART = re.compile(r"\w(?: \w)+")
_JOINERS = (" ", "  ", ".", ". ", " . ", "-")
_ENDS = 700
# Tatweel, vowel signs, joiners and soft hyphens.
_MARKS = re.compile("[\u00ad\u0640\u064b-\u0652\u0670\u200b-\u200f\u2060]+")
_DASHES = re.compile(r"(?<!\S)\u0640+(?!\S)")
# Length-preserving and fast (C loops): enough to find where to look; the window found is then folded in full.
_QUICK = (
    ("İ", "I"), ("أ", "ا"), ("إ", "ا"), ("آ", "ا"), ("ى", "ي"), ("ی", "ي"), ("ة", "ه"), ("ё", "е"), ("\u00a0", " "),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Name:
    """One way to write one agency. `forms`: the exact written forms that count, None for any case.

    `signs`: alone in a byline it is the agency, whatever else it may mean. `misread`: as a scanner may have read it.
    """

    slug: str
    mark: str
    language: str
    forms: frozenset[str] | None
    strict: bool
    homes: tuple[str, ...]
    signs: bool = False
    misread: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """A name at `[start, end)` of the original text, `[folded_start, folded_end)` of the folded window."""

    name: Name
    start: int
    end: int
    folded_start: int
    folded_end: int


@dataclass(frozen=True, slots=True)
class Shape:
    """A window of one line, folded, with each name as one character.

    `text` begins with a line feed where the line begins, and ends with one where it ends. `hits` are in order: the
    n-th name character is the n-th hit. `raw` is the window as written; `at(i)` gives the offset in it of `text[i]`.
    """

    text: str
    hits: tuple[Hit, ...]
    raw: str
    start: int
    _folded: Folded
    _lead: int

    def count(self, end: int) -> int:
        """How many names stand in `text[:end]`."""
        return len(_PRIVATE.findall(self.text, 0, end))

    def at(self, index: int) -> int:
        folded = index - self._lead
        for hit in self.hits[: self.count(index)]:
            folded += hit.folded_end - hit.folded_start - 1
        folded = max(0, min(folded, len(self._folded.text)))
        return self._folded.span(folded, folded)[0]


def quick(text: str) -> str:
    """`text` in lower case with the commonest Arabic variants levelled; every offset stays."""
    for old, new in _QUICK:
        text = text.replace(old, new)
    lowered = text.lower()
    return lowered if len(lowered) == len(text) else text


class Names:
    """All spellings of all agencies in one automaton."""

    def __init__(self, data: AgencyData) -> None:
        self._names: dict[str, list[Name]] = defaultdict(list)
        for agency in data.agencies:
            self._add(agency)
        pairs = [tuple(pair.split()) for pair in data.habits.misreadings]
        for agency in data.agencies:
            for printed in sorted(agency.misread):
                self._add_misread(agency, {_misread(printed, old, new) for old, new in pairs})
        self._patterns = sorted({key for spelling in self._names for key in (spelling, quick(spelling))})
        self._automaton = AhoCorasick(self._patterns, implementation=Implementation.DFA)

    def _add(self, agency: Agency) -> None:
        # Strict ones first: an exact form says more than one in any case.
        for strict, pairs in ((True, agency.strict), (False, agency.spellings)):
            for language, spelling in pairs:
                historic = agency.kind == "historic" or spelling in agency.archaic
                homonym = strict and spelling in agency.homonyms
                mark = (PLAIN, HISTORIC, HOMONYM, HISTORIC_HOMONYM)[historic + 2 * homonym]
                cased = strict and spelling.lower() != spelling.upper()
                for written in _expand(spelling):
                    forms = frozenset([written]) if cased else None
                    homes, signs = tuple(fold(home) for home in agency.homes), spelling in agency.bylines
                    name = Name(agency.slug, mark, language, forms, strict, homes, signs)
                    for key in {fold(written), quick(written)}:
                        self._names[key].append(name)

    def _add_misread(self, agency: Agency, sets: set[frozenset[str]]) -> None:
        for written in sorted(frozenset[str]().union(*sets)):
            for key in {fold(written), quick(written)}:
                name = Name(agency.slug, HISTORIC_HOMONYM, "any", frozenset([written]), True, (), misread=True)
                self._names[key].append(name)

    def _name(self, key: str, written: str, language: str | None) -> Name | None:
        """The agency that `written` (folded: `key`) names in a text of `language`."""
        for name in self._names.get(key, ()):
            if name.language != "any" and name.strict and language is not None and name.language != language:
                continue
            if name.forms is None or written in name.forms:
                return name
        return None

    def rough(self, text: str, language: str | None) -> list[tuple[int, int]]:
        """Spans of `text` that may be names, in order. Near its ends vowel signs and tatweel do not hide one."""
        spans = self._spans(quick(text), text, language)
        for start, end in ((0, _ENDS), (max(_ENDS, len(text) - _ENDS), len(text))):
            part = text[start:end]
            bare = _MARKS.sub("", part)
            # Folding with offsets costs ten times this look, and such names are rare.
            if len(bare) < len(part) and len(self._spans(quick(bare), bare, language)) > _inside(spans, start, end):
                folded = fold_spans(part)
                found = [folded.span(*span) for span in self._spans(folded.text, folded.text, None, exact=False)]
                spans = sorted({*spans, *((start + left, start + right) for left, right in found)})
        return spans

    def _spans(self, haystack: str, written: str, language: str | None, exact: bool = True) -> list[tuple[int, int]]:
        found = self._automaton.find_matches_as_indexes(haystack, overlapping=True)
        length = len(haystack)
        # Most short names end inside a word: seen here at a tenth of the cost of the call.
        ended = [item for item in found if item[2] == length or not haystack[item[2]].isalnum()]
        whole = [item for item in ended if _whole(haystack, item[1], item[2])]
        return [
            (start, end)
            for pattern, start, end in whole
            if not exact or self._name(self._patterns[pattern], written[start:end], language)
        ]

    def shape(self, text: str, start: int, end: int, ends: tuple[bool, bool], language: str | None) -> Shape:
        """The shape of `text[start:end]`; `ends` tells whether a line begins and ends there."""
        raw = text[start:end]
        folded = fold_spans(_level(raw))
        lead = "\n" if ends[0] else ""
        pieces, hits, done = [lead], [], 0
        for left, right, name in self._exact(folded, raw, language):
            at, to = folded.span(left, right)
            hits.append(Hit(name, start + at, start + to, left, right))
            pieces += (folded.text[done:left], name.mark)
            done = right
        pieces += (folded.text[done:], "\n" if ends[1] else "")
        return Shape("".join(pieces), tuple(hits), raw, start, folded, len(lead))

    def _exact(self, folded: Folded, raw: str, language: str | None) -> list[tuple[int, int, Name]]:
        """Leftmost-longest names of a folded window."""
        found = []
        for pattern, left, right in self._automaton.find_matches_as_indexes(folded.text, overlapping=True):
            if _whole(folded.text, left, right):
                at, to = folded.span(left, right)
                name = self._name(self._patterns[pattern], raw[at:to], language)
                if name:
                    found.append((left, -right, name))
        found.sort(key=lambda item: item[:2])
        out, done = [], 0
        for left, minus_right, name in found:
            if left >= done:
                out.append((left, -minus_right, name))
                done = -minus_right
        return out


def _misread(printed: str, old: str, new: str) -> frozenset[str]:
    """`printed` with one `old` read as `new`, at each place where it stands."""
    places = [at for at in range(len(printed)) if printed.startswith(old, at)]
    return frozenset(printed[:at] + new + printed[at + len(old) :] for at in places)


def _inside(spans: list[tuple[int, int]], start: int, end: int) -> int:
    return sum(start <= left and right <= end for left, right in spans)


def _level(raw: str) -> str:
    """`raw` of the same length without line feeds, and with a tatweel that stands alone as the dash that it is."""
    raw = _PRIVATE.sub(" ", raw).replace("\n", " ")
    return _DASHES.sub(lambda match: "-" * len(match[0]), raw) if "\u0640" in raw else raw


def _expand(spelling: str) -> list[str]:
    """`أ ف ب` stands for every way to set letters apart."""
    if not _LETTERS_APART.fullmatch(spelling):
        return [spelling]
    first, *rest = spelling.split(" ")
    settings = product(_JOINERS, repeat=len(rest))
    return [first + "".join(map("".join, zip(joiners, rest, strict=True))) for joiners in settings]


def _whole(text: str, start: int, end: int) -> bool:
    """Is `text[start:end]` a word of its own? A joined Arabic "and" (و) may stand before it."""
    if end < len(text) and (text[end].isalnum() or text[end] == "_"):
        return False
    if not start or not (text[start - 1].isalnum() or text[start - 1] == "_"):
        return True
    joined = text[start - 1] == "و" and (start == 1 or not text[start - 2].isalnum())
    return joined and "\u0600" <= text[start] <= "\u06ff"
