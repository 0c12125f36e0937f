"""A stateful stage in which every element takes longer than Prism waits before it looks for slow bundles."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import apache_beam as beam
from apache_beam.coders import VarIntCoder
from apache_beam.transforms.userstate import ReadModifyWriteStateSpec

SLOW_S = 0.25
# What the stage saw, in this very process (LOOPBACK): how many were at work at once, and the counts it read.
INSIDE: list[int] = []
COUNTED: list[int] = []
_lock = threading.Lock()
_at_work = 0


class CountSlowly(beam.DoFn):
    """(key, anything) in; counts in state, slowly."""

    COUNT = ReadModifyWriteStateSpec("count", VarIntCoder())

    def process(self, _element: tuple[str, int], count: Any = beam.DoFn.StateParam(COUNT)) -> Iterator[None]:
        global _at_work  # noqa: PLW0603
        with _lock:
            _at_work += 1
            INSIDE.append(_at_work)
        time.sleep(SLOW_S)
        counted = (count.read() or 0) + 1
        count.write(counted)
        with _lock:
            _at_work -= 1
            COUNTED.append(counted)
        yield from ()
