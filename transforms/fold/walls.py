"""Sentences of cookie walls, registrations and bot checks, left out of a text that consists of them for the most part.

Two pages that say nothing but "we use cookies" under a headline share all but the headline, also where their hosts have
never been seen before; what is learnt of a host (`furniture`) comes too late for the first ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sized
from dataclasses import dataclass
from functools import cache

from transforms.clean.data import DATA, Strict, load
from transforms.clean.walls import take_in_beside
from transforms.text import fold

_FILE = "walls.yaml"
_SENTENCE = re.compile(r"(?<=[.!?؟。:])[\"'”»)]*\s+|(?<=[.!?])(?=[A-ZÀ-ÞА-Я])|\n+")
_WORD = re.compile(r"\w+")
# A sentence of a wall holds so many of its words; next to such a sentence, one will do.
PLAIN = 2
# So much of a text, in words, is a wall's before it is taken out.
MOST = 0.5
# Of so many words of a wall at least one speaks to the reader.
ADDRESSED = 40


class _File(Strict):
    signs: tuple[str, ...]
    topics: dict[str, tuple[str, ...]]
    address: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Talk:
    signs: frozenset[str]
    stems: re.Pattern[str]
    address: frozenset[str]


@cache
def vocabulary() -> Talk:
    """The words of `transforms/data/walls.yaml`, loaded once per process; raises DataError."""
    file = load(DATA / _FILE, _File)
    stems = sorted({fold(stem) for topic in file.topics.values() for stem in topic}, key=len, reverse=True)
    pattern = re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, stems)) + ")")
    return Talk(frozenset(map(fold, file.signs)), pattern, frozenset(map(fold, file.address)))


def is_suspect(words: Iterable[str]) -> bool:
    """Whether a text of these folded words may be a wall: quick, and mostly no."""
    return not vocabulary().signs.isdisjoint(words)


def without_wall(text: str, words: Sized) -> str:
    """`text` without the sentences of a wall, where these are most of it. `words` are its folded words."""
    sentences = [(sentence, fold(sentence)) for sentence in _SENTENCE.split(text) if _WORD.search(sentence)]
    wall = _of_wall([len(set(vocabulary().stems.findall(folded))) for _, folded in sentences])
    inside = [
        word for (_, folded), is_wall in zip(sentences, wall, strict=True) if is_wall for word in _WORD.findall(folded)
    ]
    spoken = sum(word in vocabulary().address for word in inside)
    if len(inside) < MOST * len(words) or ADDRESSED * spoken < len(inside):
        return text
    return "\n".join(sentence for (sentence, _), is_wall in zip(sentences, wall, strict=True) if not is_wall)


def _of_wall(hits: list[int]) -> list[bool]:
    """Which sentences are a wall's, of sentences with so many of its words."""
    wall = [hit >= PLAIN for hit in hits]
    take_in_beside(wall, [hit > 0 for hit in hits])
    return wall
