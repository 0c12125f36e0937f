"""Attend: what a run needs beside its graph, kept going in whichever worker process the runner gives it to."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from functools import partial as bind
from typing import Any

import apache_beam as beam
from apache_beam.io.watermark_estimators import ManualWatermarkEstimator
from apache_beam.utils.timestamp import Timestamp

from transforms.attended import Attended
from transforms.turns import ENDLESS, ByTurns, Turn, advance, by_turns

PAUSE_S = 2.0
# A runner that fails over comes back within seconds; one that waits for a server that is away may not come for minutes,
# and whoever takes over meanwhile holds nothing that two may not hold for that long: deliveries have their keys.
ALONE_S = 60.0
Open = Callable[[], contextlib.AbstractContextManager[object]]

_OPEN: Attended[contextlib.ExitStack] = Attended(lambda stack: stack.close())


class Attend(beam.PTransform):
    """PBegin in, nothing out: `open_house` is entered in one worker process for as long as the job runs there."""

    def __init__(self, job: str, open_house: Open) -> None:
        super().__init__()
        self.job, self.open_house = job, open_house

    def expand(self, begin: Any) -> Any:
        begun = begin | "Start" >> beam.Impulse()
        if by_turns(begin):
            return begun | "Keep" >> ByTurns(bind(visit, self.job, self.open_house), str)
        return begun | "Keep" >> beam.ParDo(_Keep(self.job, self.open_house))


class _Keep(beam.DoFn):
    def __init__(self, job: str, open_house: Open) -> None:
        self.job, self.open_house = job, open_house

    @beam.DoFn.unbounded_per_element()
    def process(
        self,
        _: bytes,
        tracker: Any = beam.DoFn.RestrictionParam(ENDLESS),
        estimator: Any = beam.DoFn.WatermarkEstimatorParam(ManualWatermarkEstimator.default_provider()),
    ) -> Iterator[Any]:
        if not tracker.try_claim(tracker.current_restriction().start):
            return
        advance(estimator, visit(self.job, self.open_house, b"", None).watermark)
        tracker.defer_remainder(Timestamp.of(time.time() + PAUSE_S))
        yield from ()


def visit(job: str, open_house: Open, _: bytes, __: None) -> Turn:
    """Keep the house, entered where it is not."""

    def enter() -> contextlib.ExitStack:
        stack = contextlib.ExitStack()
        stack.enter_context(open_house())
        return stack

    _OPEN.get(job, enter, ALONE_S)
    return Turn(None, watermark=Timestamp(int(time.time())))
