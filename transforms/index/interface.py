"""What every index can do. The graph and the commands know only this; the embedded index is behind it.

An article document is written by several hands at different times, so it is made of field groups, each with its own
version (`transforms.records.Version`) and one writer: `content` (the text and where it was first seen), `tags` (wire,
entities, topics, tagged_by), `sources` (everywhere it was seen), `story` (the placement), `verdict` (a person's). A
write with a version that is not above the stored one of its group changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from transforms.records import Json, Poll, Version, Write

WRITTEN, SAME, STALE, FORGOTTEN, REJECTED = "written", "same", "stale", "forgotten", "rejected"
# The `reason_code` of a placement that named a forgotten article: mended so that it can be read, it awaits folding.
MENDED = "mended"

# What stands around each match in `highlight`: plain, harmless in a terminal, and rare in news. Readers may restyle it.
MARK_START, MARK_END = "⟦", "⟧"


class IndexAway(RuntimeError):
    """The index cannot be reached now; the text says which and why, without secrets. Nothing is wrong with the data."""


class Rejection(str):
    """The outcome `rejected` of a write that the store will never take as it is; `reason` is what the store said."""

    __slots__ = ("reason",)
    reason: str

    def __new__(cls, reason: str) -> Rejection:
        made = super().__new__(cls, REJECTED)
        made.reason = reason
        return made

    def __reduce__(self) -> tuple[type[Rejection], tuple[str]]:
        return Rejection, (self.reason,)


@dataclass(frozen=True, slots=True)
class Query:
    """What a reader asks for. `text` is a full-text query; all other fields narrow; `since` is in seconds UTC.

    `topic` and `entity` are ids (an entity may also be given by name), `source` an id or a domain.
    """

    text: str | None = None
    since: int | None = None
    lang: str | None = None
    topic: str | None = None
    entity: str | None = None
    source: str | None = None
    limit: int = 20


@dataclass(frozen=True, slots=True)
class Seed:
    """What folding needs to know again of an article after a restart."""

    document: Json
    content: Version
    story: Version | None


@dataclass(frozen=True, slots=True)
class Tagged:
    """An article document as it stands, with the version of its tags (where it has none yet, of its content)."""

    document: Json
    version: Version


@dataclass(frozen=True, slots=True)
class Parcel:
    """One alert due at one channel. `key` is its idempotency key, the same at every attempt."""

    key: str
    channel: str
    alert: Json
    attempts: int


class Index(Protocol):
    """Thread-safe; every method may be called from any thread of the process."""

    def start_epoch(self) -> int:
        """A number higher than any given before: the epoch of this start. Durable before it is returned."""

    def apply(self, writes: Sequence[Write]) -> list[str]:
        """Write all, in one transaction where the store has them; per write `written`, `same` (that very version is
        stored: a retry), `stale`, `forgotten`, or a `Rejection`. Story documents follow. A changed `revision` keeps
        the former text as a revision. Where the store is away it waits, and says so in `trouble`."""

    def article(self, key: str) -> Json | None:
        """The document with this id or URL."""

    def documents(self, ids: Iterable[str]) -> list[Json]:
        """The visible documents with these ids, in any order, as they stand at this moment."""

    def known(self, ids: Iterable[str]) -> set[str]:
        """Which of these ids have a visible document at this moment."""

    def seed(self, since: int, before: int | None = None) -> Iterator[Seed]:
        """Every article with `since <= published_effective < before`, after a refresh."""

    def tagged(self, since: int | None = None) -> Iterator[Tagged]:
        """Every article with `published_effective >= since` (None: every one), oldest first, after a refresh. A page is
        held at a time, and the index may be written to meanwhile: what is written behind the reader is as it was, what
        is written before it may be either."""

    def seeds(self, ids: Iterable[str]) -> list[Seed]:
        """The seeds of the visible articles with these ids, in any order, as they stand at this moment."""

    def search(self, query: Query) -> list[Json]:
        """Article documents, best match first (newest first without text), each with `highlight` where text matched."""

    def stories(self, query: Query) -> list[Json]:
        """Story documents, newest first, narrowed by what any of their articles holds."""

    def story(self, key: str) -> Json | None:
        """The story with this id, or one merged into it, or that of the article with this id or URL, with `members`."""

    def reposts(self, since: int | None = None) -> Iterator[tuple[Json, Json]]:
        """Every repost published since then (seconds UTC), with the original of its story: documents of which only the
        fields in `transforms.index.reposts.NEEDED` are told."""

    def alerts(self, since: int | None = None, limit: int | None = None) -> list[Json]:
        """Alert documents, newest first."""

    def export(self, all_revisions: bool = False) -> Iterator[Json]:
        """Article documents ordered by id (then revision)."""

    def forget(self, ids: Iterable[str]) -> int:
        """Remove articles with their revisions, alerts' evidence and outbox parcels, and remember that they must not
        come back. An id that was never indexed is remembered too. Returns how many documents went."""

    def ids_before(self, published_before: int) -> list[str]:
        """Ids of the articles with `published_effective` below this."""

    def forgotten(self, after: int = 0) -> tuple[int, list[str]]:
        """The ids forgotten since position `after`, and the new position."""

    def judge(self, entry: Json) -> Json:
        """Add a person's judgement (`transforms.fold.judgements`) to a log that is never changed. Returns it with its
        `number`, counted from 1 without a gap. Once it is returned it is in force for all who read."""

    def judgements(self, after: int = 0) -> tuple[int, list[Json]]:
        """The judgements behind position `after`, in order, and the new position."""

    def raise_alert(self, alert: Json, channels: Sequence[str]) -> bool:
        """Create the alert and its parcels in one transaction. Where an alert of this rule exists for the story, or
        for one merged into it (`alert["merged_from"]`), only its history grows by entries with new article ids. True
        if created."""

    def parcels(self, now: int, limit: int = 20) -> list[Parcel]:
        """Parcels due at `now`, oldest first."""

    def delivered(self, key: str, channel: str, at: int) -> None:
        """The channel took the parcel."""

    def undelivered(self, key: str, channel: str, reason: str, retry_at: int | None) -> None:
        """The channel did not; try again at `retry_at`, or never (None: kept and shown as failed)."""

    def feeds(self, readers: Collection[str] | None = None) -> dict[str, Json]:
        """The stored progress of these feeds (None: of all) by reader id, with `requested_ms` and `batch`."""

    def mark_requested(self, reader: str, at_ms: int) -> None:
        """A request to this feed is about to be made. Stored before it is, so that a restart does not poll early."""

    def commit_poll(self, reader: str, batch: int, progress: Json) -> bool:
        """Store a feed's progress if `batch` is above the stored one."""

    def commit_polls(self, polls: Iterable[Poll]) -> None:
        """`commit_poll` for each, in one transaction."""

    def counts(self) -> dict[str, int]:
        """articles, stories, reposts, revisions, alerts, polls, failed_polls."""

    def refresh(self) -> None:
        """Make all that is written visible to reads."""

    def trouble(self) -> str | None:
        """Why writing waits at this moment, in words for a person; None where it does not."""

    def retried(self) -> int:
        """How often this process had to send something again since it was last asked: each time is told once."""

    def give_up(self) -> None:
        """Whoever waits for the store, now or later, gets IndexAway: the program is about to end."""

    def close(self) -> None:
        """Let go of connections."""
