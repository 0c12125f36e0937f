"""The buffers of a source's partitions, between the thread that fetches and the bundles that ask. Nothing waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from kafka.structs import TopicPartition

from transforms.kafka import offsets
from transforms.kafka.buffer import Buffer, Chunk
from transforms.kafka.record import Record
from transforms.kafka.specs import KafkaSpec

POLL_RECORDS = 500
# A partition that nobody asked for so long is another process's by now.
RELEASE_S = 60.0
# A partition that was found must be asked for within this time, or it is another process's.
TAKEN_UP_S = 10.0
# What was heard of a partition's end is believed for so long.
HEARD_S = 6.0


@dataclass(frozen=True, slots=True)
class Arrangement:
    """What the consumer is to do: partitions to have, with the offset where each is to go on, those to seek in, those
    to hold, and how many records may come."""

    positions: Mapping[TopicPartition, int]
    seeks: Collection[TopicPartition]
    held: Collection[TopicPartition]
    room: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Sums over partitions: records and bytes fetched so far; records and bytes not yet committed; offsets between the
    committed and the end, as far as that was heard of."""

    records: int
    bytes: int
    in_flight: int
    bytes_in_flight: int
    lag: int


class Shelf:
    """All buffers of a source in a process. Thread-safe. `whole` lifts the bound of what is not committed."""

    def __init__(self, spec: KafkaSpec, job: str, whole: bool) -> None:
        self._spec, self._job, self._whole = spec, job, whole
        self._lock = threading.Lock()
        self._buffers: dict[TopicPartition, Buffer] = {}
        self._gone: set[TopicPartition] = set()
        self._found_at: dict[TopicPartition, float] = {}
        self._records = self._bytes = 0
        self._mean_bytes = 1
        self.stopped = False

    def chunk(self, at: TopicPartition, offset: int, limit: int) -> Chunk:
        """What is there from `offset` on; empty where nothing is, or once stopped."""
        with self._lock:
            buffer = self._buffers.setdefault(at, Buffer())
            if not self.stopped:
                return buffer.chunk(offset, limit)
            buffer.handed = offset
            return Chunk((), offset)

    def end(self, at: TopicPartition) -> int:
        """The partition's end as last heard of; 0 if nothing was heard."""
        with self._lock:
            return self._buffers[at].end if at in self._buffers else 0

    def mark(self, at: TopicPartition, newest: int | None, now: float) -> float | None:
        """The watermark (seconds UTC) of all that this process reads, once a bundle has handed on records of `at`;
        `newest` is the latest arrival of an entry among them (None: there was none). None while one of its partitions
        holds it back.

        Garbage has no time but that of its record, which in a backlog may be today: all that is read after it would
        come too late. It is the lowest of all partitions: Prism 2.77 takes a stage's watermark from whichever bundle
        says most.
        """
        with self._lock:
            buffer = self._buffers[at]
            if newest is not None:
                buffer.newest, buffer.entry_at = max(newest, buffer.newest or newest), time.monotonic()
            marks = [
                now if self._idle(one) else one.newest
                for name, one in self._buffers.items()
                if one.asked and name not in self._gone
            ]
            late = time.monotonic() - TAKEN_UP_S
            waiting = any(found > late and name not in self._buffers for name, found in self._found_at.items())
            low = [mark for mark in marks if mark is not None]
            if waiting or len(low) < len(marks):
                return None
            return min([now, *low]) - self._spec.disorder_s

    def idle(self, at: TopicPartition) -> bool:
        """Whether a partition is at its end and gave no entry for `idle_s`, or it is gone."""
        with self._lock:
            return at in self._gone or (at in self._buffers and self._idle(self._buffers[at]))

    def _idle(self, buffer: Buffer) -> bool:
        now = time.monotonic()
        heard = buffer.end_at > 0 and now - buffer.end_at < HEARD_S
        return heard and buffer.base >= buffer.end and now - buffer.entry_at >= self._spec.idle_s

    def is_gone(self, at: TopicPartition) -> bool:
        """Whether the cluster has it no more."""
        with self._lock:
            return at in self._gone

    def settled(self) -> bool:
        """Whether all that was handed on is committed."""
        with self._lock:
            self._hear_commits()
            return all(buffer.committed >= buffer.handed for buffer in self._buffers.values() if buffer.asked)

    def standing(self) -> Standing:
        """Where it stands."""
        with self._lock:
            self._hear_commits()
            asked = [buffer for buffer in self._buffers.values() if buffer.asked]
            return Standing(
                self._records,
                self._bytes,
                sum(len(buffer.pending) for buffer in asked),
                sum(buffer.pending_bytes for buffer in asked),
                sum(max(0, buffer.end - buffer.committed, len(buffer.pending)) for buffer in asked),
            )

    def begin_anew(self) -> None:
        """The consumer is a new one and stands nowhere."""
        with self._lock:
            for buffer in self._buffers.values():
                buffer.seek = buffer.asked
                buffer.moved = time.monotonic()

    def set_found(self, new: Collection[TopicPartition], gone: set[TopicPartition]) -> None:
        """`new` were found just now; `gone` are not in the cluster any more."""
        with self._lock:
            self._gone = gone
            self._found_at.update(dict.fromkeys(new, time.monotonic()))

    def arrange(self) -> Arrangement:
        """What the consumer is to do now. What is to be sought in is taken to be."""
        with self._lock:
            self._hear_commits()
            self._release()
            live = {at: buffer for at, buffer in self._buffers.items() if buffer.asked and at not in self._gone}
            room = self._room()
            held = {at for at, buffer in live.items() if not room or buffer.full or buffer.beyond}
            seeks = {at for at, buffer in live.items() if buffer.seek}
            for at in held:
                live[at].moved = time.monotonic()
            for at in seeks:
                live[at].seek = False
            return Arrangement({at: buffer.position for at, buffer in live.items()}, seeks, held, room)

    def take(self, at: TopicPartition, records: list[Record]) -> None:
        """What came from the broker."""
        with self._lock:
            buffer = self._buffers[at]
            # Asked for elsewhere while this was on its way.
            if buffer.seek or not buffer.asked:
                return
            before = buffer.held_bytes
            buffer.fetched(records)
            self._mean_bytes = max(1, (buffer.held_bytes - before) // len(records))
            self._records += len(records)
            self._bytes += sum(len(record.value or b"") for record in records)

    def stand_at(self, at: TopicPartition, position: int) -> None:
        """The consumer is at `position`, behind offsets that hold no record."""
        with self._lock:
            buffer = self._buffers[at]
            if not buffer.seek and position > buffer.position:
                buffer.stand_at(position)

    def hear_ends(self, ends: Mapping[TopicPartition, int]) -> list[TopicPartition]:
        """The ends of partitions; returns those that lag."""
        now, lagging = time.monotonic(), []
        with self._lock:
            for at, end in ends.items():
                buffer = self._buffers[at]
                buffer.end, buffer.end_at = end, now
                buffer.beyond = buffer.beyond and end < buffer.position
                if buffer.lag:
                    lagging.append(at)
                else:
                    buffer.moved = now
        return lagging

    def beyond(self, at: TopicPartition) -> None:
        """The position lies behind the partition's end."""
        with self._lock:
            self._buffers[at].beyond = True

    def is_beyond(self, at: TopicPartition) -> bool:
        """Whether it still does."""
        with self._lock:
            return self._buffers[at].beyond

    def stalled(self) -> list[TopicPartition]:
        """Where there is something, by what is known, and nothing came for `stall_s`."""
        long_ago = time.monotonic() - self._spec.stall_s
        with self._lock:
            live = [(at, buffer) for at, buffer in self._buffers.items() if buffer.asked and at not in self._gone]
            return [at for at, buffer in live if buffer.moved < long_ago]

    def unsure(self) -> list[TopicPartition]:
        """Where something is in flight, once half of what may be is: the group may have committed more than this
        process was told."""
        with self._lock:
            pending = {at: buffer for at, buffer in self._buffers.items() if buffer.pending}
            records = sum(len(buffer.pending) for buffer in pending.values())
            size = sum(buffer.pending_bytes for buffer in pending.values())
            much = 2 * records >= self._spec.max_in_flight or 2 * size >= self._spec.max_bytes_in_flight
            return list(pending) if much else []

    def _hear_commits(self) -> None:
        for at, buffer in self._buffers.items():
            committed = offsets.known(self._job, self._spec.reader(at.topic, at.partition))
            if committed is not None and committed > buffer.committed:
                buffer.commit(committed)

    def _release(self) -> None:
        long_ago = time.monotonic() - RELEASE_S
        for buffer in self._buffers.values():
            if buffer.asked and buffer.asked_at < long_ago and not self.stopped:
                buffer.drop()

    def _room(self) -> int:
        if self.stopped:
            return 0
        if self._whole:
            return POLL_RECORDS
        records = sum(len(buffer.pending) for buffer in self._buffers.values())
        if not records:
            return min(POLL_RECORDS, self._spec.max_in_flight)
        size = sum(buffer.pending_bytes for buffer in self._buffers.values())
        fit = (self._spec.max_bytes_in_flight - size) // self._mean_bytes
        return max(0, min(POLL_RECORDS, self._spec.max_in_flight - records, fit))
