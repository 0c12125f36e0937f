"""The phrases of `furniture.yaml`, compiled: which kind of furniture, if any, a line is."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal

from transforms.clean.data import DATA, Strict, load
from transforms.errors import DataError
from transforms.text import fold, fold_spans

Kind = Literal["line", "label", "colon", "start", "photo", "copyright", "related", "tail", "block", "trim", "end"]
_FILE = "furniture.yaml"
_TOKEN = re.compile(r"\{\w*\}|©|\w+")
_WORD = re.compile(r"\w+")
_OPEN_END = re.compile(r"…|\.\.\.|[→»›⟶>]\W*$")
# Between the parts of a line about an article: "5 January 2026 · 4 min read · Leave a comment".
_JOINTS = re.compile(r"\s[·|•/]\s")
_ARROW = re.compile("[→»›⟶>]")
_PART = re.compile(r"\d+|[^\W\d]+")
_FIRST = re.compile(r"©|\w+")
_SLOTS = {"{n}": r"\d+(?:[.,]\d+)?", "{any}": r"\S.{0,99}?", "{date}": r"\d.{0,60}?"}
# In characters: no line longer than this is of that kind.
_LONGEST: dict[str, int] = {"colon": 400, "photo": 240, "start": 3000, "copyright": 600}
_LONGEST_LINE = 220
_MOST_WORDS = 40
_SEPARATOR = r"[^\w:|»>›-]{{0,3}}(?:[:|»>›]|\s-\s)"
_FORMS = {
    **dict.fromkeys(("line", "related", "tail", "block"), r"\W*{}\W*$"),
    **dict.fromkeys(("label", "start", "copyright"), r"\W*{}(?!\w)"),
    "colon": rf"\W*{{}}(?!\w)(?P<separator>{_SEPARATOR})?",
    "photo": r"\W*{}" + _SEPARATOR,
}
# Kinds whose phrases may stand side by side in one line, as buttons do.
_IN_ROWS = {"line", "label", "related"}


class _File(Strict):
    languages: dict[str, dict[Kind, tuple[str, ...]]]
    widgets: tuple[str, ...]
    breadcrumbs: tuple[str, ...]
    dates: tuple[tuple[str, ...], ...]
    credits: tuple[str, ...]
    credit_links: tuple[str, ...]
    classes: tuple[str, ...]
    small_classes: tuple[str, ...]
    sharing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Phrase:
    kind: Kind
    pattern: re.Pattern[str]
    open: bool


@dataclass(frozen=True, slots=True)
class Match:
    """What a line is. `open` tells that the phrase holds {any}."""

    kind: str
    open: bool = False


@dataclass(frozen=True, slots=True)
class Boxes:
    """HTML elements that are furniture: their classes, those that also name other things, and links that share."""

    classes: frozenset[str]
    small_classes: frozenset[str]
    sharing: re.Pattern[str]


@dataclass(frozen=True)
class Phrases:
    """The compiled file; `by_first` has the phrases by their first folded word ("0" for a number).

    `rows` has the words of those that may stand in a row, the longest first.
    """

    by_first: dict[str, tuple[_Phrase, ...]]
    rows: dict[str, tuple[tuple[str, ...], ...]]
    trims: dict[str, tuple[re.Pattern[str], ...]]
    ends: re.Pattern[str]
    widgets: frozenset[str]
    breadcrumbs: frozenset[str]
    dates: frozenset[str]
    agencies: frozenset[str]
    credit_words: frozenset[str]
    boxes: Boxes

    def match(self, line: str, linked: bool = False) -> Match | None:
        """What kind of furniture a stripped line is by itself, "date" for a mere date, None for what may be story.

        `linked`: the line is a link, or little more.
        """
        first = _FIRST.search(line, 0, 40)
        if first is None:
            # A line of signs; "…" and "..." may stand for something that was left out.
            return Match("line") if len(line) <= 40 and not _WORD.search(line) else None
        word = _folded(first[0])
        key = "0" if word[:1].isdigit() else word
        candidates = self.by_first.get(key, ())
        short = len(line) <= _LONGEST_LINE
        if short and (parts := _JOINTS.split(line))[1:] and self._are_parts(parts):
            return Match("line")
        if not candidates and not (short and (word in self.widgets or word in self.breadcrumbs or self._dated(word))):
            return None
        folded = fold(line[:3000])
        for phrase in candidates:
            if len(line) > _LONGEST.get(phrase.kind, _LONGEST_LINE):
                continue
            found = phrase.pattern.match(folded)
            if found and (kind := self._held(phrase.kind, found, folded, linked)):
                return Match(kind, phrase.open)
        return self._row(line, word, folded) if short else None

    def _are_parts(self, parts: list[str]) -> bool:
        """Whether each part of a line is furniture by itself, and not all are dates."""
        kinds = [found.kind for part in parts if part and (found := self.match(part))]
        return len(kinds) == len(parts) and any(kind != "date" for kind in kinds)

    def is_credit(self, line: str) -> bool:
        """Whether a line says nothing but which agencies the text is from."""
        if len(line) > 100:
            return False
        words = _WORD.findall(fold(line))
        if self.agencies.isdisjoint(words):
            return False
        return all(word in self.credit_words or word.isdigit() for word in words)

    def trimmed(self, line: str) -> str:
        """`line` without a phrase of kind `trim` at its beginning."""
        first = _FIRST.search(line, 0, 40)
        if first is None or (patterns := self.trims.get(_folded(first[0]))) is None:
            return line
        head = fold_spans(line[:120])
        for pattern in patterns:
            if found := pattern.match(head.text):
                return line[head.span(found.end(), len(head.text))[0] :]
        return line

    def ended(self, line: str) -> str:
        """`line`, the last of a text, without a phrase of kind `end` at its end."""
        if not _OPEN_END.search(line, max(len(line) - 120, 0)):
            return line
        start = max(len(line) - 120, 0)
        tail = fold_spans(line[start:])
        found = self.ends.search(tail.text)
        if found is None or not (found["gap"] or _ARROW.search(found["rest"])):
            return line
        # "[…]" stands for the link, "…" for the words that are missing.
        cut = found.start("gap") if (found["gap"] or "").startswith("[") else found.start("phrase")
        return line[: start + tail.span(cut, len(tail.text))[0]].rstrip()

    def _dated(self, word: str) -> bool:
        return word[:1].isdigit() or word in self.dates

    def _is_date(self, folded: str) -> bool:
        parts = _PART.findall(folded)
        # A number alone may head a section.
        return len(parts) > 1 and any(map(str.isdigit, parts)) and all(p.isdigit() or p in self.dates for p in parts)

    def _held(self, kind: Kind, found: re.Match[str], folded: str, linked: bool) -> Kind | None:
        """The kind of a line in which a phrase was found, None where the rest of the line speaks against it."""
        rest = folded[found.end() :]
        if kind == "label":
            return kind if not _WORD.search(rest) or (len(rest) <= 90 and self._is_date(rest)) else None
        if kind == "copyright":
            return kind if self.agencies.isdisjoint(_WORD.findall(folded)) else None
        if kind not in {"colon", "photo"}:
            return kind
        words = len(_WORD.findall(rest))
        if kind == "colon" and not (found["separator"] or (linked and words)):
            return None
        # What the phrase announces comes in the lines that follow.
        return "related" if kind == "colon" and not words else kind if words <= _MOST_WORDS else None

    def _row(self, line: str, word: str, folded: str) -> Match | None:
        words = _WORD.findall(folded)
        if self.widgets.issuperset(words) or self._is_row(words):
            return Match("line")
        if word in self.breadcrumbs and re.match(r"\W*\w+\s*[>»›/|→]\s*\w", line):
            return Match("line")
        if self._dated(word) and len(line) <= 80 and self._is_date(folded):
            return Match("date")
        return None

    def _is_row(self, words: list[str]) -> bool:
        """Whether the words are those of buttons and labels side by side: "Like this: Like Loading..."."""
        words = ["0" if word[0].isdigit() else word for word in words]
        place = parts = 0
        phrase = False
        while place < len(words):
            word = words[place]
            found = next((p for p in self.rows.get(word, ()) if tuple(words[place : place + len(p)]) == p), ())
            if not found and not (word == "0" or word in self.widgets or word in self.dates):
                return False
            # Words that are a button by themselves mean other things in other lines.
            phrase = phrase or len(found) > 1
            parts += bool(found) or word in self.widgets
            place += len(found) or 1
        return parts > 1 and phrase


@cache
def phrases() -> Phrases:
    """The phrases, loaded once per process; raises DataError."""
    file = load(DATA / _FILE, _File)
    by_first: dict[str, list[_Phrase]] = defaultdict(list)
    trims: dict[str, list[re.Pattern[str]]] = defaultdict(list)
    rows: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    ends: list[str] = []
    for language, kinds in file.languages.items():
        for kind, texts in kinds.items():
            for place, text in enumerate(texts):
                first, pattern = _compiled(text, f"languages.{language}.{kind}.{place}")
                if kind == "end":
                    ends.append(pattern)
                elif kind == "trim":
                    trims[first].append(re.compile(rf"\W*{pattern}\W+(?=\w)"))
                else:
                    by_first[first].append(_Phrase(kind, re.compile(_FORMS[kind].format(pattern)), "{any}" in text))
                if kind in _IN_ROWS and (row := _row_words(text)):
                    rows[first].append(row)
    agencies = _words(file.credits)
    return Phrases(
        by_first={first: tuple(found) for first, found in by_first.items()},
        rows={first: tuple(sorted(found, key=len, reverse=True)) for first, found in rows.items()},
        trims={first: tuple(found) for first, found in trims.items()},
        ends=re.compile(
            rf"(?P<gap>\[?\s?(?:…|\.\.\.)\W*)?\b(?P<phrase>{'|'.join(ends)})(?P<rest>\W*)$" if ends else "(?!)"
        ),
        widgets=_words(file.widgets),
        breadcrumbs=_words(file.breadcrumbs),
        dates=_words(word for group in file.dates for word in group),
        agencies=agencies,
        credit_words=agencies | _words(file.credit_links),
        boxes=_boxes(file),
    )


def _boxes(file: _File) -> Boxes:
    parts = "|".join(re.escape(part) for part in file.sharing)
    sharing = re.compile(rf"(?i)(?:{parts})" if parts else "(?!)")
    return Boxes(frozenset(file.classes), frozenset(file.small_classes), sharing)


@lru_cache(maxsize=20_000)
def _folded(word: str) -> str:
    return fold(word)


def _words(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(word for text in texts for word in _WORD.findall(fold(text)))


def _row_words(text: str) -> tuple[str, ...]:
    """The folded words of a phrase, "0" for a number; none where the phrase leaves room for anything."""
    words = tuple("0" if word == "{n}" or word[0].isdigit() else word for word in _TOKEN.findall(fold(text)))
    return () if any(word[0] in "{©" for word in words) else words


def _compiled(text: str, key: str) -> tuple[str, str]:
    """A phrase's first word, folded ("0" for a number), and the phrase as a regular expression over folded text."""
    tokens = _TOKEN.findall(fold(text))
    if unknown := [token for token in tokens if token[0] == "{" and token not in _SLOTS]:
        raise DataError(_FILE, key, f"unknown placeholder {unknown[0]}", f"use one of {', '.join(_SLOTS)}")
    if not tokens or tokens[0] in {"{any}", "{date}"}:
        raise DataError(_FILE, key, f"{text!r} does not begin with a word", "begin with a word, {n} or ©")
    first = "0" if tokens[0] == "{n}" or tokens[0][0].isdigit() else tokens[0]
    return first, r"\W+".join(_SLOTS.get(token, re.escape(token)) for token in tokens).replace("©\\W+", "©\\W*")
