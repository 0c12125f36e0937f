"""Tagging again what is indexed, after the data changed: which articles need it, their new tags, and what moved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from transforms.attribute.agencies import Agencies
from transforms.index.interface import Tagged
from transforms.records import Json, Version, Write
from transforms.tag.entities import Gazetteer
from transforms.tag.topics import Topics

_KINDS = ("topics", "entities", "agencies")


@dataclass(frozen=True, slots=True)
class Taggers:
    """The data that tags now. Without `agencies` the wire credit stays as it is."""

    gazetteer: Gazetteer
    topics: Topics
    agencies: Agencies | None = None

    @property
    def versions(self) -> Json:
        """What `tagged_by` says of tags that this data made."""
        credit: Json = {"agencies": self.agencies.version} if self.agencies else {}
        return {**credit, **self.gazetteer.tagged_by, "topics": self.topics.version}

    def current(self, document: Json) -> bool:
        """Whether the tags of an article document are this data's already, so that tagging would change nothing."""
        told = document["tagged_by"]
        return all(told.get(name) == version for name, version in self.versions.items())

    def fields(self, document: Json) -> Json:
        """The fields of the group `tags` for an article document with `title`, `body`, `language` and `author`."""
        title, body, language = document["title"], document["body"], document["language"]
        wire = self.agencies.credits(title, body, document["author"], language) if self.agencies else document["wire"]
        kept = {name: told for name, told in document["tagged_by"].items() if name != "lists"}
        return {
            "wire": wire,
            "entities": self.gazetteer.entities(title, body, language),
            "topics": self.topics.topics(title, body, language),
            "tagged_by": {**kept, **self.versions},
        }


def write(tagged: Tagged, fields: Json) -> Write:
    """The write that puts `fields` in the place of the tags that were read, and of no later ones.

    Its version is the very next one: a pipeline that revises the article meanwhile counts by the clock, so its tags
    stand above ours whichever of the two is written first; a new start has a higher epoch.
    """
    version = Version(tagged.version.epoch, tagged.version.counter + 1)
    return Write(tagged.document["id"], "tags", version, fields)


@dataclass(slots=True)
class Moves:
    """What a retag did, counted in articles.

    `looked` at; `current`: made by this data already; `same`: no tag moved, only the versions; `moved`;
    `newer`: written or forgotten by others meanwhile, and left; `refused` by the store. `added` and `removed` count
    articles by kind (topics, entities, agencies) and id; `placed` those in which an id stayed and its evidence moved.
    """

    looked: int = 0
    current: int = 0
    same: int = 0
    moved: int = 0
    newer: int = 0
    refused: int = 0
    names: dict[str, str] = field(default_factory=dict)
    added: dict[str, Counter[str]] = field(default_factory=lambda: {kind: Counter() for kind in _KINDS})
    removed: dict[str, Counter[str]] = field(default_factory=lambda: {kind: Counter() for kind in _KINDS})
    placed: dict[str, Counter[str]] = field(default_factory=lambda: {kind: Counter() for kind in _KINDS})

    def note(self, before: Json, after: Json) -> None:
        """An article's tags were `before`, and are `after`: fields of the group `tags`."""
        moved = False
        for kind in _KINDS:
            old, new = _by_id(before, kind), _by_id(after, kind)
            self.added[kind].update(new.keys() - old.keys())
            self.removed[kind].update(old.keys() - new.keys())
            self.placed[kind].update(key for key in old.keys() & new.keys() if old[key] != new[key])
            moved = moved or old != new
            if kind == "entities":
                self.names.update((key, str(one.get("name") or key)) for key, one in {**old, **new}.items())
        self.moved += moved
        self.same += not moved

    def document(self) -> Json:
        """For machines. Under each kind, by id, those of which articles gained or lost any, or whose evidence moved."""
        told: Json = {name: getattr(self, name) for name in ("looked", "current", "same", "moved", "newer", "refused")}
        for kind in _KINDS:
            ids = self.added[kind].keys() | self.removed[kind].keys() | self.placed[kind].keys()
            told[kind] = {
                key: self._line(kind, key) for key in sorted(ids, key=lambda key: (-self.size(kind, key), key))
            }
        return told

    def size(self, kind: str, key: str) -> int:
        """How many articles gained or lost this tag."""
        return self.added[kind][key] + self.removed[kind][key]

    def _line(self, kind: str, key: str) -> Json:
        name: Json = {"name": self.names[key]} if kind == "entities" else {}
        counts = {"added": self.added[kind][key], "removed": self.removed[kind][key]}
        return {**name, **counts, "placed": self.placed[kind][key]}


def _by_id(fields: Json, kind: str) -> dict[str, Json]:
    if kind == "agencies":
        wire = fields.get("wire") or {}
        evidence: Iterable[Json] = wire.get("evidence") or ()
        return {
            slug: {"evidence": [piece for piece in evidence if piece.get("agency") == slug]}
            for slug in wire.get("agencies") or ()
        }
    return {str(one["id"]): one for one in fields.get(kind) or ()}
