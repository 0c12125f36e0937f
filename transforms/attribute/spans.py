"""Small questions about stretches of a shape."""

from __future__ import annotations

import re
from collections.abc import Iterator

from transforms.attribute.names import ANY_NAME, HISTORIC_HOMONYM, HOMONYM, Shape
from transforms.attribute.patterns import HARD, Patterns

NAME = re.compile(ANY_NAME)
FRINGE = " \n.;,*•-\"'/()[]"
SMALL = frozenset(
    ["of", "by", "von", "par", "por", "de", "des", "del", "la", "le", "the", "and", "for", "der", "die", "und", "et"]
)


def parts(text: str, start: int) -> Iterator[tuple[int, int]]:
    """The parts of `text[start:]` between hard separators."""
    for match in HARD.finditer(text, start):
        yield start, match.start()
        start = match.end()
    yield start, len(text)


def within(shape: Shape, start: int, end: int) -> set[int]:
    """The indices of the hits in `shape.text[start:end]`."""
    first = shape.count(start)
    return set(range(first, first + len(NAME.findall(shape.text, start, end))))


def capital_last(shape: Shape, end: int) -> bool:
    """Does the last word before `end` begin with a capital? "... tells paper VIENNA (Reuters) -"."""
    words = shape.raw[: shape.at(end)].rsplit(None, 1)
    return bool(words) and words[-1][:1].isupper()


def explained(before: str, acronym: str) -> bool:
    """Do the words before a bracket spell its acronym? "Middle East and North Africa (MENA)"."""
    letters = acronym.strip().lower()
    if not (2 <= len(letters) <= 6 and letters.isalpha()):
        return False
    words = [word for word in re.findall(r"[^\W\d]{2,}", before) if word not in SMALL]
    for letter in reversed(letters):
        if not words or words[-1][0] != letter:
            return False
        words.pop()
    return True


def doubtful(patterns: Patterns, shape: Shape, index: int) -> bool:
    """Is the hit a homonym with nothing near that tells it from a place or a person?"""
    hit = shape.hits[index]
    if hit.name.mark not in (HOMONYM, HISTORIC_HOMONYM):
        return False
    if any(home in shape.text for home in hit.name.homes) or patterns.noun.search(shape.text):
        return False
    return len({other.name.slug for other in shape.hits}) < 2


def explained_next(after: str, acronym: str) -> bool:
    """Do the words after a name spell it? "AP - Advanced Placement - classes"."""
    letters = acronym.lower()
    words = re.findall(r"[^\W\d]+", after.lower())[: len(letters)]
    return len(letters) >= 2 and letters.isalpha() and [word[0] for word in words] == list(letters)


def bare(shape: Shape) -> bool:
    """Is the shape nothing but one name?"""
    return len(shape.text.strip(FRINGE)) == 1
