"""The outlets of this process, one for each cluster, and how they do together."""

from __future__ import annotations

import os
import threading
from collections import Counter
from typing import Any

from transforms.kafka.outlet import Outlet
from transforms.kafka.specs import OutputSpec

_outlets: dict[tuple[Any, ...], Outlet] = {}
_registry = threading.Lock()


def open_outlet(spec: OutputSpec) -> Outlet:
    """The outlet of this cluster: the same for every caller of the process."""
    key = (os.getpid(), *spec.key)
    with _registry:
        if key not in _outlets:
            _outlets[key] = Outlet(spec)
        return _outlets[key]


def begin() -> None:
    """A run begins: outlets that a former run gave up on are opened anew."""
    with _registry:
        for key in [key for key, outlet in _outlets.items() if outlet.gone]:
            del _outlets[key]


def trouble() -> str | None:
    """Why writing to Kafka waits at this moment; None where it does not."""
    return next((told for outlet in list(_outlets.values()) if (told := outlet.trouble())), None)


def stats() -> Counter[str]:
    """The counts of all outlets of this process together."""
    return sum((outlet.stats for outlet in list(_outlets.values())), Counter())


def give_up() -> None:
    """The run is about to end: whoever waits, now or later, gets KafkaAway."""
    for outlet in list(_outlets.values()):
        outlet.give_up()


def _after_fork() -> None:
    """In a child: a lock that another thread held would never be let go, and the parent's sockets are the parent's."""
    global _registry  # noqa: PLW0603
    _registry = threading.Lock()
    _outlets.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
