"""ByTurns: an unbounded source whose next turn is a timer's, for Flink, where handing back a restriction leaks.

Flink's portable runner keeps what a splittable DoFn defers as a state of a new name each time, and such a name is never
given up: checkpoints and the TaskManager's heap grow with every poll until it dies (apache/beam issue 27648; mended by
pull request 39191 of July 2026, for which there is no job server for Flink 1.19 yet). A timer has one name.

Behind an impulse, whose watermark is at the end of time, a timer of event time is due as soon as it is set, and holds
the stage's watermark at its own time. So each turn sets one for where its watermark stands. Flink fires it with the
next bundle, and a bundle lasts `--max_bundle_time_mills`: that is the pause between turns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import apache_beam as beam
from apache_beam.coders import PickleCoder
from apache_beam.io.restriction_trackers import OffsetRange, OffsetRestrictionTracker
from apache_beam.transforms.core import RestrictionProvider
from apache_beam.transforms.timeutil import TimeDomain
from apache_beam.transforms.userstate import ReadModifyWriteStateSpec, TimerSpec, on_timer
from apache_beam.transforms.window import TimestampedValue
from apache_beam.utils.timestamp import MIN_TIMESTAMP, Timestamp


@dataclass(slots=True)
class Turn:
    """What a source gives in one turn: items, the place where the next turn begins, and the watermark behind them
    (None: it stands where it stood). `over`: the runner took the rest away, so there is no next turn. `more`: that is
    to come at once."""

    place: Any
    items: list[TimestampedValue] = field(default_factory=list)
    watermark: Timestamp | None = None
    over: bool = False
    more: bool = False


# The element that is read and the place to begin at (None: the beginning) in.
Take = Callable[[Any, Any], Turn]


def by_turns(begin: Any) -> bool:
    """Whether the pipeline that `begin` belongs to is built for Flink."""
    from apache_beam.runners.portability.flink_runner import FlinkRunner

    return isinstance(begin.pipeline.runner, FlinkRunner)


class Endless(RestrictionProvider):
    """Of a source whose places are numbers without an end, for runners that it is splittable on. On a drain nothing of
    it is left."""

    def initial_restriction(self, _: object) -> OffsetRange:
        return OffsetRange(0, 2**62)

    def create_tracker(self, restriction: OffsetRange) -> OffsetRestrictionTracker:
        return OffsetRestrictionTracker(restriction)

    def restriction_size(self, _: object, restriction: OffsetRange) -> int:
        return 1

    def truncate(self, _: object, restriction: OffsetRange) -> None:
        """On drain: nothing more."""


ENDLESS = Endless()


def advance(estimator: Any, mark: Timestamp | None) -> None:
    """Set an estimator's watermark, unless that would take it back; None: it stands where it stood."""
    before = estimator.current_watermark()
    if mark is not None and (before is None or mark > before):
        estimator.set_watermark(mark)


class ByTurns(beam.PTransform):
    """PCollection of elements in, each with a name of its own; what `take` gives of them, turn by turn, out."""

    def __init__(self, take: Take, name_of: Callable[[Any], str]) -> None:
        super().__init__()
        self.take, self.name_of = take, name_of

    def expand(self, elements: Any) -> Any:
        name_of = self.name_of
        keyed = elements | "Name" >> beam.Map(lambda one: (name_of(one), one)).with_output_types(tuple[str, Any])
        return keyed | "Turns" >> beam.ParDo(_Turns(self.take))


class _Turns(beam.DoFn):
    STANDS = ReadModifyWriteStateSpec("stands", PickleCoder())
    NEXT = TimerSpec("next", TimeDomain.WATERMARK)

    def __init__(self, take: Take) -> None:
        self.take = take

    def process(
        self,
        named: tuple[str, Any],
        stands: Any = beam.DoFn.StateParam(STANDS),
        following: Any = beam.DoFn.TimerParam(NEXT),
    ) -> Iterator[Any]:
        yield from self._turn(named[1], None, MIN_TIMESTAMP, stands, following)

    @on_timer(NEXT)
    def again(
        self, stands: Any = beam.DoFn.StateParam(STANDS), following: Any = beam.DoFn.TimerParam(NEXT)
    ) -> Iterator[Any]:
        element, place, mark = stands.read()
        yield from self._turn(element, place, mark, stands, following)

    def _turn(self, element: Any, place: Any, mark: Timestamp, stands: Any, following: Any) -> Iterator[Any]:
        turn = self.take(element, place)
        yield from turn.items
        if not turn.over:
            mark = max(mark, turn.watermark or mark)
            stands.write((element, turn.place, mark))
            following.set(mark)
