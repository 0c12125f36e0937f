"""Members as bytes for Beam state, and as they are read again from the index.

A state record is a pickled tuple of plain values that begins with the schema number; a record of another schema is
passed over, and its article comes back from the index. Of several records of one article the newest holds: each has a
serial, since a bag has no order.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from transforms.fold import content, shingles
from transforms.fold.furniture import heading_of, host_of
from transforms.fold.placement import digest_of
from transforms.fold.shingles import EMPTY
from transforms.fold.stories import NEVER, Member, own_rank
from transforms.fold.verdict import SAME, Overlap
from transforms.index.interface import MENDED, Seed
from transforms.records import Json, Origin, Source, Version, seconds

SCHEMA = 3
Owner = Callable[[str | None, Source], str | None]


def dump(member: Member, serial: Version) -> bytes:
    """One state record: all of a member but its number. `serial` is above that of its former records."""
    return pickle.dumps(
        (
            SCHEMA,
            (serial.epoch, serial.counter),
            (member.id, member.published, member.first_seen, member.given, member.rank, member.agency),
            member.credits,
            tuple((s.id, s.name, s.domain, s.agency) for s in member.sources),
            (member.texts, member.revision, member.print.tobytes()),
            (member.slots.tobytes(), member.host, member.heading),
            (member.read.reader, member.read.batch, member.read.seq, member.partial),
            (_flat(member.links), _flat(member.parts)),
            (member.story, member.merged_from, member.placed),
            (member.content_version.epoch, member.content_version.counter),
            (member.story_version.epoch, member.story_version.counter),
            (member.complete, member.checked, member.awaits, member.made_of),
        ),
        protocol=5,
    )


def latest(records: Iterable[bytes]) -> list[Member]:
    """The members that these records, in any order, tell of: the inverse of `dump`. State is our own, never from
    outside."""
    newest: dict[str, tuple[Any, ...]] = {}
    for record in records:
        values: tuple[Any, ...] = pickle.loads(record)  # noqa: S301
        if values[0] == SCHEMA:
            known = newest.setdefault(values[2][0], values)
            if values[1] > known[1]:
                newest[values[2][0]] = values
    return [_member(values) for values in newest.values()]


def _member(values: tuple[Any, ...]) -> Member:
    _, _, who, credited, sources, text, seen, read, links, story, content_version, story_version, flags = values
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
        read=Origin(*read[:3]),
        partial=read[3],
        revision=text[1],
        print=np.frombuffer(text[2], np.uint32),
        slots=np.frombuffer(seen[0], np.uint32),
        host=sys.intern(seen[1]),
        heading=seen[2],
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
        made_of=flags[3],
    )


def _flat(links: Mapping[str, Overlap]) -> tuple[tuple[str, int, int, int, int], ...]:
    return tuple((other, o.shared, o.size_a, o.size_b, o.facts) for other, o in links.items())


def _links(flat: tuple[tuple[str, int, int, int, int], ...]) -> dict[str, Overlap]:
    return {other: Overlap(*sizes) for other, *sizes in flat}


def from_seed(seed: Seed, owner: Owner) -> Member:
    """`from_document` with the versions that the index holds."""
    member = from_document(seed.document, owner)
    member.content_version, member.story_version = seed.content, seed.story or NEVER
    return member


def from_document(doc: Json, owner: Owner) -> Member:
    """A member as the index knows it. Its links are looked up again when they are first needed.

    `owner` tells whose own an article is, by URL and source. Where the document has no `texts`, the article is known
    by its present text. What an index mended after a `forget` counts as not placed.
    """
    placed: Json = doc.get("story") or {}
    sources = tuple(_source(told) for told in doc.get("sources") or [doc["source"]])
    credited = tuple((doc.get("wire") or {}).get("agencies", ()))
    agency = next((slug for source in sources if (slug := owner(doc.get("url"), source))), None)
    try:
        hashes = shingles.from_document(doc["fingerprint"])
        filled = shingles.slots_from_document(doc["fingerprint"])
    except (KeyError, TypeError, ValueError):
        # Another version's fingerprint: the article is still known by id, but folds with nothing new.
        hashes = filled = EMPTY
    known = _known_links(placed, len(hashes))
    texts, read = content.texts_of(doc)
    return Member(
        id=doc["id"],
        published=seconds(doc["published_effective"]) or 0,
        first_seen=seconds(doc["first_seen"]) or 0,
        given=seconds(doc.get("published")),
        rank=own_rank(agency, credited),
        agency=agency,
        credits=credited,
        sources=sources,
        texts=texts,
        read=read,
        partial=doc.get("method") == content.SUMMARY,
        revision=doc.get("revision") or 0,
        print=hashes,
        slots=filled,
        host=host_of(doc.get("url")),
        heading=heading_of(doc.get("title") or ""),
        links={other: overlap for other, overlap in known.items() if overlap.linked},
        parts={other: overlap for other, overlap in known.items() if not overlap.linked},
        made_of=_made_of(placed),
        story=placed.get("id", ""),
        merged_from=tuple(placed.get("merged_from") or ()),
        placed=digest_of(placed) if placed and not _mended(placed) else "",
        complete=False,
        checked=False,
    )


def _mended(placed: Json) -> bool:
    return (placed.get("verdict") or {}).get("reason_code") == MENDED


def _made_of(placed: Json) -> tuple[str, ...]:
    if (placed.get("verdict") or {}).get("reason_code") != "digest":
        return ()
    return tuple(entry["id"] for entry in placed.get("copied_from") or [])


def _source(told: Json) -> Source:
    return Source(told["id"], told.get("name", ""), told.get("domain", ""), told.get("agency"))


def _known_links(placed: Json, size: int) -> dict[str, Overlap]:
    """The links that a placement names, so that they outlive the other article's memory."""
    links = {}
    digest = bool(_made_of(placed))
    for entry in placed.get("copied_from") or []:
        common = round(entry["share_of_this"] * size)
        other = round(common / entry["share_of_other"]) if entry["share_of_other"] else common
        overlap = Overlap(common, size, other)
        # What is named outside a digest was linked; below the threshold, by its figures and names.
        links[entry["id"]] = overlap if digest or overlap.linked else replace(overlap, facts=SAME)
    return links
