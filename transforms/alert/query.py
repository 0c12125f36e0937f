"""A rule's Lucene-style query as a tree that answers for one article: whether it matches, and where.

Fields: title, body (text, folded, whole words); language, source, domain, topic, entity, agency, role (exact, folded);
published, first_seen (dates and ranges). Without a field a term is looked for in title and body. Words side by side
must all match, as in `search`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from transforms.alert.pattern import Pattern, near
from transforms.alert.view import DATE_FIELDS, TEXT_FIELDS, View

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Hit:
    """Where and why a query matched: `[start, end)` of a text field as written; no span for the other fields."""

    field: str
    start: int | None
    end: int | None
    why: str


class Node(Protocol):
    """A part of a query."""

    def matches(self, view: View) -> bool:
        """Whether the article satisfies this part."""

    def hits(self, view: View) -> Iterator[Hit]:
        """What in a matching article satisfied it; nothing for what had to be absent."""


@dataclass(frozen=True, slots=True)
class All:
    """Every part must match."""

    parts: tuple[Node, ...]

    def matches(self, view: View) -> bool:
        return all(part.matches(view) for part in self.parts)

    def hits(self, view: View) -> Iterator[Hit]:
        for part in self.parts:
            yield from part.hits(view)


@dataclass(frozen=True, slots=True)
class Some:
    """At least one part must match."""

    parts: tuple[Node, ...]

    def matches(self, view: View) -> bool:
        return any(part.matches(view) for part in self.parts)

    def hits(self, view: View) -> Iterator[Hit]:
        for part in self.parts:
            if part.matches(view):
                yield from part.hits(view)


@dataclass(frozen=True, slots=True)
class Without:
    """The part must not match."""

    part: Node

    def matches(self, view: View) -> bool:
        return not self.part.matches(view)

    def hits(self, view: View) -> Iterator[Hit]:
        return iter(())


@dataclass(frozen=True, slots=True)
class Words:
    """A word or phrase in one text field."""

    field: str
    pattern: Pattern
    shown: str

    def matches(self, view: View) -> bool:
        return self.pattern.matches(view.folded(self.field))

    def hits(self, view: View) -> Iterator[Hit]:
        for start, end in self.pattern.find(view.folded(self.field)):
            yield Hit(self.field, *view.span(self.field, start, end), self.shown)


@dataclass(frozen=True, slots=True)
class Near:
    """The words of a phrase within `slop` moves of their places."""

    field: str
    patterns: tuple[Pattern, ...]
    slop: int
    shown: str

    def _window(self, view: View) -> tuple[int, int] | None:
        text = view.folded(self.field)
        found = [list(pattern.find(text)) for pattern in self.patterns]
        if not all(found):
            return None
        starts = [match.start() for match in _WORD.finditer(text)]
        placed = [[bisect_right(starts, start) for start, _ in spans] for spans in found]
        window = near(placed, self.slop)
        if window is None:
            return None
        first, last = starts[window[0] - 1], starts[window[1] - 1]
        match = _WORD.match(text, last)
        return first, match.end() if match else last

    def matches(self, view: View) -> bool:
        return self._window(view) is not None

    def hits(self, view: View) -> Iterator[Hit]:
        window = self._window(view)
        if window:
            yield Hit(self.field, *view.span(self.field, *window), self.shown)


@dataclass(frozen=True, slots=True)
class Keyword:
    """One of a field's values is this one, or fits its wildcards."""

    field: str
    value: str
    wild: re.Pattern[str] | None

    def matches(self, view: View) -> bool:
        values = view.keywords(self.field)
        if self.wild is None:
            return self.value in values
        return any(self.wild.fullmatch(value) for value in values)

    def hits(self, view: View) -> Iterator[Hit]:
        yield Hit(self.field, None, None, f"{self.field} {self.value}")


@dataclass(frozen=True, slots=True)
class Dates:
    """A date lies in `[low, high)`, in seconds UTC; None leaves a side open."""

    field: str
    low: int | None
    high: int | None

    def matches(self, view: View) -> bool:
        at = view.date(self.field)
        return at is not None and (self.low is None or at >= self.low) and (self.high is None or at < self.high)

    def hits(self, view: View) -> Iterator[Hit]:
        return iter(())


@dataclass(frozen=True, slots=True)
class Exists:
    """The field holds something."""

    field: str

    def matches(self, view: View) -> bool:
        if self.field in TEXT_FIELDS:
            return bool(view.document.get(self.field))
        return view.date(self.field) is not None if self.field in DATE_FIELDS else bool(view.keywords(self.field))

    def hits(self, view: View) -> Iterator[Hit]:
        return iter(())
