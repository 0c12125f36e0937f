"""How far a partition is: extents and receipts in, the offset to commit out. Pure.

All that is kept is a union of sets, so that extents and receipts may come in any order and any number of times.
"""

from __future__ import annotations

import json
from bisect import bisect_right

from transforms.kafka.spans import Spans
from transforms.records import Extent, Receipt

SCHEMA = 1


class Progress:
    """What is known of a partition from `next` on: every record below `next` has all its receipts.

    `next` is None while nobody said where reading began. `read` holds the offsets that extents cover; `got` those whose
    first receipt is there, or that will have none; `counts` says how many receipts a record has, where these are more
    than one, and `more` holds what came of them beside the first.
    """

    __slots__ = ("counts", "got", "more", "next", "read")

    def __init__(self, next_offset: int | None = None) -> None:
        self.next = next_offset
        self.read, self.got = Spans(), Spans()
        self.counts: dict[int, int] = {}
        self.more: dict[int, Spans] = {}

    def add_extent(self, extent: Extent) -> None:
        """A stretch that was read."""
        self.read.add(extent.start, extent.end)
        at = extent.start
        for offset in sorted(extent.counts):
            count = extent.counts[offset]
            if count:
                self.got.add(at, offset)
                at = offset + 1
            if count > 1:
                self.counts[offset] = count
        self.got.add(at, extent.end)

    def add_receipt(self, receipt: Receipt) -> None:
        """A terminal receipt of a record."""
        offset, seq = receipt.origin.batch, receipt.origin.seq
        if seq == 0:
            self.got.add(offset, offset + 1)
        else:
            self.more.setdefault(offset, Spans()).add(seq, seq + 1)

    def merge(self, other: Progress) -> None:
        """All that another of the same partition knows."""
        if other.next is not None:
            self.begin(other.next)
        self.read.update(other.read)
        self.got.update(other.got)
        self.counts.update(other.counts)
        for offset, seqs in other.more.items():
            self.more.setdefault(offset, Spans()).update(seqs)
        self._cut()

    def begin(self, offset: int) -> None:
        """All below `offset` is done: the group has committed it, or reading began there."""
        self.next = offset if self.next is None else max(self.next, offset)
        self._cut()

    def advance(self) -> int | None:
        """Move `next` over all that is complete without a gap; returns it."""
        if self.next is None:
            return None
        at, several = self.next, sorted(self.counts)
        while (reach := self._reach(at, several)) > at:
            at = reach
        self.begin(at)
        return at

    def _reach(self, at: int, several: list[int]) -> int:
        """How far, from `at`, offsets are complete in one step; `at` where it is not. `several`: sorted `counts`."""
        read, got = self.read.end_of(at), self.got.end_of(at)
        if read is None or got is None:
            return at
        if at in self.counts:
            return at + 1 if list(self.more.get(at, ())) == [1, self.counts[at]] else at
        following = bisect_right(several, at)
        return min(read, got, *several[following : following + 1])

    def _cut(self) -> None:
        if self.next is None:
            return
        self.read.cut_below(self.next)
        self.got.cut_below(self.next)
        for kept in (self.counts, self.more):
            for offset in [offset for offset in kept if offset < self.next]:
                del kept[offset]

    def __bytes__(self) -> bytes:
        """As it is stored: the schema number, then the fields as JSON."""
        more = {str(offset): list(seqs) for offset, seqs in sorted(self.more.items())}
        counts = {str(offset): count for offset, count in sorted(self.counts.items())}
        fields = [self.next, list(self.read), list(self.got), counts, more]
        return bytes([SCHEMA]) + json.dumps(fields, separators=(",", ":")).encode()

    @classmethod
    def of(cls, stored: bytes | None) -> Progress:
        """The inverse of `bytes`; an empty one for None. Raises ValueError for a schema that is not ours."""
        if not stored:
            return cls()
        if stored[0] != SCHEMA:
            raise ValueError(f"progress of a Kafka partition with schema {stored[0]}; this version knows {SCHEMA}")
        next_offset, read, got, counts, more = json.loads(stored[1:])
        found = cls(next_offset)
        found.read, found.got = Spans(read), Spans(got)
        found.counts = {int(offset): count for offset, count in counts.items()}
        found.more = {int(offset): Spans(seqs) for offset, seqs in more.items()}
        return found
