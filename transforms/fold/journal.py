"""Members as bytes for Beam state, and as they are read again from the index.

A state record is a pickled tuple of plain values that begins with the schema number; a record of another schema is
passed over, and its article comes back from the index.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from transforms.fold import shingles
from transforms.fold.placement import digest_of
from transforms.fold.shingles import EMPTY
from transforms.fold.stories import NEVER, Member, own_rank
from transforms.fold.verdict import Overlap
from transforms.index.interface import Seed
from transforms.records import Json, Source, Version, seconds

SCHEMA = 1
Owner = Callable[[str | None, Source], str | None]


def dump(member: Member) -> bytes:
    """One state record: all of a member but its number."""
    return pickle.dumps(
        (
            SCHEMA,
            (member.id, member.published, member.first_seen, member.given, member.rank, member.agency),
            member.credits,
            tuple((s.id, s.name, s.domain, s.agency) for s in member.sources),
            (member.texts, member.revision, member.print.tobytes()),
            (_flat(member.links), _flat(member.parts)),
            (member.story, member.merged_from, member.placed),
            (member.content_version.epoch, member.content_version.counter),
            (member.story_version.epoch, member.story_version.counter),
            (member.complete, member.checked, member.awaits),
        ),
        protocol=5,
    )


def parse(record: bytes) -> Member | None:
    """The inverse of `dump`; None for a record of another schema. State is our own, never from outside."""
    values: tuple[Any, ...] = pickle.loads(record)  # noqa: S301
    if values[0] != SCHEMA:
        return None
    _, who, credited, sources, text, links, story, content_version, story_version, flags = values
    name, published, first_seen, given, rank, agency = who
    return Member(
        id=name,
        published=published,
        first_seen=first_seen,
        given=given,
        rank=rank,
        agency=agency,
        credits=credited,
        sources=tuple(Source(*source) for source in sources),
        texts=text[0],
        revision=text[1],
        print=np.frombuffer(text[2], np.uint32),
        links=_links(links[0]),
        parts=_links(links[1]),
        story=story[0],
        merged_from=story[1],
        placed=story[2],
        content_version=Version(*content_version),
        story_version=Version(*story_version),
        complete=flags[0],
        checked=flags[1],
        awaits=flags[2],
    )


def _flat(links: Mapping[str, Overlap]) -> tuple[tuple[str, int, int, int], ...]:
    return tuple((other, o.shared, o.size_a, o.size_b) for other, o in links.items())


def _links(flat: tuple[tuple[str, int, int, int], ...]) -> dict[str, Overlap]:
    return {other: Overlap(*sizes) for other, *sizes in flat}


def from_seed(seed: Seed, owner: Owner, agencies: Mapping[str, str | None]) -> Member:
    """`from_document` with the versions that the index holds."""
    member = from_document(seed.document, owner, agencies)
    member.content_version, member.story_version = seed.content, seed.story or NEVER
    return member


def from_document(doc: Json, owner: Owner, agencies: Mapping[str, str | None]) -> Member:
    """A member as the index knows it. Its links are looked up again when they are first needed.

    `owner` tells whose own an article is, by URL and source; `agencies` the slug that the config gives a source id.
    """
    placed: Json = doc.get("story") or {}
    sources = tuple(
        Source(s["id"], s.get("name", ""), s.get("domain", ""), agencies.get(s["id"])) for s in doc.get("sources") or []
    ) or (Source(**doc["source"]),)
    credited = tuple((doc.get("wire") or {}).get("agencies", ()))
    agency = owner(doc.get("url"), sources[0])
    try:
        hashes = shingles.from_document(doc["fingerprint"])
    except (KeyError, TypeError, ValueError):
        # Another version's fingerprint: the article is still known by id, but folds with nothing new.
        hashes = EMPTY
    return Member(
        id=doc["id"],
        published=seconds(doc["published_effective"]) or 0,
        first_seen=seconds(doc["first_seen"]) or 0,
        given=seconds(doc.get("published")),
        rank=own_rank(agency, credited),
        agency=agency,
        credits=credited,
        sources=sources,
        texts=tuple(doc.get("texts") or ()),
        revision=doc.get("revision") or 0,
        print=hashes,
        links=_known_links(placed, len(hashes)),
        story=placed.get("id", ""),
        merged_from=tuple(placed.get("merged_from") or ()),
        placed=digest_of(placed) if placed else "",
        complete=False,
        checked=False,
    )


def _known_links(placed: Json, size: int) -> dict[str, Overlap]:
    """The links that a placement names, so that they outlive the other article's memory."""
    links = {}
    for entry in placed.get("copied_from") or []:
        common = round(entry["share_of_this"] * size)
        other = round(common / entry["share_of_other"]) if entry["share_of_other"] else common
        links[entry["id"]] = Overlap(common, size, other)
    return links
