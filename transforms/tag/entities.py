"""Tags the entities of an article: countries, cities, places, organisations, people, weapons and treaties.

A word of nationality ("الروسي", "Russian") tags its country without being a name of it: it stands under `demonyms`,
never under `spans`, and does not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from transforms.records import Json
from transforms.tag import entity_data, gazetteer
from transforms.tag.entity_data import Entity, EntityData, builtin_paths
from transforms.tag.resolve import Found, Resolver
from transforms.tag.scan import Hit, Text, scan

# Raised when the same data would tag otherwise.
_CODE_VERSION = "1"


class Gazetteer:
    """Entities ready for look-up. `version` names the data and the code that tag. Safe to share between threads."""

    def __init__(self, data: EntityData) -> None:
        self.data = data
        self.version = f"{_CODE_VERSION}-{data.version}"
        self._lexicon = gazetteer.compile_names(data)
        self._memory = gazetteer.Memory(self._lexicon)
        # A given name before a surname tells another person.
        data.given_names.update(*self._lexicon.first_names.values())

    @property
    def tagged_by(self) -> Json:
        """What `tagged_by` of an article says of this data."""
        return {"entities": self.version}

    def entities(self, title: str, body: str, language: str | None) -> list[Json]:
        """What the article names, most often named first, then by id.

        Each: `id`, `name` (English), `type`, `count` (of spans), `spans` [{field, start, end}] into the strings as
        given, field "title" or "body"; and, only where there are any, `demonyms`, spans of words of nationality. An
        entity known by demonyms alone has count 0. `language` is ISO 639-1 or None; it rules out names that mean
        something else in that language.
        """
        texts = [Text.of(name, written) for name, written in (("title", title), ("body", body)) if written]
        hits = [hit for text in texts for hit in scan(text, self._lexicon, self._memory, language)]
        return _documents(Resolver(self.data, self._lexicon, texts, hits).resolve()) if hits else []

    def name(self, id_: str, language: str = "en") -> str:
        """The entity's first name in `language`, else its English display name; raises KeyError for an unknown id."""
        entity = self.data.entities[id_]
        return entity.name if language == "en" else next(iter(entity.names.get(language, ())), entity.name)

    def __contains__(self, id_: str) -> bool:
        return id_ in self.data.entities

    def find(self, name: str) -> list[str]:
        """Ids of the entities that a person may mean by `name`, for `--entity`; an id is taken as it is."""
        if name in self:
            return [name]
        text = Text.of("query", name)
        senses = self._lexicon.senses.get(" ".join(text.words), ())
        named = (sense.entity.id for sense in senses if sense.entity is not None and sense.kind != gazetteer.DEMONYM)
        return list(dict.fromkeys(named))

    def collisions(self) -> list[tuple[str, list[str]]]:
        """Names that several entities of one type claim without a rule: (folded name, ids)."""
        return sorted(gazetteer.collisions(self._lexicon))


def _documents(found: Iterable[Found]) -> list[Json]:
    documents: dict[str, Json] = {}
    for one in found:
        entity = one.entity
        document = documents.get(entity.id)
        if document is None:
            head: Json = {"id": entity.id, "name": entity.name, "type": entity.type}
            document = documents[entity.id] = {**head, "count": 0, "spans": []}
        span = _span(one.hit)
        if one.demonym:
            document.setdefault("demonyms", []).append(span)
        else:
            document["count"] += 1
            document["spans"].append(span)
    return sorted(documents.values(), key=lambda document: (-document["count"], document["id"]))


def _span(hit: Hit) -> Json:
    start, end = hit.span()
    return {"field": hit.text.field, "start": start, "end": end}


def load_gazetteer(paths: Sequence[Path] | None = None) -> Gazetteer:
    """The gazetteer of `paths` in order (None: the project's own files), loaded once per process; raises DataError."""
    return _load(tuple(builtin_paths() if paths is None else paths))


@cache
def _load(paths: tuple[Path, ...]) -> Gazetteer:
    return Gazetteer(entity_data.read(paths))


__all__ = ["Entity", "Gazetteer", "builtin_paths", "load_gazetteer"]
