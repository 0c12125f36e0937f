"""What a puller holds of one partition: records fetched and not yet handed on, and all that is not committed. Pure."""

from __future__ import annotations

import itertools
import time
from collections import deque
from dataclasses import dataclass, field

from transforms.kafka.record import Record

# So much of one partition is fetched ahead of what is asked for.
AHEAD_RECORDS, AHEAD_BYTES = 1000, 8 * 2**20
# Beside key, value and headers a record costs about this.
OVERHEAD = 400


@dataclass(frozen=True, slots=True)
class Chunk:
    """Records in order, and the offset that follows: all from where it was asked for up to `end` is in it."""

    records: tuple[Record, ...]
    end: int


@dataclass(slots=True, eq=False)
class Buffer:
    """One partition, from `base` (the offset last asked for) to `position` (the next to fetch).

    `seek` is True while the consumer still stands elsewhere, `beyond` where the position lies behind the partition's
    end. `pending` holds offset and bytes of each record that was fetched and lies at or above the committed offset.
    Below `handed` all was handed on; `newest` is the latest arrival of an entry among that, `entry_at` when one was
    last handed on (monotonic; at first, when the partition was asked for). `end` is the partition's end at `end_at` (0
    if it was never told), `moved` when a record last came or there was none to come.
    """

    base: int = 0
    position: int = 0
    asked: bool = False
    asked_at: float = 0.0
    seek: bool = False
    beyond: bool = False
    records: deque[Record] = field(default_factory=deque)
    pending: deque[tuple[int, int]] = field(default_factory=deque)
    pending_bytes: int = 0
    held_bytes: int = 0
    handed: int = 0
    newest: int | None = None
    committed: int = 0
    end: int = 0
    end_at: float = 0.0
    entry_at: float = field(default_factory=time.monotonic)
    moved: float = field(default_factory=time.monotonic)

    def chunk(self, offset: int, limit: int) -> Chunk:
        """Up to `limit` records from `offset` on. What lies below it is let go; if the buffer does not hold it, it is
        empty and the consumer will seek there. The same may be asked for again."""
        self.asked_at = time.monotonic()
        if not self.asked or not self.base <= offset <= self.position:
            self.jump(offset)
        while self.records and self.records[0].offset < offset:
            self.held_bytes -= weight(self.records.popleft())
        self.base = offset
        found = tuple(itertools.islice(self.records, limit))
        self.handed = found[-1].offset + 1 if len(found) < len(self.records) else self.position
        return Chunk(found, self.handed)

    def jump(self, offset: int) -> None:
        """Hold nothing, and fetch from `offset` on."""
        self.records.clear()
        self.held_bytes = 0
        while self.pending and self.pending[-1][0] >= offset:
            self.pending_bytes -= self.pending.pop()[1]
        self.base = self.position = offset
        self.asked = self.seek = True
        self.beyond = False
        self.moved = time.monotonic()

    def drop(self) -> None:
        """Nobody asks for it any more."""
        self.jump(self.position)
        self.pending.clear()
        self.pending_bytes, self.asked, self.seek = 0, False, False

    def fetched(self, records: list[Record]) -> None:
        """Take in what came from the broker, in order."""
        for record in records:
            size = weight(record)
            self.records.append(record)
            self.held_bytes += size
            if record.offset >= self.committed:
                self.pending.append((record.offset, size))
                self.pending_bytes += size
        self.stand_at(records[-1].offset + 1)

    def stand_at(self, position: int) -> None:
        """The consumer is at `position`, perhaps behind offsets that hold no record."""
        self.position, self.moved = position, time.monotonic()

    def commit(self, offset: int) -> None:
        """The group has committed `offset`."""
        self.committed = max(offset, self.committed)
        while self.pending and self.pending[0][0] < offset:
            self.pending_bytes -= self.pending.popleft()[1]

    @property
    def full(self) -> bool:
        """Whether enough waits to be asked for."""
        return len(self.records) >= AHEAD_RECORDS or self.held_bytes >= AHEAD_BYTES

    @property
    def lag(self) -> int:
        """How many offsets are still to be fetched, by what is known of the end."""
        return max(0, self.end - self.position)


def weight(record: Record) -> int:
    """About how many bytes a record takes while it is held."""
    headers = sum(len(name) + len(value or b"") for name, value in record.headers)
    return len(record.key or b"") + len(record.value or b"") + headers + OVERHEAD
