"""ReadFeeds: what a poller has finished, as a stream. No bundle ever waits for a socket.

The poller lives in this module, one per job and process; the source only drains it. The restriction counts drains, so
a runner that goes back to an earlier position is seen, and the poller then gives up what it thought was in flight and
asks again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial as bind
from typing import Any

import apache_beam as beam
from apache_beam.io.watermark_estimators import ManualWatermarkEstimator
from apache_beam.transforms.window import TimestampedValue
from apache_beam.utils.timestamp import Timestamp

from transforms.attended import Attended, when
from transforms.feeds.poller import Poller
from transforms.records import Poll
from transforms.turns import ENDLESS, ByTurns, Turn, advance, by_turns

DRAINED, PAUSE_S, BUNDLE_S = 500, 0.1, 1.0
# A poller in another process than the job's starter ends when nobody drains it for so long: the runner went on
# elsewhere, and two would poll each feed. What was not drained is not committed, so it is polled again.
ALONE_S = 120.0


@dataclass(frozen=True, slots=True)
class Polling:
    """Which job polls, and how a worker makes its poller (called with `once`). `stop_asked`, where workers may be other
    processes than the one that started the job, tells whether polling is to end."""

    job: str
    open_poller: Callable[[bool], Poller]
    stop_asked: Callable[[], bool] | None = None


@dataclass(slots=True)
class _Running:
    poller: Poller
    position: int = 0


_RUNNING: Attended[_Running] = Attended(lambda running: running.poller.stop())


def _running(polling: Polling) -> _Running:
    def make() -> _Running:
        poller = polling.open_poller(False)
        poller.start()
        if polling.stop_asked is not None:
            when(polling.stop_asked, poller.stop)
        return _Running(poller)

    return _RUNNING.get(polling.job, make, None if polling.stop_asked is None else ALONE_S)


def stop_polling(job: str) -> Poller | None:
    """Start no more polls for this job in this process; what is finished can still be drained. Waits a bounded time.

    Returns the job's poller, None where it is in another process. It stays this job's: a source that was taken for one
    without a poller would start another, and poll on.
    """
    running = _RUNNING.found(job)
    if running is None:
        return None
    running.poller.stop()
    return running.poller


class ReadFeeds(beam.PTransform):
    """PBegin in, `Entry`, `DeadLetter` and `Poll` out, each with its arrival as timestamp.

    With `once` it polls every feed once and ends; else it is unbounded.
    """

    def __init__(self, polling: Polling, once: bool) -> None:
        super().__init__()
        self.polling, self.once = polling, once

    def expand(self, begin: Any) -> Any:
        begun = begin | "Start" >> beam.Impulse()
        if not self.once and by_turns(begin):
            return begun | "Drain" >> ByTurns(bind(take, self.polling), str)
        read = PollOnce(self.polling) if self.once else DrainPoller(self.polling)
        return begun | "Drain" >> beam.ParDo(read)


class PollOnce(beam.DoFn):
    """Polls every feed once, as a bounded read."""

    def __init__(self, polling: Polling) -> None:
        self.polling = polling

    def process(self, _: bytes) -> Iterator[Any]:
        poller = self.polling.open_poller(True)
        poller.start()
        try:
            while not poller.finished:
                items = poller.drain(DRAINED)
                for item in items:
                    yield _stamped(item)
                if not items:
                    time.sleep(0.02)
        finally:
            poller.stop()


class DrainPoller(beam.DoFn):
    """Drains the job's poller for about a second at most, then hands the rest of the restriction back for a moment.

    What a drain of the job leaves is polled again after the next start.
    """

    def __init__(self, polling: Polling) -> None:
        self.polling = polling

    @beam.DoFn.unbounded_per_element()
    def process(
        self,
        _: bytes,
        tracker: Any = beam.DoFn.RestrictionParam(ENDLESS),
        estimator: Any = beam.DoFn.WatermarkEstimatorParam(ManualWatermarkEstimator.default_provider()),
    ) -> Iterator[Any]:
        turn = take(self.polling, b"", tracker.current_restriction().start, tracker.try_claim)
        yield from turn.items
        advance(estimator, turn.watermark)
        if not turn.over:
            tracker.defer_remainder(Timestamp.of(time.time() + PAUSE_S))


def take(polling: Polling, _: bytes, place: int | None, claim: Callable[[int], bool] = lambda _: True) -> Turn:
    """What the job's poller has finished, for about a second at most. A place counts drains."""
    running, turn = _running(polling), Turn(place or 0)
    if turn.place < running.position:
        running.poller.release()
    until = time.monotonic() + BUNDLE_S
    while time.monotonic() < until:
        # Claimed before it is drained: what is drained must be emitted.
        if not claim(turn.place):
            turn.over = True
            break
        turn.place += 1
        running.position = turn.place
        now = Timestamp(int(time.time()))
        items = running.poller.drain(DRAINED)
        if not items:
            turn.watermark = now
            break
        turn.items += map(_stamped, items)
    return turn


def _stamped(item: Any) -> TimestampedValue:
    arrived = int(time.time()) if isinstance(item, Poll) else item.arrived
    return TimestampedValue(item, Timestamp(arrived))
