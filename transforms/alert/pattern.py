"""A word or phrase of a query, found in folded text: whole words, wildcards, Arabic words with their prefixes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from transforms.text import fold

# Conjunction, then preposition and article: "and with the". Folded, every alif is bare; "for the" is written لل.
_CLITICS = "[وف]?(?:[بك]?ال|لل|[بلك])?"
_DEFINITE = "[وف]?(?:[بك]?ال|لل)"
_LONGEST_CLITIC = 4
_ARABIC = re.compile("[\u0621-\u064a]")
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_PARTS = re.compile(r"\\(.)|([*?])|(\w+)|(.)", re.DOTALL)
# Private letters stand for wildcards while a term is folded and split.
_ANY, _ONE = "\ue000", "\ue001"
_TOKEN = re.compile(f"[\\w{_ANY}{_ONE}]+")
_WILD = re.compile(f"[{_ANY}{_ONE}]+")


def tokens(term: str, wildcards: bool = True) -> list[str]:
    """The folded words of a query term; `*` and `?` become private letters unless escaped or `wildcards` is off."""
    marked = []
    for escaped, wild, word, other in _PARTS.findall(term):
        marked.append({"*": _ANY, "?": _ONE}[wild] if wild and wildcards else escaped or word or other or wild)
    return _TOKEN.findall(fold("".join(marked)))


def shape(token: str) -> str:
    """The regular expression of one token, without its borders."""
    escaped = re.escape(token).replace(_ANY, r"\w*").replace(_ONE, r"\w")
    if not _ARABIC.match(token):
        return escaped
    if token.startswith("ال") and len(token) > 3:
        return _DEFINITE + escaped[2:]
    return _CLITICS + escaped


def bare(token: str) -> str:
    """The token without the article that `shape` makes optional to spell."""
    return token[2:] if token.startswith("ال") and len(token) > 3 else token


def _word_start(text: str, at: int, lowest: int) -> int:
    while at > lowest and (text[at - 1].isalnum() or text[at - 1] == "_"):
        at -= 1
    return at


@dataclass(frozen=True)
class Pattern:
    """Neighbouring tokens. `find` yields half-open spans in the folded text."""

    words: tuple[str, ...]

    @cached_property
    def literal(self) -> str:
        """The longest piece that a text must hold for the tokens to be in it."""
        return max((piece for word in self.words for piece in _WILD.split(bare(word))), key=len)

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        body = r"\W+".join(shape(word) for word in self.words)
        if _UNSPACED.search("".join(self.words)):
            return re.compile(r"\W*".join(shape(word) for word in self.words))
        return re.compile(rf"(?<!\w){body}(?!\w)")

    @cached_property
    def _anchor(self) -> tuple[str, int]:
        """What every match holds near its start ("" if a wildcard leads), and how many letters may stand before it."""
        return _WILD.split(bare(self.words[0]))[0], _LONGEST_CLITIC if _ARABIC.match(self.words[0]) else 0

    def find(self, text: str) -> Iterator[tuple[int, int]]:
        """Where the tokens stand in `text`, in order, without overlap."""
        anchor, back = self._anchor
        if not anchor:
            yield from (match.span() for match in self._regex.finditer(text))
            return
        done = 0
        at = text.find(anchor)
        while at >= 0:
            start = _word_start(text, at, max(done, at - back))
            match = self._regex.match(text, start)
            if match and match.end() > at:
                yield match.span()
                done = match.end()
            at = text.find(anchor, max(done, at + 1))

    def matches(self, text: str) -> bool:
        """Whether the tokens stand in `text`."""
        # Plain substring search rules most texts out, at a tenth of the price of the expression.
        return self.literal in text and next(self.find(text), None) is not None


def near(parts: list[list[int]], slop: int) -> tuple[int, int] | None:
    """The first window in which every part stands in its place but for `slop` moves of one word, as Lucene counts it.

    `parts[i]` are the positions (in words) at which word i of the phrase stands, ascending. Returns the lowest and the
    highest position of the window, or None. Method: smallest range over k sorted lists, of positions less i.
    """
    heads = [0] * len(parts)
    while True:
        moved = [part[head] - i for i, (part, head) in enumerate(zip(parts, heads, strict=True))]
        if max(moved) - min(moved) <= slop:
            places = [part[head] for part, head in zip(parts, heads, strict=True)]
            return min(places), max(places)
        behind = moved.index(min(moved))
        heads[behind] += 1
        if heads[behind] == len(parts[behind]):
            return None
