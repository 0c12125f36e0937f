"""The records that travel between stages: entry, article, dead letter, write, receipt.

All times are whole seconds since 1970-01-01 UTC, as `int`; `rfc3339` and `seconds` convert at the edges.
All records are frozen and hold plain values only, so that they pickle the same on every runner.
Spans are half-open `[start, end)` offsets in characters (code points) of the named field's text.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]


# The first and the last second that `datetime` can tell: of the years 1 and 9999.
_FIRST, _LAST = -62_135_596_800, 253_402_300_799


def rfc3339(seconds_utc: int | None) -> str | None:
    """Seconds since the epoch as `2026-11-23T15:54:44Z`, or None for None; what lies beyond the years 1 to 9999 as
    their first or last second."""
    if seconds_utc is None:
        return None
    moment = datetime.fromtimestamp(min(max(seconds_utc, _FIRST), _LAST), UTC)
    return f"{moment.replace(tzinfo=None).isoformat()}Z"


def seconds(text: str | None) -> int | None:
    """The inverse of `rfc3339`; raises ValueError for a text that is not RFC 3339."""
    if text is None:
        return None
    stamp = datetime.fromisoformat(text)
    return int((stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)).timestamp())


@dataclass(frozen=True, slots=True)
class Source:
    """Where an entry was read. `agency` is the slug that the config gives the feed, if any."""

    id: str
    name: str = ""
    domain: str = ""
    agency: str | None = None

    def document(self) -> Json:
        """As it stands in an article document; `agency` only where the config declares one."""
        own: Json = {"agency": self.agency} if self.agency else {}
        return {"id": self.id, "name": self.name, "domain": self.domain, **own}


@dataclass(frozen=True, slots=True)
class Origin:
    """Which record of which reader something came from: the key of its terminal receipt.

    `reader` is "feed:ID", "file:PATH" or "kafka:SOURCE:TOPIC:PARTITION". `batch` counts polls of a feed, is the offset
    of a Kafka record, and 0 elsewhere; `seq` counts records inside the batch, from 0.
    """

    reader: str
    batch: int = 0
    seq: int = 0


# The `method` of a text that was had in place of its page's.
SUMMARY = "summary"


@dataclass(frozen=True, slots=True)
class Entry:
    """What a source delivers, untouched. Text fields may hold markup, and are hostile.

    `body` is plain text, `html` markup; `summary` may be either. `published` is as the source wrote it.
    `arrived` is the time of reading, or the record's own for a recorded stream. `method` tells how the text
    was had: feed, file, kafka, page (fetched and extracted) or summary (the page could not be had).
    """

    origin: Origin
    source: Source
    arrived: int
    url: str | None = None
    guid: str | None = None
    title: str = ""
    body: str | None = None
    html: str | None = None
    summary: str | None = None
    author: str | None = None
    published: str | None = None
    language: str | None = None
    method: str = "feed"
    extra: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Article:
    """A cleaned entry. `title` and `body` are plain text as written; later stages fill the lower half.

    `wire`, `entities` and `topics` have the shapes of the article document in `docs/documents.md`.
    """

    id: str
    origin: Origin
    source: Source
    arrived: int
    url: str | None
    guid: str | None
    title: str
    body: str
    author: str | None = None
    published: int | None = None
    language: str | None = None
    method: str = "feed"
    extra: Json = field(default_factory=dict)
    wire: Json = field(default_factory=lambda: {"agencies": [], "evidence": []})
    entities: tuple[Json, ...] = ()
    topics: tuple[Json, ...] = ()
    tagged_by: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Something that could not be processed: the stage, the reason and the whole input, for replay.

    `input` is JSON-able; bytes are held as {"base64": "..."}. `input_kind` is entry, line, poll or record (of Kafka).
    """

    stage: str
    reason: str
    input_kind: str
    input: Json
    origin: Origin
    arrived: int


@dataclass(frozen=True, slots=True)
class Poll:
    """One finished poll of a feed, emitted behind its `entries` entries: what to commit once they are all written."""

    reader: str
    batch: int
    entries: int
    progress: Json


@dataclass(frozen=True, slots=True)
class Extent:
    """A stretch of a Kafka partition that was read: the offsets `start <= offset < end`, emitted behind its entries.

    `counts` says of each record found there how many receipts it will have (a tombstone has none); an offset that is
    not in it holds no record (compacted away, or a transaction's mark).
    """

    reader: str
    start: int
    end: int
    counts: dict[int, int]


@dataclass(frozen=True, slots=True)
class Receipt:
    """The terminal outcome of one input record, given after its last write: indexed, known, dead or forgotten."""

    origin: Origin
    outcome: str
    article_id: str | None = None


@dataclass(frozen=True, order=True, slots=True)
class Version:
    """Orders the writes of one field group: the start's epoch (taken from the index), then a counter."""

    epoch: int
    counter: int


@dataclass(frozen=True, slots=True)
class Write:
    """One field group of one document. `group` is content, story or tags; a lower version never replaces a higher."""

    id: str
    group: str
    version: Version
    fields: Json


__all__ = [
    "Article", "DeadLetter", "Entry", "Extent", "Json", "Origin", "Poll", "Receipt", "Source", "Version", "Write",
    "replace", "rfc3339", "seconds",
]  # fmt: skip
