"""The courier: takes due parcels out of the index's outbox and hands each to its channel, at least once.

One parcel at a time per channel, each marked in the index before the next is sent, so a kill at any moment repeats at
most one parcel per channel, with the same key. Channels do not wait for each other: each has a thread.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from math import ceil

from transforms.alert.delivery import Outcome, Sender
from transforms.index.interface import Index, Parcel

_log = logging.getLogger(__name__)
_BATCH, _MOST = 20, 10_000
_PARCEL_CAP_S, _CHANNEL_CAP_S = 900.0, 60.0


def backoff(attempts: int, cap: float, rng: Callable[[], float] = random.random) -> float:
    """Seconds to wait after `attempts` failures: 1, 2, 4, … at most `cap`, of which a random half to whole."""
    return float(min(cap, 2.0 ** min(attempts - 1, 30)) * (0.5 + rng() / 2))


class _Lane:
    """One channel's thread and what it is at. The courier's lock guards `work`, `failures` and `resume_at`."""

    def __init__(self, name: str, sender: Sender) -> None:
        self.name, self.sender = name, sender
        self.work: list[Parcel] = []
        self.busy = False
        self.failures = 0
        self.resume_at = 0.0
        self.thread: threading.Thread | None = None


class Courier:
    """Delivers what is due, from `start` to `stop`.

    `senders` maps channel names to their senders; a parcel for any other name is marked failed, and stays visible,
    except for `others`, which another courier serves.
    `clock` gives seconds UTC. `wake` may be called after raising an alert, to spare it the wait of up to `poll_s`.
    `counts` tells deliveries: delivered, retried (an attempt that will be repeated) and failed (for good).
    """

    def __init__(
        self,
        index: Index,
        senders: Mapping[str, Sender],
        clock: Callable[[], float] = time.time,
        poll_s: float = 0.5,
        rng: Callable[[], float] = random.random,
        others: Collection[str] = (),
    ) -> None:
        self._others = frozenset(others)
        self._index, self._clock, self._poll_s, self._rng = index, clock, poll_s, rng
        self._lanes = {name: _Lane(name, sender) for name, sender in senders.items()}
        self._changed = threading.Condition()
        self._woken = False
        self._stop_at: float | None = None
        self._unmarked: dict[tuple[str, str], Callable[[], None]] = {}
        self._thread: threading.Thread | None = None
        self.counts: Counter[str] = Counter()

    def start(self) -> None:
        """Begin; once."""
        for lane in self._lanes.values():
            lane.thread = threading.Thread(target=self._work, args=(lane,), name=f"courier-{lane.name}", daemon=True)
            lane.thread.start()
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)
        self._thread.start()

    def stop(self, drain_s: float = 0.0) -> bool:
        """Deliver what is due now for at most `drain_s` seconds, then end. False if something was still under way.

        What waits for another attempt is not waited for: it is in the outbox, for the next start.
        """
        if self._thread is None:
            return True
        with self._changed:
            self._stop_at = time.monotonic() + drain_s
            self._woken = True
            self._changed.notify_all()
        self._thread.join()
        ended = time.monotonic() + 0.2
        for lane in self._lanes.values():
            if lane.thread:
                lane.thread.join(max(0.0, ended - time.monotonic()))
        return not any(lane.busy for lane in self._lanes.values())

    def wake(self) -> None:
        """Something may be due."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._woken = False
                # What a lane that is busy now will have room for is not looked for by this look.
                busy = any(lane.busy for lane in self._lanes.values())
            handed = self._hand_out()
            with self._changed:
                if self._stop_at is not None:
                    idle = not handed and not busy
                    if idle or time.monotonic() >= self._stop_at:
                        break
                left = self._poll_s if self._stop_at is None else min(self._poll_s, self._stop_at - time.monotonic())
                self._changed.wait_for(lambda: self._woken, max(0.0, left))
        with self._changed:
            # The lanes end after the parcel that they are at.
            self._stop_at = float("-inf")
            self._changed.notify_all()

    def _hand_out(self) -> bool:
        """Give every free lane its due parcels. True if any was given."""
        try:
            for mark in list(self._unmarked.values()):
                mark()
            due = self._due()
        except Exception:
            # A locked or restarting store is back at the next look; the courier must outlive it.
            _log.exception("the outbox could not be read")
            return False
        handed = False
        with self._changed:
            for name, parcels in due.items():
                lane = self._lanes[name]
                if not lane.busy:
                    lane.work, lane.busy, handed = parcels, True, True
            if handed:
                self._changed.notify_all()
        return handed

    def _due(self) -> dict[str, list[Parcel]]:
        """The due parcels of each channel that can take some now.

        The outbox gives the oldest of all channels together, so the look goes deeper while it finds only parcels of
        lanes that are busy or paused: a dead webhook must not hide the terminal's.
        """
        now, limit = self._clock(), _BATCH
        with self._changed:
            free = {lane.name for lane in self._lanes.values() if not lane.busy and lane.resume_at <= now}
        while True:
            found = self._index.parcels(int(now), limit)
            due: dict[str, list[Parcel]] = {}
            for parcel in found:
                if parcel.channel in self._others:
                    continue
                if parcel.channel not in self._lanes:
                    self._no_such_channel(parcel)
                elif parcel.channel in free and (parcel.key, parcel.channel) not in self._unmarked:
                    due.setdefault(parcel.channel, []).append(parcel)
            if free <= due.keys() or len(found) < limit or limit >= _MOST:
                return {name: parcels[:_BATCH] for name, parcels in due.items()}
            limit = min(_MOST, limit * 8)

    def _no_such_channel(self, parcel: Parcel) -> None:
        self._count("failed")
        self._index.undelivered(parcel.key, parcel.channel, "the config has no channel of this name", None)

    def _count(self, outcome: str) -> None:
        with self._changed:
            self.counts[outcome] += 1

    def _work(self, lane: _Lane) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(lane.work) or self._stop_at == float("-inf"))
                if self._stop_at == float("-inf"):
                    lane.work, lane.busy = [], False
                    return
                parcel = lane.work.pop(0)
            going_on = self._deliver(lane, parcel)
            with self._changed:
                lane.work = lane.work if going_on else []
                if not lane.work:
                    lane.busy = False
                    self._woken = True
                    self._changed.notify_all()

    def _deliver(self, lane: _Lane, parcel: Parcel) -> bool:
        """One attempt, marked in the index. False if the channel should rest."""
        try:
            outcome = lane.sender.deliver(parcel)
        except Exception as error:
            _log.exception("channel %s", lane.name)
            outcome = Outcome(delivered=False, reason=f"the channel failed ({type(error).__name__})", again=True)
        attempts = parcel.attempts + 1
        again = outcome.again and attempts < lane.sender.max_attempts
        retry_at = None
        if again:
            wait = max(backoff(attempts, _PARCEL_CAP_S, self._rng), outcome.after_s)
            retry_at = ceil(self._clock() + wait)
        self._mark(parcel, outcome, retry_at)
        self._count("delivered" if outcome.delivered else "retried" if again else "failed")
        if not outcome.again:
            lane.failures, lane.resume_at = 0, 0.0
            return True
        # The whole channel rests: what fails one parcel by transport or overload fails the next as well.
        lane.failures += 1
        lane.resume_at = self._clock() + max(backoff(lane.failures, _CHANNEL_CAP_S, self._rng), outcome.after_s)
        return False

    def _mark(self, parcel: Parcel, outcome: Outcome, retry_at: int | None) -> None:
        place = (parcel.key, parcel.channel)

        def mark() -> None:
            if outcome.delivered:
                self._index.delivered(*place, int(self._clock()))
            else:
                self._index.undelivered(*place, outcome.reason, retry_at)
            self._unmarked.pop(place, None)

        try:
            mark()
        except Exception:
            # Until the index knows, this process must: what went out is not sent again because a mark failed.
            self._unmarked[place] = mark
            _log.exception("a delivery could not be marked; it will be")
