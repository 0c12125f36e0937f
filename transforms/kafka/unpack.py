"""What kafka-python cannot unpack, handed on as records that say so.

kafka-python 3.0 raises at a record whose header name is not UTF-8, at a batch whose checksum is wrong, and at one that
it cannot decompress; asked again it raises again, and the partition stands still for ever. Here such a record, or such
a batch as a whole, becomes one record whose value is a `Ruined`: the bytes, and why nobody can read them. The rest of
the partition follows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kafka.consumer.fetcher import Fetcher
from kafka.errors import CorruptRecordError, UnsupportedCodecError
from kafka.record import MemoryRecords
from kafka.record.default_records import DefaultRecord, DefaultRecordBatch
from kafka.record.util import decode_varint

# A version of the log's format from which on batches are as in KIP-98; brokers of this decade write no other.
_MAGIC = 2


class Ruined(bytes):
    """The bytes of a record, or of a whole batch, that cannot be unpacked. `reason` says why, in words."""

    reason: str

    def __new__(cls, data: bytes, reason: str) -> Ruined:
        made = super().__new__(cls, data)
        made.reason = reason
        return made


class Batch(DefaultRecordBatch):
    """A batch of `data` (as a broker sends it) that yields all its records; `asked` is the offset that was asked for.

    A batch that is ruined as a whole yields one record, at the first offset of it that was asked for.
    """

    __slots__ = ("_asked", "_ruin", "_whole")

    def __init__(self, data: bytes, asked: int) -> None:
        super().__init__(data)
        self._asked, self._whole = asked, data
        self._ruin = None if super().validate_crc() else "the checksum of its batch is wrong"

    def validate_crc(self) -> bool:
        """True: a wrong checksum is told by the record that stands for the batch."""
        return True

    @property
    def is_control_batch(self) -> bool:
        """Whether it holds a transaction's marker. What a ruined batch says of itself is not believed."""
        return self._ruin is None and bool(super().is_control_batch)

    @property
    def last_offset_delta(self) -> int:
        """From its first offset to its last. Of a ruined batch believed where its count of records agrees; else the
        offset that was asked for was its last, and the next one is asked for."""
        told = int(super().last_offset_delta)
        if self._ruin is None or (told + 1 == self.records_count and self.base_offset + told >= self._asked):
            return told
        return max(0, self._asked - int(self.base_offset))

    def has_producer_id(self) -> bool:
        """Whether a transaction may have been aborted around it."""
        return self._ruin is None and bool(super().has_producer_id())

    def __iter__(self) -> Iterator[Any]:
        if self._ruin is None:
            try:
                self._maybe_uncompress()
            except UnsupportedCodecError:
                raise  # one that a person can install, not the batch's fault
            except Exception as error:
                # Whatever the decompressing library raises.
                self._ruin = f"its batch cannot be decompressed ({type(error).__name__})"
        if self._ruin is not None:
            # Where reading begins within it, what lies below that is not asked for, and would be dropped unseen.
            yield self._standing_for(self._whole, self._ruin, max(self.base_offset, self._asked))
            return
        yield from self._records()

    def _records(self) -> Iterator[Any]:
        for number in range(self.records_count):
            start: int = self._pos
            if start >= len(self._buffer):
                return  # it counted more than it holds
            try:
                yield self._read_msg()
            except (ValueError, IndexError, CorruptRecordError):
                end = self._end_of_record(start)
                yield self._unread(start, end, number)
                self._go_to(end)

    def _go_to(self, at: int) -> None:
        # kafka-python's own, which its types do not tell of.
        setattr(self, "_pos", at)  # noqa: B010

    def _end_of_record(self, start: int) -> int:
        """Where the record at `start` ends, by its own word; where that is nonsense, the end of the batch."""
        try:
            length, at = decode_varint(self._buffer, start)
        except (ValueError, IndexError):
            return len(self._buffer)
        return at + length if 0 < length <= len(self._buffer) - at else len(self._buffer)

    def _unread(self, start: int, end: int, number: int) -> DefaultRecord:
        """The record at `start`: with all that it holds where only a header's name is not text, else its bytes."""
        try:
            _, at = decode_varint(self._buffer, start)
            return self._with_any_name(at, end)
        except (ValueError, IndexError):
            data = bytes(self._buffer[start:end])
            # Counted, as its own word is not believed; compaction leaves gaps, so a later record may come before it.
            return self._standing_for(data, "its bytes are no Kafka record", self.base_offset + number)

    def _with_any_name(self, at: int, end: int) -> DefaultRecord:
        """A record whose header names are bytes of any kind; what is not UTF-8 in them is written as \\xff. Raises
        ValueError or IndexError where it is no record."""
        buffer, length = self._buffer, end - at
        delta, at = decode_varint(buffer, at + 1)
        place, at = decode_varint(buffer, at)
        key, at = self._bytes(at)
        value, at = self._bytes(at)
        count, at = decode_varint(buffer, at)
        headers = []
        for _ in range(count):
            name, at = self._bytes(at)
            content, at = self._bytes(at)
            headers.append(((name or b"").decode("utf-8", "backslashreplace"), content))
        if at != end:
            raise ValueError("the record ends elsewhere")
        stamp = self.max_timestamp if self.timestamp_type == self.LOG_APPEND_TIME else self.first_timestamp + delta
        return DefaultRecord(length, self.base_offset + place, stamp, self.timestamp_type, key, value, headers)

    def _bytes(self, at: int) -> tuple[bytes | None, int]:
        """The bytes at `at` that begin with their length, and where they end."""
        length, at = decode_varint(self._buffer, at)
        if length > len(self._buffer) - at:
            raise IndexError("bytes beyond the end")
        return (None, at) if length < 0 else (bytes(self._buffer[at : at + length]), at + length)

    def _standing_for(self, data: bytes, reason: str, offset: int) -> DefaultRecord:
        stamp = max(-1, int(self.first_timestamp)) if self._ruin is None else -1
        return DefaultRecord(len(data), offset, stamp, self.timestamp_type, None, Ruined(data, reason), [])


class _Batches:
    """The batches of an answer, each as a `Batch`."""

    def __init__(self, records: MemoryRecords, asked: int) -> None:
        self._records, self._asked = records, asked

    def next_batch(self) -> Any:
        found = self._records.next_batch()
        if found is None or found.magic != _MAGIC:
            return found
        return Batch(bytes(found._buffer), self._asked)


class Unpacked(Fetcher.PartitionRecords):
    """The records of one partition in an answer, the ruined ones among them."""

    def _unpack_records(self, tp: Any, records: MemoryRecords, *deserializers: Any) -> Any:
        return super()._unpack_records(tp, _Batches(records, self.fetch_offset), *deserializers)
