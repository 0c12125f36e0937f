"""Wire credit: the agencies that a text names as its source, with the evidence, and the owners of domains."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from transforms.attribute.bylines import Bylines
from transforms.attribute.data import DEFAULT, AgencyData, check_domain, did_you_mean, read
from transforms.attribute.habits import Habits, Place
from transforms.attribute.names import Hit, Names, Shape
from transforms.attribute.patterns import compile_patterns
from transforms.attribute.spans import bare, explained, explained_next
from transforms.errors import DataError
from transforms.text import fold

HEAD, TAIL = 700, 500
_FIRST_LINES = 300
_BEFORE, _AFTER = 170, 130
# A hostile text may hold a million names: credits stand at its ends.
_MOST_WINDOWS = 60
_MOST_EVIDENCE = 24
_WRAPPED = 60
_NEXT = 80
_LONGEST_FIELD = 300


class Agencies:
    """The agencies file, ready to use. Build it with `load_agencies`."""

    def __init__(self, data: AgencyData, outlets: Mapping[str, str]) -> None:
        self.slugs = tuple(agency.slug for agency in data.agencies)
        self.version = data.version
        self.names = {agency.slug: agency.name for agency in data.agencies}
        self._names = Names(data)
        patterns = compile_patterns(data)
        self._habits, self._bylines = Habits(patterns), Bylines(patterns)
        self._owners = {domain: agency.slug for agency in data.agencies for domain in agency.outlets}
        for domain, slug in outlets.items():
            key = f"agencies.outlets.{domain}"
            check_domain("config", key, domain)
            if slug not in self.slugs:
                raise DataError("config", key, f"unknown agency {slug!r}", did_you_mean(slug, self.slugs))
            self._owners[domain] = slug

    def credits(self, title: str, body: str, author: str | None, language: str | None) -> dict[str, Any]:
        """The wire credit of an article whose fields are plain text, as written.

        Gives `{"agencies": [slug, ...], "evidence": [{"agency", "field", "start", "end", "text"}, ...]}`. Evidence
        comes in the order author, body, title, and by position in each; agencies in the order of their first evidence.
        `start` and `end` are offsets in characters of the field as given; at most 24 pieces are kept.
        """
        evidence: list[dict[str, Any]] = []
        if author and (shape := self._whole(author, language)):
            self._note(evidence, "author", author, shape, self._bylines.credited(shape))
        for shape, place in self._lines(body, language):
            credited = self._habits.line(shape, place)
            if credited and bare(shape) and self._other_sense(body, shape.hits[0], language):
                continue
            self._note(evidence, "body", body, shape, credited)
            if len(credited) < len(shape.hits) and (joined := self._joined(body, shape, language)):
                seen = {shape.hits[index].start for index in credited}
                found = self._habits.wrapped(joined, place)
                fresh = {i for i in found if joined.hits[i].start >= shape.start and joined.hits[i].start not in seen}
                self._note(evidence, "body", body, joined, fresh)
        if title and (shape := self._whole(title, language)):
            self._note(evidence, "title", title, shape, self._habits.title(shape))
        # First and last, as the ends of a text are where it is credited.
        if len(evidence) > _MOST_EVIDENCE:
            evidence = evidence[: _MOST_EVIDENCE // 2] + evidence[-_MOST_EVIDENCE // 2 :]
        return {"agencies": list(dict.fromkeys(item["agency"] for item in evidence)), "evidence": evidence}

    def owner(self, domain: str, declared: str | None) -> str | None:
        """The agency whose own outlet `domain` is: `declared` if given, else by the domain or a parent of it."""
        if declared:
            return declared
        host = domain.lower().strip().rstrip(".")
        while "." in host:
            if host in self._owners:
                return self._owners[host]
            host = host.split(".", 1)[1]
        return None

    def check(self, slug: str, file: str, key: str) -> str:
        """`slug` if it is one of ours; else raises DataError(file, key, ...) that suggests the right one."""
        if slug not in self.slugs:
            raise DataError(file, key, f"unknown agency {slug!r}", did_you_mean(slug, self.slugs))
        return slug

    def _whole(self, text: str, language: str | None) -> Shape | None:
        """The shape of a short field, or None without names in it."""
        shape = self._names.shape(text, 0, min(len(text), _LONGEST_FIELD), (True, True), language)
        return shape if shape.hits else None

    def _lines(self, body: str, language: str | None) -> Iterator[tuple[Shape, Place]]:
        """The lines of `body` (or the part of a long one) that hold names, in order."""
        spans = self._names.rough(body, language)
        if len(spans) > _MOST_WINDOWS:
            spans = spans[: _MOST_WINDOWS // 2] + spans[-_MOST_WINDOWS // 2 :]
        end_of_text = len(body.rstrip())
        for left, right, ends, start, end in _windows(body, spans):
            tail, last = end > end_of_text - TAIL, right >= end_of_text
            place = Place(
                left < _FIRST_LINES,
                start < HEAD,
                tail,
                last,
                body[max(0, left - 20) : left].rstrip(),
                body[right : right + _NEXT].lstrip(),
            )
            shape = self._names.shape(body, left, right, ends, language)
            if shape.hits:
                yield shape, place

    def _other_sense(self, body: str, hit: Hit, language: str | None) -> bool:
        """Does the text itself say what else a short name stands for, as in "Advanced Placement (AP)"?"""
        if not hit.name.strict:
            return False
        word = re.escape(body[hit.start : hit.end])
        for match in re.finditer(rf"(?<!\w){word}\s*\(([^()\n]{{2,80}})\)|\(\s*{word}\s*\)", body):
            before = body[max(0, match.start() - 80) : match.start()]
            if match[1]:
                told = explained_next(match[1], body[hit.start : hit.end])
            else:
                told = explained(fold(before), body[hit.start : hit.end]) and not self._names.rough(before, language)
            if told:
                return True
        return False

    def _joined(self, body: str, shape: Shape, language: str | None) -> Shape | None:
        """`shape` with the line before it, where a text of fixed width may have wrapped between them."""
        start = shape.start
        near = shape.text.startswith("\n") and shape.hits[0].start - start <= _WRAPPED
        if not near or start < 2 or body[start - 2] in "\n.!?":
            return None
        line = body.rfind("\n", 0, start - 1) + 1
        left = max(line, start - _BEFORE)
        return self._names.shape(body, left, start + len(shape.raw), (left == line, False), language)

    @staticmethod
    def _note(evidence: list[dict[str, Any]], field: str, text: str, shape: Shape, credited: set[int]) -> None:
        for index in sorted(credited):
            hit = shape.hits[index]
            span = {"start": hit.start, "end": hit.end, "text": text[hit.start : hit.end]}
            evidence.append({"agency": hit.name.slug, "field": field, **span})


def _windows(body: str, spans: list[tuple[int, int]]) -> Iterator[tuple[int, int, tuple[bool, bool], int, int]]:
    """What to look at for `spans`: left, right, whether a line begins and ends there, the names' extent.

    A window is a line, or the part of it that a habit can need; windows of one line that touch are one.
    """
    window: list[int] = []
    for start, end in spans:
        line_left = body.rfind("\n", 0, start) + 1
        line_right = body.find("\n", end)
        line_right = len(body) if line_right < 0 else line_right
        left, right = max(line_left, start - _BEFORE), min(line_right, end + _AFTER)
        if window and left < window[1] and line_left == window[2]:
            window[1], window[5] = max(right, window[1]), max(end, window[5])
            continue
        if window:
            yield window[0], window[1], (window[0] == window[2], window[1] == window[3]), window[4], window[5]
        window = [left, right, line_left, line_right, start, end]
    if window:
        yield window[0], window[1], (window[0] == window[2], window[1] == window[3]), window[4], window[5]


@cache
def _load(path: Path, outlets: tuple[tuple[str, str], ...]) -> Agencies:
    return Agencies(read(path), dict(outlets))


def load_agencies(path: str | Path | None = None, outlets: Mapping[str, str] | None = None) -> Agencies:
    """The agencies of `path` (default: the file that is shipped) with the config's `outlets` (domain to slug) added.

    Loaded once per process and arguments. Raises DataError naming file, key and remedy.
    """
    return _load(Path(path) if path else DEFAULT, tuple(sorted((outlets or {}).items())))
