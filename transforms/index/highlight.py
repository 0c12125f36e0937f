"""The fragment of an article that shows why it was found, as written, with the matching words marked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from transforms.index.interface import MARK_END, MARK_START
from transforms.index.query import Parsed, Term
from transforms.index.words import base, fold_word, forms, marks

_FRAGMENT = 240  # characters
_LEAD = 60  # of them before the first match
_SEARCHED = 40_000  # characters of a body that are looked through
# Controls, bidi controls and our own marks would let a text play tricks on the terminal or pass for a match.
_UNSAFE = re.compile(
    f"[\\s\\x00-\\x1f\\x7f-\\x9f\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069{MARK_START}{MARK_END}]+"
)


@cache
def _word() -> re.Pattern[str]:
    return re.compile(f"[\\w{marks()}]+")


class Matcher:
    """Which words of a text a query matched."""

    def __init__(self, parsed: Parsed) -> None:
        terms = [term for group in parsed.wanted for term in group]
        self._exact = {word for term in terms for word in term.words[: len(term.words) - term.prefix]}
        self._prefixes = tuple(term.words[-1] for term in terms if term.prefix)
        single = {term.words[0] for term in terms if _single(term)}
        self._loose = single | {bare for word in single if (bare := base(word))}

    def __call__(self, folded: str) -> bool:
        if folded in self._exact or folded in self._loose or folded.startswith(self._prefixes or ("\0",)):
            return True
        return any(form in self._loose or form.startswith(self._prefixes or ("\0",)) for form in forms(folded))

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where matching words stand in `text` as written."""
        for found in _word().finditer(text):
            folded = fold_word(found[0])
            if len(folded) == len(found[0]) > 1:  # a script without spaces: each character is a word
                yield from ((found.start() + at, found.start() + at + 1) for at, one in enumerate(folded) if self(one))
            elif any(self(word) for word in folded):
                yield found.span()


def _single(term: Term) -> bool:
    return len(term.words) == 1 and not term.prefix


def highlight(parsed: Parsed, title: str, body: str) -> str:
    """A line of about 240 characters of the body (else the title) with matches between the marks."""
    matcher = Matcher(parsed)
    searched = body[:_SEARCHED]
    spans = list(matcher.spans(searched))
    if not spans and (titled := list(matcher.spans(title))):
        return _marked(title, titled, 0, len(title))
    start = _best(spans)
    end = min(len(body), start + _FRAGMENT)
    start, end = _whole_words(body, start, end)
    fragment = _marked(body, spans, start, end)
    return f"{'…' if start else ''}{fragment}{'…' if end < len(body) else ''}"


def _best(spans: list[tuple[int, int]]) -> int:
    """Where a fragment starts that shows the most matches, the earliest of these."""
    best, most, last = 0, 0, 0
    for first, (start, _) in enumerate(spans):
        last = max(last, first)
        while last < len(spans) and spans[last][1] <= start - _LEAD + _FRAGMENT:
            last += 1
        if last - first > most:
            best, most = max(0, start - _LEAD), last - first
    return best


def _whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """The same stretch without the torn words at its ends, where a space is near."""
    if start:
        space = text.find(" ", start, start + 30)
        start = space + 1 if space >= 0 else start
    if end < len(text):
        space = text.rfind(" ", end - 30, end)
        end = space if space > start else end
    return start, end


def _marked(text: str, spans: list[tuple[int, int]], start: int, end: int) -> str:
    out, at = [], start
    for first, last in spans:
        if first < at or last > end:
            continue
        out += [_plain(text[at:first]), MARK_START, _plain(text[first:last]), MARK_END]
        at = last
    return "".join([*out, _plain(text[at:end])]).strip()


def _plain(text: str) -> str:
    return _UNSAFE.sub(" ", text)
