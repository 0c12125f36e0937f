"""PerProcess: what a process opens once and all its threads share; a forked child begins with nothing."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

V = TypeVar("V")


class PerProcess(Generic[V]):
    """One value for each key. Thread-safe. In a child the parent's values are not used, and a lock that another thread
    held is let go."""

    def __init__(self) -> None:
        self.forget()
        _all.add(self)

    def forget(self) -> None:
        """Begin with nothing; what is there is not closed, as it may be another process's."""
        self._lock, self._values = threading.Lock(), dict[Hashable, V]()

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        """The value of a key, made where there is none yet."""
        with self._lock:
            if key not in self._values:
                self._values[key] = make()
            return self._values[key]

    def values(self) -> list[V]:
        """All that there are now."""
        with self._lock:
            return list(self._values.values())

    def drop(self, over: Callable[[V], bool]) -> None:
        """Let go of those that are `over`: who asks next gets another."""
        with self._lock:
            self._values = {key: value for key, value in self._values.items() if not over(value)}


_all: weakref.WeakSet[PerProcess[Any]] = weakref.WeakSet()


def _after_fork() -> None:
    for one in list(_all):
        one.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
