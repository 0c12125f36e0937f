"""The list of names compiled for look-up: folded words to what they may mean.

A name is looked up by its first word, its second, and then as a whole in one flat dictionary. An Aho-Corasick
automaton finds the bare names as fast, but knows neither word boundaries nor proclitics: with fourteen of them its
patterns would be fifteen times as many, while here the readings of a word are worked out once and remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from transforms.tag import clitics, inflect
from transforms.tag.entity_data import TYPES, Entity, EntityData, Rule
from transforms.text import fold, words

NAME, CODE, DEMONYM, SHORT, MASK = "name", "code", "demonym", "short", "mask"
ANY_CASE, CAPITAL, CAPITALS, EXACT = 0, 1, 2, 3
_LATIN = frozenset({"en", "fr", "es", "de"})
_REMEMBERED = 400_000
_FOUND = 100_000
_RANKS = {NAME: 0, CODE: 0, SHORT: 1, DEMONYM: 2}
# A single common word must look like a name; a phrase such as "conseil de sécurité" is one in any case.
_CASED_TYPES = {"country", "city", "place", "person"}


@dataclass(slots=True)
class Sense:
    """One thing that a folded name may mean. `other`: languages of the same script in which it is not a name of it."""

    entity: Entity | None
    kind: str
    case: int = ANY_CASE
    written: str = ""
    other: frozenset[str] = frozenset()
    rule: Rule | None = None


# How names go on after a first word: by second word, the lengths in words of the names that begin so, the
# longest first.
Seconds = dict[str, tuple[int, ...]]
# (letters to cut, first word of the name, what that word alone may mean, how names go on after it)
Opening = tuple[int, str, "list[Sense] | None", "Seconds | None"]


class LongList(Protocol):
    """A list too long to be held as objects: see `transforms.tag.lists.packed`."""

    def opening(self, word: str) -> tuple[bool, Seconds] | None:
        """Whether a first word alone is a name, and how names go on after it; None where none begins so."""

    def senses(self, key: str) -> list[Sense]:
        """What a folded name means; none where the list does not have it."""


class Lexicon:
    """`senses` by folded name, in the order in which they win.

    `seconds` is by the first word of the names of several words. Behind both stand the `lists`. `find(name)` is what a
    folded name may mean, None for one that is no name.
    """

    def __init__(self) -> None:
        self.senses: dict[str, list[Sense]] = {}
        self.seconds: dict[str, Seconds] = {}
        self.first_names: dict[str, set[str]] = {}
        self.lists: Sequence[LongList] = ()
        self.find: Callable[[str], list[Sense] | None] = self.senses.get
        self._opened: dict[str, tuple[list[Sense] | None, Seconds | None]] = {}

    def add_lists(self, lists: Sequence[LongList]) -> None:
        """Look names up in these lists too."""
        self.lists = lists
        if lists:
            self.find = _Found(self).__getitem__

    def opening(self, word: str) -> tuple[list[Sense] | None, Seconds | None]:
        """What a word alone may mean, and how names go on after it."""
        if word in self._opened:
            return self._opened[word]
        more = [found for one in self.lists if (found := one.opening(word)) is not None]
        if not more:
            return self.senses.get(word), self.seconds.get(word)
        _make_room(self._opened)
        seconds = _merged([self.seconds.get(word, {}), *(found[1] for found in more)])
        self._opened[word] = self.find(word), seconds or None
        return self._opened[word]


class _Found(dict[str, "list[Sense] | None"]):
    """What names mean in a lexicon with lists, remembered as they are asked for."""

    def __init__(self, lexicon: Lexicon) -> None:
        super().__init__()
        self._lexicon = lexicon

    def __missing__(self, key: str) -> list[Sense] | None:
        own = self._lexicon.senses.get(key, [])
        named = {sense.entity.id for sense in own if sense.entity is not None and sense.kind == NAME}
        listed = [sense for one in self._lexicon.lists for sense in one.senses(key)]
        more = [sense for sense in listed if sense.entity is not None and sense.entity.id not in named]
        masked = bool(own) and own[0].kind == MASK
        _make_room(self, _FOUND)
        self[key] = own if masked else sorted([*own, *more], key=_rank) or None
        return self[key]


def _make_room(held: dict[str, Any], most: int = _REMEMBERED) -> None:
    if len(held) >= most:
        held.clear()


def _merged(several: Sequence[Seconds]) -> Seconds:
    known = [one for one in several if one]
    if len(known) < 2:
        return known[0] if known else {}
    merged = dict(known[0])
    for one in known[1:]:
        for second, lengths in one.items():
            merged[second] = tuple(sorted({*merged.get(second, ()), *lengths}, reverse=True))
    return merged


# Whether a word alone may be a name, the words that may follow it in one, and its readings; None if it opens no name.
Openings = tuple[bool, Container[str], tuple[Opening, ...]]


class Memory(dict[str, "Openings | None"]):
    """For each word seen, the ways in which it can open a name.

    Filled as words come, emptied when it has grown too large.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        super().__init__()
        self._lexicon = lexicon

    def __missing__(self, word: str) -> Openings | None:
        opened = ((cut, rest, *self._lexicon.opening(rest)) for cut, rest in clitics.readings(word))
        readings = tuple(one for one in opened if one[2] is not None or one[3] is not None)
        followed = [reading[3] for reading in readings if reading[3] is not None]
        following: Container[str] = followed[0] if len(followed) == 1 else frozenset().union(*followed)
        found = (any(reading[2] is not None for reading in readings), following, readings) if readings else None
        _make_room(self)
        self[word] = found
        return found


def compile_names(data: EntityData) -> Lexicon:
    """All names, codes, demonyms, surnames and masks of `data` with their derived forms."""
    lexicon = Lexicon()
    senses = lexicon.senses
    order = {kind: number for number, kind in enumerate(TYPES)}
    rules = {(name, rule.entity): rule for rule in data.rules for name in rule.names}
    entities = sorted(data.entities.values(), key=lambda entity: (order[entity.type], entity.id))
    for entity in entities:
        for key, sense in senses_of(entity):
            sense.rule = rules.get((key, entity.id)) if sense.kind in (NAME, SHORT) else None
            _add(senses.setdefault(key, []), sense)
        if entity.type == "person":
            lexicon.first_names[entity.id] = {words(fold(n))[0] for ns in entity.names.values() for n in ns}
    _respell(lexicon, data, entities)
    for mask in data.masks:
        senses[mask] = [Sense(None, MASK)]
    lexicon.seconds = seconds_of(senses)
    return lexicon


def seconds_of(keys: Iterable[str]) -> dict[str, Seconds]:
    """By the first word of the folded names `keys`: how they go on after it."""
    found: dict[str, Seconds] = {}
    shared: dict[tuple[int, ...], tuple[int, ...]] = {}
    for key in keys:
        first, _, rest = key.partition(" ")
        if rest:
            second = rest.partition(" ")[0]
            lengths = found.setdefault(first, {})
            longer = tuple(sorted({key.count(" ") + 1, *lengths.get(second, ())}, reverse=True))
            lengths[second] = shared.setdefault(longer, longer)
    return found


def _add(present: list[Sense], sense: Sense) -> None:
    """Names before surnames before demonyms; the same meaning once, in the languages of both."""
    for other in present:
        if other.entity is sense.entity and other.kind == sense.kind and other.written == sense.written:
            other.other &= sense.other
            other.case = min(other.case, sense.case)
            return
    present.append(sense)
    if len(present) > 1:
        present.sort(key=_rank)


def senses_of(entity: Entity) -> Iterator[tuple[str, Sense]]:
    """(folded form, what it means) for all names, codes, demonyms and surnames of an entity, rules left out."""
    for language, name in _named(entity.names):
        other = _elsewhere(entity, language)
        case = _case(entity, name)
        for form in dict.fromkeys(inflect.forms(language, entity.type, name)):
            yield _key(form), Sense(entity, NAME, case, other=other)
    for code in entity.codes:
        yield _key(fold(code)), Sense(entity, CODE, EXACT, code.rstrip("."))
    for language, word in _named(entity.demonyms):
        other = _LATIN - {language} if language in _LATIN else frozenset()
        case = CAPITAL if word[:1].isupper() else ANY_CASE
        for form in inflect.demonyms(language, word):
            yield _key(fold(form)), Sense(entity, DEMONYM, case, other=other)
    if entity.type == "person":
        for language, name in surnames(entity):
            for form in dict.fromkeys(inflect.forms(language, "person", name)):
                yield _key(form), Sense(entity, SHORT, CAPITAL, other=_elsewhere(entity, language))


def surnames(entity: Entity) -> Iterator[tuple[str, str]]:
    """(language, what the person is called once named in full): as listed, else the last word of each full name."""
    if entity.short is not None:
        yield from _named(entity.short)
        return
    for language, name in _named(entity.names):
        last = name.split()[-1]
        if " " in name and len(last) > 2:
            yield language, last


def _named(names: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    return ((language, name) for language, listed in names.items() for name in listed)


def _elsewhere(entity: Entity, language: str) -> frozenset[str]:
    """The Latin-script languages in which a name of `language` is not this entity's.

    English stands in for a language that lists none.
    """
    if language not in _LATIN:
        return frozenset()
    if language == "en":
        return frozenset(lang for lang in _LATIN - {"en"} if entity.names.get(lang))
    return _LATIN - {language}


def _case(entity: Entity, name: str) -> int:
    first = next((letter for letter in name if letter.isalnum()), "")
    if not first.isupper() or (" " in name and entity.type not in _CASED_TYPES):
        return ANY_CASE
    return CAPITALS if name.rsplit(maxsplit=1)[-1][:1].isupper() else CAPITAL


def _key(folded: str) -> str:
    return " ".join(words(folded))


def key_of(name: str) -> str:
    """A name as it is looked up: its folded words."""
    return _key(fold(name))


def _rank(sense: Sense) -> int:
    return _RANKS.get(sense.kind, 0)


def _respell(lexicon: Lexicon, data: EntityData, entities: Sequence[Entity]) -> None:
    """Arabic spellings that no entity lists. A spelling that is some other listed name is left to that name."""
    derived: dict[str, list[Sense]] = {}
    for entity in entities:
        listed = list(entity.names.get("ar", []))
        listed += [name for language, name in surnames(entity) if language == "ar"] if entity.type == "person" else []
        for key in {_key(fold(name)) for name in listed}:
            own = [sense for sense in lexicon.senses.get(key, ()) if sense.entity is entity]
            for variant in inflect.spellings(key, data.rewrites, data.shortest_rewritten):
                if variant not in lexicon.senses:
                    derived.setdefault(variant, []).extend(own)
    for variant, found in derived.items():
        distinct = {(sense.entity.id if sense.entity else "", sense.kind): sense for sense in found}
        lexicon.senses[variant] = list(distinct.values())


def collisions(lexicon: Lexicon) -> Iterable[tuple[str, list[str]]]:
    """Folded names that several entities of one type claim with no rule to tell them apart, with the entities' ids."""
    for key, senses in lexicon.senses.items():
        named = [sense for sense in senses if sense.kind == NAME and sense.entity is not None]
        kinds = {sense.entity.type for sense in named if sense.entity is not None}
        if len(named) > 1 and len(kinds) == 1 and not any(sense.rule for sense in named):
            yield key, sorted(sense.entity.id for sense in named if sense.entity is not None)
