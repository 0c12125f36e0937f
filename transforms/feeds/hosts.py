"""A queue of tasks in which each host has one running at a time, and a pause between the starts of two."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")
_FORGET_S = 60.0


@dataclass(slots=True)
class _Host(Generic[T]):
    tasks: deque[T] = field(default_factory=deque)
    ready: float = 0.0
    busy: bool = False


class HostQueue(Generic[T]):
    """Thread-safe. Workers `take` a task whose host is free, and say `done` with the pause that its host wants."""

    def __init__(self) -> None:
        self._hosts: dict[str, _Host[T]] = {}
        self._changed = threading.Condition()

    def put(self, host: str, task: T) -> None:
        """Add a task behind its host's others."""
        with self._changed:
            self._hosts.setdefault(host, _Host()).tasks.append(task)
            self._changed.notify()

    def take(self, timeout: float) -> tuple[str, T] | None:
        """A task that may start now, its host marked busy; None when there is none within `timeout` seconds."""
        end = time.monotonic() + timeout
        with self._changed:
            while True:
                now = time.monotonic()
                waiting = [(state.ready, host) for host, state in self._hosts.items() if state.tasks and not state.busy]
                ready, host = min(waiting, default=(end, ""))
                if host and ready <= now:
                    state = self._hosts[host]
                    state.busy, state.ready = True, now
                    return host, state.tasks.popleft()
                if now >= end:
                    return None
                self._changed.wait(min(ready, end) - now)

    def done(self, host: str, pause_s: float) -> None:
        """The host's task has ended; its next may start `pause_s` seconds after the start of this one."""
        with self._changed:
            state = self._hosts[host]
            state.busy, state.ready = False, state.ready + pause_s
            old = time.monotonic() - _FORGET_S
            for name in [n for n, s in self._hosts.items() if not s.tasks and not s.busy and s.ready < old]:
                del self._hosts[name]
            self._changed.notify()

    def __len__(self) -> int:
        with self._changed:
            return sum(len(state.tasks) for state in self._hosts.values())
