"""Attended: what a job keeps running in this process for as long as its bundles come by.

Where workers are several processes, a runner may go on elsewhere after a failure, and tells nobody. What was running
here (a poller, a courier) would then run twice. So what no bundle came for is ended.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from transforms.index.interface import IndexAway

V = TypeVar("V")
LOOK_S = 1.0
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Held(Generic[V]):
    value: V
    alone_s: float | None
    came: float = field(default_factory=time.monotonic)


class Attended(Generic[V]):
    """One value a key. `end` is called with a value that nobody came for within its time; who asks then gets a new one.
    Thread-safe."""

    def __init__(self, end: Callable[[V], None]) -> None:
        self._end = end
        self._lock = threading.Lock()
        self._held: dict[str, _Held[V]] = {}
        self._thread: threading.Thread | None = None

    def get(self, key: str, make: Callable[[], V], alone_s: float | None = None) -> V:
        """The value of a key, made where there is none; it is attended to now. `alone_s`: ended when nobody comes for
        so many seconds; None: never."""
        with self._lock:
            held = self._held.get(key)
            if held is None:
                held = self._held[key] = _Held(make(), alone_s)
            held.came = time.monotonic()
            if alone_s is not None and self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="attended", daemon=True)
                self._thread.start()
            return held.value

    def found(self, key: str) -> V | None:
        """The value of a key if there is one; that is no attendance."""
        with self._lock:
            held = self._held.get(key)
            return held.value if held else None

    def _watch(self) -> None:
        while True:
            time.sleep(LOOK_S)
            now = time.monotonic()
            with self._lock:
                alone = [
                    key for key, one in self._held.items() if one.alone_s is not None and now > one.came + one.alone_s
                ]
                ended = [self._held.pop(key).value for key in alone]
            for value in ended:
                try:
                    self._end(value)
                except Exception:
                    _log.exception("what nobody came for could not be ended in order")


def when(asked: Callable[[], bool], do: Callable[[], object], every_s: float = LOOK_S) -> None:
    """Call `do` once `asked` says so, in a thread of its own. An index that is away says nothing."""

    def watch() -> None:
        while True:
            try:
                if asked():
                    break
            except IndexAway:
                pass
            time.sleep(every_s)
        do()

    threading.Thread(target=watch, name="stop-watch", daemon=True).start()
