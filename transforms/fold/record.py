"""A member as few bytes: for the part of a memory that nothing is done with, and for Beam state.

What a member has in common with many others (whose own it is, credits, sources, reader) is kept apart, as `Common`, so
that a memory holds it once. The rest is a fixed head, the packed fingerprint, and a pickled tail where there is more to
say. All of it is our own and never comes from outside.
"""

from __future__ import annotations

import pickle
import struct
from typing import Any, NamedTuple

import numpy as np

from transforms.fold.prints import Print
from transforms.fold.stories import Member
from transforms.fold.verdict import Overlap
from transforms.records import Origin, Source, Version

# published, length of the print, flags, first_seen, given, rank, revision, batch, seq, both versions, the last text,
# the placement, the story, bytes of slots and of the heading. Print, slots and heading follow.
_HEAD = struct.Struct("<qIBqqBIqIIQIQ8s8s10sBB")
_BEGIN = struct.Struct("<qI")
# So many bytes tell what `published_of` and `has_print` say.
BEGIN = _BEGIN.size
_GIVEN, _PARTIAL, _COMPLETE, _CHECKED, _TAIL = 1, 2, 4, 8, 16
# No UTF-8 has this byte.
_AS_IT_IS = b"\xff"


class Common(NamedTuple):
    """What many members have in common. `sources` are as (id, name, domain, agency)."""

    agency: str | None
    credits: tuple[str, ...]
    sources: tuple[tuple[str, str, str, str | None], ...]
    reader: str
    host: str


def key_of(name: str) -> bytes:
    """An article's id in half its bytes, as it is hexadecimal; any other string as it is, marked."""
    short = _short(name, 16)
    if short is not None:
        return short
    key = _AS_IT_IS + name.encode("utf-8", "surrogatepass")
    return _AS_IT_IS + key if len(key) == 16 else key


def name_of(key: bytes) -> str:
    """The inverse of `key_of`."""
    return key.hex() if len(key) == 16 else key.lstrip(_AS_IT_IS).decode("utf-8", "surrogatepass")


def common_of(member: Member) -> Common:
    """What `encode` leaves out."""
    sources = tuple((s.id, s.name, s.domain, s.agency) for s in member.sources)
    return Common(member.agency, member.credits, sources, member.read.reader, member.host)


def encode(member: Member) -> bytes:
    """All of a member but its id, its number and what is in `common_of`."""
    text, placed = _short(member.texts[-1] if member.texts else "", 8), _short(member.placed, 8)
    story = _short(member.story, 10)
    tail: dict[str, Any] = {
        name: value
        for name, value in (
            ("links", _flat(member.links)), ("parts", _flat(member.parts)), ("merged_from", member.merged_from),
            ("awaits", member.awaits), ("made_of", member.made_of),
        )
        if value
    }  # fmt: skip
    if text is None or len(member.texts) > 1:
        tail["texts"] = member.texts
    if placed is None:
        tail["placed"] = member.placed
    if story is None:
        tail["story"] = member.story
    flags = (
        _GIVEN * (member.given is not None)
        + _PARTIAL * member.partial
        + _COMPLETE * member.complete
        + _CHECKED * member.checked
        + _TAIL * bool(tail)
    )
    content, told, data, slots = member.content_version, member.story_version, member.print.data, member.slots.tobytes()
    head = _HEAD.pack(
        member.published, len(data), flags, member.first_seen, member.given or 0, member.rank, member.revision,
        member.read.batch, member.read.seq, content.epoch, content.counter, told.epoch, told.counter,
        text or bytes(8), placed or bytes(8), story or bytes(10), len(slots), len(member.heading),
    )  # fmt: skip
    return head + data + slots + member.heading + (pickle.dumps(tail, protocol=5) if tail else b"")


def decode(name: str, common: Common, data: bytes) -> Member:
    """The member that was encoded, without a number."""
    (published, size, flags, first_seen, given, rank, revision, batch, seq, epoch, counter, told_epoch, told_counter,
     text, placed, story, of_slots, of_heading) = _HEAD.unpack_from(data)  # fmt: skip
    end = _HEAD.size + size
    heading, last = end + of_slots, end + of_slots + of_heading
    tail: dict[str, Any] = pickle.loads(data[last:]) if flags & _TAIL else {}  # noqa: S301 - our own
    return Member(
        id=name,
        published=published,
        first_seen=first_seen,
        given=given if flags & _GIVEN else None,
        rank=rank,
        agency=common.agency,
        credits=common.credits,
        sources=tuple(Source(*source) for source in common.sources),
        texts=tail["texts"] if "texts" in tail else (text.hex(),),
        read=Origin(common.reader, batch, seq),
        partial=bool(flags & _PARTIAL),
        revision=revision,
        print=Print(data[_HEAD.size : end]),
        slots=np.frombuffer(data, np.uint32, of_slots // 4, end),
        host=common.host,
        heading=data[heading:last],
        links=_links(tail.get("links", ())),
        parts=_links(tail.get("parts", ())),
        made_of=tail.get("made_of", ()),
        story=tail["story"] if "story" in tail else story.hex(),
        merged_from=tail.get("merged_from", ()),
        placed=tail["placed"] if "placed" in tail else placed.hex(),
        content_version=Version(epoch, counter),
        story_version=Version(told_epoch, told_counter),
        awaits=tail.get("awaits", ()),
        complete=bool(flags & _COMPLETE),
        checked=bool(flags & _CHECKED),
    )


def published_of(data: bytes) -> int:
    """When an encoded member was published."""
    return int(_BEGIN.unpack_from(data)[0])


def has_print(data: bytes) -> bool:
    """Whether an encoded member still has its fingerprint."""
    return bool(_BEGIN.unpack_from(data)[1])


def story_of(data: bytes) -> str:
    """The id of an encoded member's story."""
    _, size, flags, *_, story, of_slots, of_heading = _HEAD.unpack_from(data)
    last = _HEAD.size + size + of_slots + of_heading
    tail: dict[str, Any] = pickle.loads(data[last:]) if flags & _TAIL else {}  # noqa: S301 - our own
    return tail["story"] if "story" in tail else story.hex()


def _short(name: str, size: int) -> bytes | None:
    """`size` bytes for twice as many hexadecimal digits; None for any other string."""
    if len(name) != 2 * size:
        return None
    try:
        found = bytes.fromhex(name)
    except ValueError:
        return None
    return found if found.hex() == name else None


def _flat(links: dict[str, Overlap]) -> tuple[tuple[bytes, int, int, int, int], ...]:
    return tuple((key_of(other), o.shared, o.size_a, o.size_b, o.facts) for other, o in links.items())


def _links(flat: tuple[tuple[bytes, int, int, int, int], ...]) -> dict[str, Overlap]:
    return {name_of(other): Overlap(*sizes) for other, *sizes in flat}
