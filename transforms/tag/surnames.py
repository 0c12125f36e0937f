"""Surnames of people who are known by a list alone: found where the full name stands in the article, and only there.

An entity file says by what surname a person goes, and all of them are in the lexicon. A list is too long for that, and
nobody has looked at its surnames. So they are taken from the full names that an article holds, and only in scripts with
capitals: an Arabic surname is too often a word ("العمر").
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from transforms.tag import inflect
from transforms.tag.entity_data import Entity, EntityData
from transforms.tag.gazetteer import CAPITAL, NAME, SHORT, Sense
from transforms.tag.scan import Hit, Text
from transforms.text import fold

_SHORTEST = 3


def with_surnames(texts: Sequence[Text], hits: list[Hit], data: EntityData) -> list[Hit]:
    """`hits` in reading order, with those of the surnames of people who are named in full in them, and are not in
    `data`."""
    full = (hit for hit in hits if hit.last - hit.first > 1)
    people = {entity.id: (entity, hit) for hit in full for entity in _listed(hit, data.entities)}
    if not people:
        return hits
    surnames: dict[str, list[Entity]] = {}
    for entity, hit in people.values():
        for surname in _forms(hit):
            surnames.setdefault(surname, []).append(entity)
    order = {id(text): place for place, text in enumerate(texts)}
    found = [hit for text in texts for hit in _alone(text, hits, surnames, data.titles)]
    return sorted([*hits, *found], key=lambda hit: (order[id(hit.text)], hit.first))


def _listed(hit: Hit, known: Collection[str]) -> Iterator[Entity]:
    for sense in hit.senses:
        entity = sense.entity
        if sense.kind == NAME and entity is not None and entity.type == "person" and entity.id not in known:
            yield entity


def _forms(hit: Hit) -> Iterator[str]:
    """The folded surname of a full name as it stands in a text, with its Russian cases; none where there is no case."""
    word = hit.text.words[hit.last - 1]
    if len(word) < _SHORTEST or word.upper() == word:
        return
    yield word
    if "а" <= word[0] <= "я":
        yield from map(fold, inflect.russian(word, every_word=True))


def _alone(
    text: Text, hits: Iterable[Hit], surnames: dict[str, list[Entity]], titles: Collection[str]
) -> Iterator[Hit]:
    """The surnames in one text. One that a listed person has too is left to that person, unless both are meant."""
    taken = {word: hit for hit in hits if hit.text is text for word in range(hit.first, hit.last)}
    for at, word in enumerate(text.words):
        if word not in surnames or not text.capital(at) or _another(text, at, titles):
            continue
        senses = [Sense(entity, SHORT, CAPITAL) for entity in surnames[word]]
        hit = taken.get(at)
        if hit is None:
            yield Hit(text, at, at + 1, 0, senses)
        elif hit.senses and hit.senses[0].kind == SHORT:
            hit.senses = [*hit.senses, *senses]


def _another(text: Text, at: int, titles: Collection[str]) -> bool:
    """Whether a word with a capital that is no title stands before it: somebody else's given name, for all we know."""
    return at > 0 and text.gap(at) == " " and text.capital(at - 1) and text.words[at - 1] not in titles
