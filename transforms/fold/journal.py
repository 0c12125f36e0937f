"""Members as bytes for Beam state, and as they are read again from the index.

A state record is a pickled tuple of plain values that begins with the schema number; a record of another schema is
passed over, and its article comes back from the index. Of several records of one article the newest holds: each has a
serial, since a bag has no order.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from transforms.fold import content, shingles
from transforms.fold.furniture import heading_of, host_of
from transforms.fold.placement import digest_of
from transforms.fold.prints import NO_PRINT, Print
from transforms.fold.record import Common, common_of, decode, encode
from transforms.fold.shingles import EMPTY
from transforms.fold.stories import NEVER, Member, own_rank
from transforms.fold.verdict import SAME, Overlap
from transforms.index.interface import MENDED, Seed
from transforms.records import SUMMARY, Json, Source, Version, seconds

SCHEMA = 4
Owner = Callable[[str | None, Source], str | None]


def dump(member: Member, serial: Version) -> bytes:
    """One state record: all of a member but its number. `serial` is above that of its former records."""
    told = (SCHEMA, (serial.epoch, serial.counter), member.id, tuple(common_of(member)), encode(member))
    return pickle.dumps(told, protocol=5)


def latest(records: Iterable[bytes]) -> list[Member]:
    """The members that these records, in any order, tell of: the inverse of `dump`. State is our own, never from
    outside."""
    newest: dict[str, tuple[Any, ...]] = {}
    for record in records:
        values: tuple[Any, ...] = pickle.loads(record)  # noqa: S301
        if values[0] == SCHEMA:
            known = newest.setdefault(values[2], values)
            if values[1] > known[1]:
                newest[values[2]] = values
    return [decode(name, Common(*common), data) for _, _, name, common, data in newest.values()]


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
        known_print = Print.at_rest(shingles.from_document(doc["fingerprint"]))
        filled = shingles.slots_from_document(doc["fingerprint"])
    except (KeyError, TypeError, ValueError):
        # Another version's fingerprint: the article is still known by id, but folds with nothing new.
        known_print, filled = NO_PRINT, EMPTY
    known = _known_links(placed, len(known_print))
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
        partial=doc.get("method") == SUMMARY,
        revision=doc.get("revision") or 0,
        print=known_print,
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
