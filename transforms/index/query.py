"""The query language of `Query.text`: words (all must be there), "phrases", OR, -not, prefix*. Nothing is an error.

What is no word (brackets, stray quotes, operators without operands) is passed over, so that any text is a valid query.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from transforms.index.words import base, searchable

_LONGEST_QUERY, _MOST_TERMS = 2000, 64
_ITEM = re.compile(r'(?P<minus>-?)(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))(?P<star>\*?)')


@dataclass(frozen=True, slots=True)
class Term:
    """Folded words that must stand side by side (mostly one); with `prefix` the last may go on."""

    words: tuple[str, ...]
    prefix: bool = False

    def match(self) -> str:
        """As FTS5 understands it. The words hold letters and digits only, so that quoting is safe."""
        text = f'"{" ".join(self.words)}"'
        if self.prefix:
            text += " *"
        elif len(self.words) == 1 and (bare := base(self.words[0])):
            return f'({text} OR "{bare}")'
        # The forms without clitics are no running text, where words would stand side by side by chance.
        return text if len(self.words) == 1 else f"({{title body}} : {text})"


@dataclass(frozen=True, slots=True)
class Parsed:
    """Each group of `wanted` must match by one of its terms; none of `unwanted` may."""

    wanted: tuple[tuple[Term, ...], ...] = ()
    unwanted: tuple[Term, ...] = ()

    def match(self) -> str | None:
        """The FTS5 expression of what is wanted less what is not; None where nothing is wanted."""
        if not self.wanted:
            return None
        text = " AND ".join(f"({' OR '.join(term.match() for term in group)})" for group in self.wanted)
        return f"({text}) NOT {self.reject()}" if self.unwanted else text

    def reject(self) -> str:
        """The FTS5 expression of what is not wanted."""
        return f"({' OR '.join(term.match() for term in self.unwanted)})"


def parse(text: str) -> Parsed:
    """Read a query; at most 2,000 characters and 64 terms of it count."""
    wanted: list[list[Term]] = []
    unwanted: list[Term] = []
    joined = False
    for item in _ITEM.finditer(text[:_LONGEST_QUERY]):
        word = item["word"] or ""
        if word in ("OR", "|", "||") and not item["minus"]:
            joined = bool(wanted)
            continue
        if word in ("AND", "&&"):
            continue
        words = tuple(searchable(item["phrase"] or word).split())
        if not words or len(wanted) + len(unwanted) >= _MOST_TERMS:
            continue
        term = Term(words, prefix=bool(item["star"]) or word.endswith("*"))
        if item["minus"]:
            unwanted.append(term)
        elif joined:
            wanted[-1].append(term)
        else:
            wanted.append([term])
        joined = False
    return Parsed(tuple(map(tuple, wanted)), tuple(unwanted))
