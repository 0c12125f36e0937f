"""Pages that a site sends in place of an article: cookie notices, paywalls, robot checks, errors.

What they say is data (`transforms/data/wall_pages.yaml`, whose head tells how it is counted). A wall speaks to the
reader; an article about cookies speaks of them. So a phrase counts only in a sentence that holds a word of address.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from ahocorasick_rs import AhoCorasick, Implementation

from transforms.clean.data import DATA, Strict, load
from transforms.errors import DataError
from transforms.text import fold

REASON = "no article: a cookie notice, a paywall, a robot check or an error page"
_FILE = "wall_pages.yaml"
_WORD = re.compile(r"\w+")
# A full stop inside an address or a number ends no sentence.
_END = re.compile(r"\n+|[.!?؟。…]+(?=\s|$|[A-ZÀ-ÞĄ-Ž])")
_MOST_BETWEEN = 2
# In characters: a text longer than `longest` words of this many is not looked at.
_LONGEST_WORD = 12
# In characters: what a beginning is looked up by.
_START = 3
# Weights: of a word of address, and of a phrase that is an ordinary word too.
_ADDRESS, _ORDINARY = 0, 1


class _Language(Strict):
    address: tuple[str, ...]
    phrases: dict[int, tuple[str, ...]]


class _File(Strict):
    points: int
    most_other: int
    longest: int
    languages: dict[str, _Language]
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Term:
    """A phrase, or with weight 0 a word of address, of a language: folded words, each perhaps only a beginning."""

    language: str
    weight: int
    words: tuple[tuple[str, bool], ...]

    def stands(self, words: Sequence[str], at: int) -> bool:
        """Whether it begins at a place of running words."""
        return at + len(self.words) <= len(words) and all(
            words[at + place].startswith(word) if open_ else words[at + place] == word
            for place, (word, open_) in enumerate(self.words)
        )


@dataclass(frozen=True)
class Walls:
    """The compiled file. `by_word` has the terms by their first word, `by_start` those of which that is a beginning by
    its first three letters. `tell` finds what a wall must hold: a phrase that is no ordinary word, or an error."""

    points: int
    most_other: int
    longest: int
    by_word: dict[str, tuple[_Term, ...]]
    by_start: dict[str, tuple[_Term, ...]]
    errors: re.Pattern[str]
    tell: AhoCorasick

    def is_wall(self, text: str, title: str = "") -> bool:
        """Whether `text`, plain and `safe`, is a wall; `title` is the article's, which may stand in it again."""
        if len(text) > self.longest * _LONGEST_WORD:
            return False
        # Nearly all articles end here: what follows costs ten times as much.
        if not self.tell.find_matches_as_indexes(fold(text).replace("-", " ").replace("\n", " ")):
            return False
        own = _WORD.findall(fold(title))
        told = [words for part in _END.split(text) if (words := _WORD.findall(fold(part))) and words != own]
        length = sum(map(len, told))
        if not told or length > self.longest:
            return False
        if length <= 2 * self.most_other and self._is_error(told, length):
            return True
        inside, points = self._inside(told)
        within = sum(len(words) for words, of_wall in zip(told, inside, strict=True) if of_wall)
        return points >= self.points and length - within <= min(self.most_other, within)

    def _is_error(self, told: list[list[str]], length: int) -> bool:
        error = self.errors.search(" ".join(word for words in told for word in words))
        return error is not None and length <= 2 * len(error[0].split())

    def _inside(self, sentences: list[list[str]]) -> tuple[list[bool], int]:
        """Which sentences are of a wall, and how much its phrases weigh."""
        found: dict[tuple[tuple[str, bool], ...], int] = {}
        of_wall, near = [], []
        for words in sentences:
            terms = list(self._terms(words))
            speaking = {term.language for term in terms if term.weight == _ADDRESS}
            held = [term for term in terms if term.weight != _ADDRESS and term.language in speaking]
            for term in held:
                found[term.words] = max(term.weight, found.get(term.words, 0))
            of_wall.append(bool(held))
            near.append(bool(terms))
        _spread(of_wall, near)
        return of_wall, sum(found.values())

    def _terms(self, words: list[str]) -> Iterator[_Term]:
        for at, word in enumerate(words):
            for term in (*self.by_word.get(word, ()), *self.by_start.get(word[:_START], ())):
                if term.stands(words, at):
                    yield term


def take_in_beside(of_wall: list[bool], near: list[bool]) -> None:
    """Take in the sentences right beside a wall's that speak like it (`near`), from one to the next."""
    count = len(of_wall)
    for order in (range(1, count), range(count - 2, -1, -1)):
        for at in order:
            of_wall[at] = of_wall[at] or (of_wall[at - order.step] and near[at])


def _spread(of_wall: list[bool], near: list[bool]) -> None:
    """Take in what is beside a wall's sentences, and the few between two of them."""
    take_in_beside(of_wall, near)
    places = [at for at, inside in enumerate(of_wall) if inside]
    for left, right in pairwise(places):
        if right - left - 1 <= _MOST_BETWEEN:
            of_wall[left:right] = [True] * (right - left)


def is_wall(text: str, title: str = "") -> bool:
    """Whether `text`, plain and `safe`, is what a site sends in place of an article."""
    return walls().is_wall(text, title)


@cache
def walls() -> Walls:
    """The file, loaded once per process; raises DataError."""
    file = load(DATA / _FILE, _File)
    terms: list[_Term] = []
    for name, language in file.languages.items():
        key = f"languages.{name}"
        terms += [_Term(name, _ADDRESS, _read(text, f"{key}.address")) for text in language.address]
        for weight, phrases in language.phrases.items():
            if weight <= _ADDRESS:
                raise DataError(_FILE, f"{key}.phrases.{weight}", "is no weight", "write a number above 0")
            terms += [_Term(name, weight, _read(text, f"{key}.phrases.{weight}")) for text in phrases]
    by_word: dict[str, list[_Term]] = defaultdict(list)
    by_start: dict[str, list[_Term]] = defaultdict(list)
    for term in terms:
        word, open_ = term.words[0]
        (by_start[word[:_START]] if open_ else by_word[word]).append(term)
    errors = [_joined(_read(text, "errors")) for text in file.errors]
    return Walls(
        points=file.points,
        most_other=file.most_other,
        longest=file.longest,
        by_word=_frozen(by_word),
        by_start=_frozen(by_start),
        errors=re.compile(rf"\b(?:{'|'.join(map(re.escape, errors))})\b" if errors else "(?!)"),
        tell=AhoCorasick(
            [*errors, *(_joined(term.words) for term in terms if term.weight > _ORDINARY)],
            implementation=Implementation.DFA,
        ),
    )


def _joined(words: tuple[tuple[str, bool], ...]) -> str:
    return " ".join(word for word, _ in words)


def _read(text: str, key: str) -> tuple[tuple[str, bool], ...]:
    """The folded words of a phrase, and whether each is but a beginning."""
    words = tuple((word.rstrip("%"), word.endswith("%")) for word in re.findall(r"\w+%?", fold(text)))
    if not words:
        raise DataError(_FILE, key, f"{text!r} has no word", "write the words as they are read")
    if words[0][1] and len(words[0][0]) < _START:
        raise DataError(_FILE, key, f"{text!r} may begin too many words", f"write at least {_START} letters before %")
    return words


def _frozen(by: dict[str, list[_Term]]) -> dict[str, tuple[_Term, ...]]:
    return {key: tuple(terms) for key, terms in by.items()}
