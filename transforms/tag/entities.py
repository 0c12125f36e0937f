"""Tags the entities of an article: countries, cities, places, organisations, people, weapons and treaties.

A word of nationality ("الروسي", "Russian") tags its country without being a name of it: it stands under `demonyms`,
never under `spans`, and does not count.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from transforms.errors import DataError
from transforms.records import Json
from transforms.tag import entity_data, gazetteer
from transforms.tag.entity_data import Entity, EntityData, builtin_paths
from transforms.tag.lists.cache import open_list
from transforms.tag.lists.packed import Packed
from transforms.tag.resolve import Found, Resolver
from transforms.tag.scan import Hit, Text, scan
from transforms.tag.surnames import with_surnames

# Raised when the same data would tag otherwise.
_CODE_VERSION = "1"


class Gazetteer:
    """Entities ready for look-up. `version` names the data and the code that tag. Safe to share between threads.

    `lists` stand behind the entities of `data`: a name that both have means the entity of `data` first.
    """

    def __init__(self, data: EntityData, lists: Sequence[Packed] = ()) -> None:
        self.data = data
        self.lists = tuple(lists)
        self.version = f"{_CODE_VERSION}-{data.version}" + "".join(f"+{one.version}" for one in self.lists)
        self._lexicon = gazetteer.compile_names(data)
        self._lexicon.add_lists(self.lists)
        self._memory = gazetteer.Memory(self._lexicon)
        # A given name before a surname tells another person.
        data.given_names.update(*self._lexicon.first_names.values())

    @property
    def tagged_by(self) -> Json:
        """What `tagged_by` of an article says of this data."""
        lists: Json = {"lists": {one.name: one.version for one in self.lists}} if self.lists else {}
        return {"entities": self.version, **lists}

    @property
    def ids(self) -> Collection[str]:
        """All ids, to look one up in; of lists they are found and counted, not gone through."""
        return _Ids(self)

    @property
    def count(self) -> int:
        """How many entities there are, those of lists too."""
        return len(self.data.entities) + sum(one.entities for one in self.lists)

    def entities(self, title: str, body: str, language: str | None) -> list[Json]:
        """What the article names, most often named first, then by id.

        Each: `id`, `name` (English), `type`, `count` (of spans), `spans` [{field, start, end}] into the strings as
        given, field "title" or "body"; and, only where there are any, `demonyms`, spans of words of nationality. An
        entity known by demonyms alone has count 0. `language` is ISO 639-1 or None; it rules out names that mean
        something else in that language.
        """
        texts = [Text.of(name, written) for name, written in (("title", title), ("body", body)) if written]
        hits = [hit for text in texts for hit in scan(text, self._lexicon, self._memory, language)]
        if self.lists and hits:
            hits = with_surnames(texts, hits, self.data)
        return _documents(Resolver(self.data, self._lexicon, texts, hits).resolve()) if hits else []

    def name(self, id_: str, language: str = "en") -> str:
        """The entity's first name in `language`, else its English display name; raises KeyError for an unknown id."""
        entity = self.get(id_)
        if entity is None:
            raise KeyError(id_)
        return entity.name if language == "en" else next(iter(entity.names.get(language, ())), entity.name)

    def __contains__(self, id_: str) -> bool:
        return self.get(id_) is not None

    def get(self, id_: str) -> Entity | None:
        """The entity with this id; None for an unknown one."""
        known = self.data.entities.get(id_)
        return known or next((found for one in self.lists if (found := one.entity(id_)) is not None), None)

    def find(self, name: str) -> list[str]:
        """Ids of the entities that a person may mean by `name`, for `--entity`; an id is taken as it is."""
        if name in self:
            return [name]
        text = Text.of("query", name)
        return self.claimants(" ".join(text.words))

    def claimants(self, key: str) -> list[str]:
        """Ids of all that a folded name (`gazetteer.key_of`) may mean, people by their surname too; not the words of
        nationality."""
        senses = self._lexicon.find(key) or ()
        return list(dict.fromkeys(s.entity.id for s in senses if s.entity is not None and s.kind != gazetteer.DEMONYM))

    def collisions(self) -> list[tuple[str, list[str]]]:
        """Names that several entities of one type claim without a rule: (folded name, ids)."""
        return sorted(gazetteer.collisions(self._lexicon))


@dataclass(frozen=True, slots=True)
class _Ids(Collection[str]):
    gazetteer: Gazetteer

    def __contains__(self, id_: object) -> bool:
        return isinstance(id_, str) and id_ in self.gazetteer

    def __iter__(self) -> Iterator[str]:
        return iter(self.gazetteer.data.entities)

    def __len__(self) -> int:
        return self.gazetteer.count


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


def load_gazetteer(paths: Sequence[Path] | None = None, lists: Sequence[Path] = ()) -> Gazetteer:
    """The gazetteer of the entity files `paths` in order (None: the project's own) and the list files `lists`, loaded
    once per process; raises DataError."""
    return _load(tuple(builtin_paths() if paths is None else paths), tuple(lists))


@cache
def _load(paths: tuple[Path, ...], lists: tuple[Path, ...]) -> Gazetteer:
    data = entity_data.read(paths)
    opened: dict[str, Packed] = {}
    for path in lists:
        packed = open_list(path, data.entities.get)
        if packed.name in opened:
            remedy = "import one of them with another --name"
            raise DataError(str(path), "line 1", f"another list is called {packed.name!r} too", remedy)
        opened[packed.name] = packed
    return Gazetteer(data, list(opened.values()))


__all__ = ["Entity", "Gazetteer", "builtin_paths", "load_gazetteer"]
