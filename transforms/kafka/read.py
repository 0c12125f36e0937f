"""ReadKafka: each partition as an unbounded stream whose position is its offset. No bundle ever waits for a broker.

A puller in this process fetches (puller.py); the source only takes what is there. A restriction is a stretch of
offsets, so that a runner's checkpoint is where reading goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial as bind
from typing import Any

import apache_beam as beam
from apache_beam.io.restriction_trackers import OffsetRange, OffsetRestrictionTracker
from apache_beam.io.watermark_estimators import ManualWatermarkEstimator
from apache_beam.transforms.core import RestrictionProvider, WatermarkEstimatorProvider
from apache_beam.transforms.window import TimestampedValue
from apache_beam.utils.timestamp import MIN_TIMESTAMP, Timestamp
from kafka.errors import KafkaError

from transforms import metrics
from transforms.kafka.buffer import Chunk
from transforms.kafka.discover import Discover, Partition, Reading, announce, partitions
from transforms.kafka.record import read_record
from transforms.kafka.running import found_puller, puller_of
from transforms.kafka.specs import KafkaSpec
from transforms.kafka.starts import lag
from transforms.records import Entry, Extent
from transforms.turns import ByTurns, Turn, advance, by_turns

BUNDLE_RECORDS, BUNDLE_S, PAUSE_S = 500, 1.0, 0.1
# Beam's restrictions have an end; Kafka's offsets have 63 bits.
ENDLESS = 2**63 - 1


class ReadKafka(beam.PTransform):
    """PBegin in; `Entry`, `DeadLetter` and `Extent` out. Entries and letters have their arrival as timestamp.

    With `once` each partition is read to where it ends now, and all of that may be on its way at once; else it is
    unbounded, and no more than the source's bounds is on its way that the group has not committed.
    """

    def __init__(
        self,
        open_spec: Callable[[], KafkaSpec],
        job: str,
        once: bool,
        stop_asked: Callable[[], bool] | None = None,
    ) -> None:
        super().__init__()
        self.reading, self.once = Reading(job, open_spec, stop_asked), once

    def expand(self, begin: Any) -> Any:
        begun = begin | "Start" >> beam.Impulse()
        if self.once:
            return (
                begun
                | "List" >> beam.ParDo(ListPartitions(self.reading))
                | "Apart" >> beam.Reshuffle()
                | "ReadToEnd" >> beam.ParDo(ReadToEnd(self.reading))
            )
        if by_turns(begin):
            found = begun | "Discover" >> ByTurns(bind(announce, self.reading), str)
            return found | "ReadPartition" >> ByTurns(bind(take, self.reading), lambda partition: partition.reader)
        found = begun | "Discover" >> beam.ParDo(Discover(self.reading))
        return found | "ReadPartition" >> beam.ParDo(ReadPartition(self.reading))


class _Taken:
    """What a bundle makes of a chunk: the offsets claimed, with how many items each gave, and the latest arrival of an
    entry."""

    def __init__(self, spec: KafkaSpec, partition: Partition, start: int) -> None:
        self.spec, self.partition, self.start, self.end = spec, partition, start, start
        self.counts: dict[int, int] = {}
        self.newest: int | None = None

    def take(self, chunk: Chunk, claim: Callable[[int], bool]) -> Iterator[TimestampedValue]:
        """The entries and letters of a chunk, as far as they may be claimed and time allows, then the extent."""
        now, until = int(time.time()), time.monotonic() + BUNDLE_S
        for record in chunk.records:
            if time.monotonic() > until or not claim(record.offset):
                break
            items = read_record(record, self.spec.source, self.partition.reader, now, self.spec.format)
            self.counts[record.offset], self.end = len(items), record.offset + 1
            for item in items:
                if isinstance(item, Entry):
                    self.newest = max(item.arrived, self.newest or item.arrived)
                yield TimestampedValue(item, Timestamp(item.arrived))
        else:
            # Offsets that hold no record are passed by, too.
            if chunk.end > self.end and claim(chunk.end - 1):
                self.end = chunk.end
        if self.end > self.start:
            yield TimestampedValue(Extent(self.partition.reader, self.start, self.end, self.counts), Timestamp(now))


class Offsets(RestrictionProvider):
    """A partition from where it is to be read, without an end."""

    def initial_restriction(self, partition: Partition) -> OffsetRange:
        return OffsetRange(partition.start, ENDLESS)

    def create_tracker(self, restriction: OffsetRange) -> OffsetRestrictionTracker:
        return _Whole(restriction)

    def restriction_size(self, partition: Partition, restriction: OffsetRange) -> int:
        """The backlog: how many offsets are left, by what this process heard last."""
        puller = found_puller(partition.job, partition.source)
        end = puller.shelf.end(partition.at) if puller else 0
        return max(0, min(end, restriction.stop) - restriction.start)

    def truncate(self, _: Partition, restriction: OffsetRange) -> None:
        """On drain: nothing more; what was not handed on is read by the next start."""


class _Whole(OffsetRestrictionTracker):
    """Only a checkpoint splits it: half of what has no end lies nowhere."""

    def try_split(self, fraction_of_remainder: float) -> tuple[OffsetRange, OffsetRange] | None:
        return super().try_split(0) if fraction_of_remainder == 0 else None

    def is_bounded(self) -> bool:
        return False


class FromTheBeginning(WatermarkEstimatorProvider):
    """A watermark that is set by hand, and before that is the beginning of time: Prism takes none for its end."""

    def initial_estimator_state(self, partition: Partition, restriction: OffsetRange) -> Timestamp:
        return MIN_TIMESTAMP

    def create_watermark_estimator(self, state: Timestamp) -> ManualWatermarkEstimator:
        return ManualWatermarkEstimator(state)


_OFFSETS, _WATERMARK = Offsets(), FromTheBeginning()


class ReadPartition(beam.DoFn):
    """Takes what is there of a partition, then hands the rest of the restriction back."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading

    @beam.DoFn.unbounded_per_element()
    def process(
        self,
        partition: Partition,
        tracker: Any = beam.DoFn.RestrictionParam(_OFFSETS),
        estimator: Any = beam.DoFn.WatermarkEstimatorParam(_WATERMARK),
    ) -> Iterator[Any]:
        turn = take(self.reading, partition, tracker.current_restriction().start, tracker.try_claim)
        yield from turn.items
        advance(estimator, turn.watermark)
        tracker.defer_remainder(Timestamp.of(time.time() + (0 if turn.more else PAUSE_S)))


def take(
    reading: Reading, partition: Partition, place: int | None, claim: Callable[[int], bool] = lambda _: True
) -> Turn:
    """What is there of a partition. A place is an offset."""
    spec = reading.open_spec()
    puller = puller_of(reading.job, spec, False, reading.stop_asked)
    position = partition.start if place is None else place
    chunk = puller.chunk(partition.at, position, BUNDLE_RECORDS)
    taken = _Taken(spec, partition, position)
    items = list(taken.take(chunk, claim))
    mark = puller.shelf.mark(partition.at, taken.newest, time.time())
    metrics.show("kafka_lag", puller.shelf.standing().lag)
    watermark = None if mark is None else Timestamp.of(mark)
    return Turn(taken.end, items, watermark, more=len(chunk.records) == BUNDLE_RECORDS)


class ListPartitions(beam.DoFn):
    """The partitions that there are, each with where it ends now. Waits for a broker."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading

    def process(self, _: bytes) -> Iterator[Partition]:
        spec = self.reading.open_spec()
        while (found := partitions(self.reading, spec, whole=True)) is None:
            time.sleep(PAUSE_S)
        ends = _ends(spec)
        for partition in found:
            stop = ends.get((partition.topic, partition.number), (None, 0))[1]
            if stop > partition.start:
                yield replace(partition, stop=stop)


def _ends(spec: KafkaSpec) -> dict[tuple[str, int], tuple[int | None, int]]:
    while True:
        try:
            return lag(spec)
        except KafkaError:
            time.sleep(PAUSE_S)


class ReadToEnd(beam.DoFn):
    """Reads a partition to its `stop`, as a bounded read."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading

    def process(self, partition: Partition) -> Iterator[Any]:
        spec = self.reading.open_spec()
        puller = puller_of(self.reading.job, spec, True, self.reading.stop_asked)
        position, stop = partition.start, partition.stop or 0
        while position < stop and not puller.shelf.stopped and not puller.shelf.is_gone(partition.at):
            chunk = puller.chunk(partition.at, position, BUNDLE_RECORDS)
            records = tuple(record for record in chunk.records if record.offset < stop)
            taken = _Taken(spec, partition, position)
            yield from taken.take(Chunk(records, min(chunk.end, stop)), lambda _: True)
            if taken.end == position:
                time.sleep(PAUSE_S / 5)
            position = taken.end
