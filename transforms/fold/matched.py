"""Which passages of a text are in another: found when somebody looks, from the two texts, by the shingles that folding
compares."""

from __future__ import annotations

from transforms.fold.shingles import width_of
from transforms.index.interface import MARK_END, MARK_START
from transforms.text import fold, fold_spans, words

# Characters of an excerpt: of the passage, and of what stands before and behind it.
SHOWN, AROUND = 120, 24


def passages(text: str, other: str) -> list[tuple[int, int]]:
    """The passages of `text` that are in `other` (both as written), as half-open spans of characters, in order.

    A passage is a run of words each of which lies in a shingle that both texts have; of a text of fewer than five words
    the whole, where the other is the same.
    """
    folded = fold_spans(text)
    own = words(folded.text)
    theirs = set(_shingles(words(fold(other))))
    spans = _spans(folded.text, own)
    found: list[tuple[int, int]] = []
    for at, shingle in enumerate(_shingles(own)):
        if shingle in theirs:
            last = at + len(shingle)
            if found and at <= found[-1][1]:
                found[-1] = (found[-1][0], last)
            else:
                found.append((at, last))
    return [folded.span(spans[first][0], spans[last - 1][1]) for first, last in found]


def _shingles(found: list[str]) -> list[tuple[str, ...]]:
    if not found:
        return []
    width = width_of(found)
    return [tuple(found[at : at + width]) for at in range(max(1, len(found) - width + 1))]


def _spans(folded: str, found: list[str]) -> list[tuple[int, int]]:
    """Where each word stands in the folded text: between two words there is nothing of which a word is made."""
    spans, at = [], 0
    for word in found:
        start = folded.index(word, at)
        at = start + len(word)
        spans.append((start, at))
    return spans


def excerpt(text: str, start: int, end: int) -> str:
    """A passage for a person, in marks, with a little of what stands around it; a long one without its middle."""
    passage = text[start:end]
    if len(passage) > SHOWN:
        passage = f"{_first(passage[: SHOWN // 2])} … {_last(passage[-SHOWN // 2 :])}"
    before, behind = text[:start], text[end:]
    if len(before) > AROUND:
        before = f"…{_last(before[-AROUND:])}"
    if len(behind) > AROUND:
        behind = f"{_first(behind[:AROUND])}…"
    return f"{before}{MARK_START}{passage}{MARK_END}{behind}"


def _first(cut: str) -> str:
    """Without the word that is cut at the end; all of it where it has but one, or a script without spaces."""
    return cut.rpartition(" ")[0] or cut


def _last(cut: str) -> str:
    """Without the word that is cut at the beginning."""
    return cut.partition(" ")[2] or cut
