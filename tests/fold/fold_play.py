"""Playing articles into a fold memory, and an index in miniature that keeps what the memory writes."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from transforms.fold.decision import Decision
from transforms.fold.memory import Memory
from transforms.fold.shingles import fingerprint
from transforms.index.interface import Seed
from transforms.records import Article, Json, Origin, Source, Version, Write, seconds

HERE = Path(__file__).parent
NOON = 1_790_000_000
DAY = 86400
TTL = 7 * DAY
Outcome = dict[str, tuple[frozenset[str], str, str | None]]


@functools.cache
def _pieces() -> dict[str, list[str]]:
    return yaml.safe_load((HERE / "pieces.yaml").read_text("utf-8"))


def text(parts: Iterable[str]) -> str:
    """The sentences that `parts` name (`quay2`, `quay1-4`), or, where one holds a space, that text itself."""
    found: list[str] = []
    for part in parts:
        named = re.fullmatch(r"([a-z]+)(\d+)(?:-(\d+))?", part)
        if named is None:
            found.append(part)
            continue
        name, first, last = named[1], int(named[2]), int(named[3] or named[2])
        found += _pieces()[name][first - 1 : last]
    return " ".join(found)


def moment(offset: int | str | None) -> int | None:
    """Seconds UTC of an offset from noon: seconds, or `-3d`, `+4h`, `90m`."""
    if offset is None or isinstance(offset, int):
        return None if offset is None else NOON + offset
    sign, number, unit = re.fullmatch(r"([+-]?)(\d+)([smhd])", offset).groups()  # type: ignore[union-attr]
    size = int(number) * {"s": 1, "m": 60, "h": 3600, "d": DAY}[unit]
    return NOON + (-size if sign == "-" else size)


def article(spec: Mapping[str, Any]) -> Article:
    """The article of one entry of a case."""
    at = moment(spec.get("at", 0))
    assert at is not None
    source = spec.get("source", spec["id"])
    return Article(
        id=spec["id"],
        origin=Origin(f"feed:{source}", moment(spec["poll"]) if "poll" in spec else at),
        source=Source(source, source.title(), f"{source}.example", spec.get("agency")),
        arrived=moment(spec.get("arrived")) or at,
        url=spec.get("url", f"https://example.org/{spec['id']}"),
        guid=None,
        title=spec.get("title", f"Title of {spec['id']}"),
        body=text(spec["text"]),
        published=moment(spec["published"]) if "published" in spec else at,
        method=spec.get("method", "feed"),
        wire={"agencies": list(spec.get("credits", [])), "evidence": []},
    )


def owner(_: str | None, source: Source) -> str | None:
    """Whose own article it is: here, that of the agency which the source is declared to be."""
    return source.agency


@dataclass
class Shelf:
    """Writes merged per article and group, the highest version of each: what any index does."""

    groups: dict[str, dict[str, tuple[Version, Json]]] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)

    def apply(self, writes: Iterable[Write]) -> None:
        for write in writes:
            held = self.groups.setdefault(write.id, {})
            if write.id not in self.forgotten and (write.group not in held or held[write.group][0] < write.version):
                held[write.group] = (write.version, write.fields)

    def document(self, key: str) -> Json:
        found: Json = {"id": key}
        for _, fields in self.groups[key].values():
            found.update(fields)
        return found

    def documents(self) -> dict[str, Json]:
        return {key: self.document(key) for key in self.groups if key not in self.forgotten}

    def seeds(self, since: int = 0) -> Iterator[Seed]:
        for key, document in sorted(self.documents().items()):
            if (seconds(document["published_effective"]) or 0) >= since:
                groups = self.groups[key]
                yield Seed(document, groups["content"][0], groups["story"][0])


def made(name: str, at: int, agency: str | None = None, body: str = "") -> Article:
    return Article(
        id=name, origin=Origin("test"), source=Source(f"s-{name}", "", "", agency), arrived=at, url=None, guid=name,
        title=f"News about {name}", body=body, published=at,
    )  # fmt: skip


class Play:
    """A memory, the shelf that its writes go to, and what it decided."""

    def __init__(self, ttl_s: int = TTL, epoch: int = 1, shelf: Shelf | None = None) -> None:
        self.memory = Memory(ttl_s, epoch)
        self.shelf = shelf or Shelf()
        self.decisions: list[Decision] = []

    def deliver(self, item: Article, hashes: Any = None) -> Decision:
        """Decide about an article; its fingerprint is made of its text unless given."""
        found = fingerprint(item.body or item.title) if hashes is None else hashes
        decision = self.memory.decide(item, found, owner(item.url, item.source))
        self.shelf.apply(decision.writes)
        self.decisions.append(decision)
        return decision

    def forget(self, ids: list[str]) -> None:
        self.shelf.forgotten.update(ids)
        self.shelf.apply(self.memory.forget(ids))

    def judge(self, entries: list[Json]) -> None:
        self.shelf.apply(self.memory.judge(entries))

    @property
    def outcomes(self) -> list[str]:
        return [decision.outcome for decision in self.decisions]

    def result(self) -> Outcome:
        """By article id: who is in its story, its role, its original; as the index has it."""
        self.check()
        return result(self.shelf.documents())

    def check(self) -> None:
        """The memory holds together, and is what the index shows."""
        memory = self.memory
        for story in memory.stories.values():
            members = story.group.members
            assert members == sorted(members, key=lambda m: m.order), story.id
            assert {m.story for m in members} == {story.id}
            assert [m for m in members if memory.members.get(m.id) is not m] == []
        placed = {m.id for story in memory.stories.values() for m in story.group.members}
        assert placed == set(memory.members)
        for member in memory.members.values():
            for other, overlap in member.links.items():
                if other in memory.members:
                    assert memory.members[other].links[member.id] == overlap.turned()


def result(documents: Mapping[str, Json]) -> Outcome:
    """What must not depend on the order of arrival, read off article documents."""
    members: dict[str, set[str]] = {}
    for name, document in documents.items():
        members.setdefault(document["story"]["id"], set()).add(name)
    return {
        name: (frozenset(members[d["story"]["id"]]), d["story"]["role"], d["story"]["original_id"])
        for name, d in documents.items()
    }


def expected(stories: Iterable[list[str]]) -> Outcome:
    """The outcome of stories given as lists of ids, the original first."""
    out: Outcome = {}
    for ids in stories:
        for name in ids:
            role = "unique" if len(ids) == 1 else "original" if name == ids[0] else "repost"
            out[name] = (frozenset(ids), role, None if len(ids) == 1 else ids[0])
    return out
