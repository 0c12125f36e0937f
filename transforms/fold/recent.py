"""How old the oldest of what was decided lately is."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

SLICES = 12


class Recent:
    """Of what was noted in the last `span_s` seconds by the clock, to a slice of that, the lowest. No span: nothing."""

    def __init__(self, span_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._span_s, self._clock = span_s, clock
        self._slices: deque[tuple[float, int]] = deque()

    def note(self, value: int) -> None:
        """Take it in."""
        now = self._clock()
        if self._slices and now - self._slices[-1][0] < self._span_s / SLICES:
            self._slices[-1] = (self._slices[-1][0], min(self._slices[-1][1], value))
        elif self._span_s:
            self._slices.append((now, value))

    def lowest(self, otherwise: int) -> int:
        """The lowest, at most `otherwise`."""
        # A slice counts until the last of what is in it is old enough.
        late = self._clock() - self._span_s * (1 + 1 / SLICES)
        while self._slices and self._slices[0][0] < late:
            self._slices.popleft()
        return min((otherwise, *(value for _, value in self._slices)))
