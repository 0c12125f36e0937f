"""When work begins and ends, seen from inside: the clock is read where the graph asks for its data and its rules."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Span:
    """The moments (s) and this process's processor time (s) at the first and last mark; `marks` counts the last."""

    first: tuple[float, float] | None = None
    last: tuple[float, float] = (0.0, 0.0)
    marks: int = 0

    @property
    def wall(self) -> float:
        """Seconds between the first and the last mark."""
        return self.last[0] - (self.first or self.last)[0]

    @property
    def cpu(self) -> float:
        """Processor seconds of this process, all its threads, between them."""
        return self.last[1] - (self.first or self.last)[1]


# The graph's functions travel by name and are called in this very process (LOOPBACK), so they meet again here.
SPANS: dict[str, Span] = {}


@dataclass(frozen=True, slots=True)
class Begins:
    """`load`, called for each article: the first call is the first mark."""

    name: str
    load: Callable[[], Any]

    def __call__(self) -> Any:
        span = SPANS[self.name]
        if span.first is None:
            span.first = (time.perf_counter(), time.process_time())
        return self.load()


@dataclass(frozen=True, slots=True)
class Ends:
    """`load`, called for each article: every call is the last mark so far."""

    name: str
    load: Callable[[], Any]

    def __call__(self) -> Any:
        span = SPANS[self.name]
        span.marks += 1
        span.last = (time.perf_counter(), time.process_time())
        return self.load()
