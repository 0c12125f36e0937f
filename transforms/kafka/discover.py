"""Discover: the partitions of a source, each announced once, as they are found.

The restriction is what was announced so far, so that a runner that restores it announces nothing twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import apache_beam as beam
from apache_beam.io.iobase import RestrictionProgress, RestrictionTracker
from apache_beam.io.watermark_estimators import ManualWatermarkEstimator
from apache_beam.transforms.core import RestrictionProvider
from apache_beam.transforms.window import TimestampedValue
from apache_beam.utils.timestamp import MIN_TIMESTAMP, Timestamp
from kafka.structs import TopicPartition

from transforms.kafka.running import puller_of
from transforms.kafka.specs import KafkaSpec
from transforms.turns import Turn, advance

PAUSE_S = 0.5
# By turns, this source's watermark is so far ahead of the clock: partitions to come hold up nobody, and a partition's
# next turn is due only when the watermark of this stage has passed that partition's.
AHEAD_S = 60


@dataclass(frozen=True, slots=True)
class Reading:
    """Which job reads, and how a worker opens the source. `stop_asked` as in `running.puller_of`."""

    job: str
    open_spec: Callable[[], KafkaSpec]
    stop_asked: Callable[[], bool] | None = None


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition to read from `start` on; with `stop`, up to that offset. `reader` is its name in origins."""

    job: str
    source: str
    reader: str
    topic: str
    number: int
    start: int
    stop: int | None = None

    @property
    def at(self) -> TopicPartition:
        """As kafka-python names it."""
        return TopicPartition(self.topic, self.number)


@dataclass(frozen=True, slots=True)
class Announced:
    """The readers announced so far; `over` when another restriction goes on from here."""

    readers: frozenset[str] = frozenset()
    over: bool = False


class _Tracker(RestrictionTracker):
    def __init__(self, announced: Announced) -> None:
        self._announced = announced

    def current_restriction(self) -> Announced:
        return self._announced

    def current_progress(self) -> RestrictionProgress:
        return RestrictionProgress(completed=len(self._announced.readers), remaining=1)

    def try_claim(self, reader: str) -> bool:
        if self._announced.over:
            return False
        self._announced = replace(self._announced, readers=self._announced.readers | {reader})
        return True

    def try_split(self, fraction_of_remainder: float) -> tuple[Announced, Announced] | None:
        if self._announced.over or fraction_of_remainder != 0:
            return None
        residual, self._announced = self._announced, replace(self._announced, over=True)
        return self._announced, residual

    def check_done(self) -> None:
        if not self._announced.over:
            raise ValueError("looking for partitions does not end by itself")

    def is_bounded(self) -> bool:
        return False


class Announcing(RestrictionProvider):
    """Nothing was announced at first."""

    def initial_restriction(self, _: bytes) -> Announced:
        return Announced()

    def create_tracker(self, restriction: Announced) -> _Tracker:
        return _Tracker(restriction)

    def restriction_size(self, _: bytes, restriction: Announced) -> int:
        return 1

    def truncate(self, _: bytes, restriction: Announced) -> None:
        """On drain: no more partitions."""


_ANNOUNCING = Announcing()


class Discover(beam.DoFn):
    """Announces what the puller has found since, then looks again in a moment.

    Its watermark is the clock once it knows what there is: partitions to come hold up nobody. The partitions themselves
    stand at the beginning of time: in Prism an element that is not done holds its stage at its own time, until the
    stage tells a watermark.
    """

    def __init__(self, reading: Reading) -> None:
        self.reading = reading

    @beam.DoFn.unbounded_per_element()
    def process(
        self,
        _: bytes,
        tracker: Any = beam.DoFn.RestrictionParam(_ANNOUNCING),
        estimator: Any = beam.DoFn.WatermarkEstimatorParam(ManualWatermarkEstimator.default_provider()),
    ) -> Iterator[Any]:
        now = Timestamp(int(time.time()))
        turn = announce(self.reading, b"", tracker.current_restriction().readers, tracker.try_claim)
        yield from turn.items
        if turn.over:
            return
        advance(estimator, now if turn.watermark is not None else None)
        tracker.defer_remainder(Timestamp.of(time.time() + PAUSE_S))


def announce(
    reading: Reading, _: bytes, place: frozenset[str] | None, claim: Callable[[str], bool] = lambda _: True
) -> Turn:
    """The partitions that were not announced. A place is the readers that were."""
    turn, ahead = Turn(place or frozenset()), Timestamp(int(time.time()) + AHEAD_S)
    found = partitions(reading, reading.open_spec(), whole=False)
    for partition in found or ():
        if partition.reader not in turn.place:
            if not claim(partition.reader):
                turn.over = True
                return turn
            turn.place |= {partition.reader}
            turn.items.append(TimestampedValue(partition, MIN_TIMESTAMP))
    turn.watermark = None if found is None else ahead
    return turn


def partitions(reading: Reading, spec: KafkaSpec, whole: bool) -> list[Partition] | None:
    """All that the puller has found, in order; None while no broker has answered."""
    found = puller_of(reading.job, spec, whole, reading.stop_asked).partitions()
    if found is None:
        return None
    return [
        Partition(reading.job, spec.id, spec.reader(at.topic, at.partition), at.topic, at.partition, found[at])
        for at in sorted(found)
    ]
