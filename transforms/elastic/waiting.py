"""Waiting for a server: how long, who waits, and why.

A pause doubles with each try, up to a cap, and part of it is random, so that many who wait for one server do not come
back all at once. What the server itself asks for (`Retry-After`) counts where it is longer.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import Counter

from transforms.index.interface import IndexAway

_log = logging.getLogger(__name__)
_FIRST_S, _LONGEST_S, _LONGEST_ASKED_S = 0.2, 10.0, 60.0
_IMPATIENT_S = 10.0  # in all


class Lost(Exception):
    """A request that the server did not take now, or whose answer did not come. `why` is for a person.

    Where `refused` the server said that it did nothing; else what was asked for may have been done all the same.
    """

    def __init__(self, why: str, refused: bool, retry_after_s: float | None = None) -> None:
        super().__init__(why)
        self.why, self.refused, self.retry_after_s = why, refused, retry_after_s


class Waiting:
    """Who waits for one server, since when and why; and how often what was counted. Any thread, any time."""

    def __init__(self, who: str) -> None:
        self._who = who
        self.reset()

    def reset(self) -> None:
        """Begin afresh: for a new process, in which nobody waits."""
        self._lock = threading.Lock()
        self._given_up = threading.Event()
        self._cut: str | None = None
        self._waiting: dict[Patience, tuple[float, str]] = {}
        self._counts: Counter[str] = Counter()
        self._told: Counter[str] = Counter()
        self._waited_s = self._held_since = 0.0

    def count(self, **more: int) -> None:
        """Add to counters."""
        with self._lock:
            self._counts.update(more)

    def counts(self) -> dict[str, float]:
        """All counters, and `waited_s`: for how long anybody has waited, in all, up to now."""
        with self._lock:
            now = time.monotonic()
            held = now - self._held_since if self._waiting else 0.0
            return {**self._counts, "waited_s": round(self._waited_s + held, 3)}

    def more(self, name: str) -> int:
        """How much a counter has grown since this was last asked for it."""
        with self._lock:
            more = self._counts[name] - self._told[name]
            self._told[name] = self._counts[name]
            return more

    def trouble(self) -> str | None:
        """Why the one who has waited longest does, in words; None where nobody waits."""
        with self._lock:
            if not self._waiting:
                return None
            since, why = min(self._waiting.values())
        return f"{self._who}: {why}; waiting since {time.monotonic() - since:.0f} s"

    def give_up(self, cut: str | None = None) -> None:
        """Whoever waits, now or later, gets IndexAway. With `cut`, whoever asks for anything does, with that text."""
        self._cut = cut or self._cut
        self._given_up.set()

    def begin(self) -> None:
        """A run begins: what a former one in this process gave up is waited for again."""
        self._cut = None
        self._given_up.clear()

    def check(self) -> None:
        """IndexAway where all asking was cut off."""
        if self._cut is not None:
            raise IndexAway(f"{self._who}: {self._cut}")

    def enter(self, patience: Patience, why: str) -> None:
        """It waits, because of this."""
        with self._lock:
            first = patience not in self._waiting
            alone = first and not self._waiting
            since = time.monotonic() if first else self._waiting[patience][0]
            self._held_since = since if alone else self._held_since
            self._waiting[patience] = since, why
        if alone:
            _log.warning("%s: %s; waiting", self._who, why)

    def leave(self, patience: Patience, well: bool) -> None:
        """It waits no more: it went `well`, or it has given up."""
        with self._lock:
            found = self._waiting.pop(patience, None)
            if found is None:
                return
            if self._waiting:
                return
            waited = time.monotonic() - self._held_since
            self._waited_s += waited
        if well:
            _log.warning("%s answers again after %.0f s", self._who, waited)

    def rest(self, patience: Patience, seconds: float) -> None:
        """Sleep, unless all was given up: then IndexAway."""
        if self._given_up.wait(seconds):
            self.check()
            with self._lock:
                why = self._waiting[patience][1]
            raise IndexAway(f"{self._who}: {why}")


class Patience:
    """One caller that may have to wait: `pause` before each further try, and leave the block when it is through.

    One that is not `patient` gives up at a failure some seconds after it began, with IndexAway.
    """

    def __init__(self, waiting: Waiting, patient: bool) -> None:
        self._waiting, self._patient = waiting, patient
        self._tries = 0
        self._began = time.monotonic()

    def __enter__(self) -> Patience:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._waiting.leave(self, well=kind is None)

    def pause(self, lost: Lost) -> None:
        """Wait until it makes sense to try again."""
        now = time.monotonic()
        pause = min(_LONGEST_S, _FIRST_S * 2 ** min(self._tries, 20)) * random.uniform(0.5, 1)
        pause = max(pause, min(lost.retry_after_s or 0.0, _LONGEST_ASKED_S))
        self._tries += 1
        self._waiting.enter(self, lost.why)
        if not self._patient and now - self._began + pause > _IMPATIENT_S:
            raise IndexAway((self._waiting.trouble() or lost.why).partition("; waiting")[0])
        self._waiting.rest(self, pause)

    def through(self) -> None:
        """It went well: what fails from here on is a new trouble."""
        self._waiting.leave(self, well=True)
        self._tries, self._began = 0, time.monotonic()
