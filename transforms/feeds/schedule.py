"""When a feed is asked again. Pure: no clock and no dice of its own.

While all is well a feed is asked once per interval: that is what its reader chose, so neither `ttl` nor a 304 changes
it. Delays run from the end of a request, so that two requests never reach a server closer together than an interval.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

DAY_S = 86_400.0
# The first failures are mostly a server's hiccup: they are retried at the usual pace.
_PATIENT = 2
# From here on a feed counts as dead. It is asked once a day for ever: dead feeds do return.
DEAD_AFTER = 30
_JITTER = 0.1


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a poll ended. `failures` counts failed polls in a row, this one included; `gone` is a 410.

    `retry_after_s` is the server's wish in seconds, from the end of the poll.
    """

    failures: int = 0
    gone: bool = False
    retry_after_s: int | None = None


def delay_s(interval_s: float, outcome: Outcome, dice: Callable[[], float]) -> float:
    """Seconds from the end of a request to the next: at least the interval, at most a day (or the interval, if longer).

    After failures: the interval twice, then 2, 4, 8 … intervals. `dice` gives [0, 1) and spreads retries by a tenth,
    upwards, so that a host that comes back is not met by all its feeds at once.
    """
    ceiling = max(DAY_S, interval_s)
    wait = interval_s
    if outcome.gone or outcome.failures >= DEAD_AFTER:
        wait = ceiling
    elif outcome.failures > _PATIENT:
        wait = min(ceiling, interval_s * 2.0 ** min(outcome.failures - _PATIENT, 40))
    if wait > interval_s:
        wait *= 1 + _JITTER * dice()
    asked = min(float(outcome.retry_after_s or 0), DAY_S)
    return max(wait, asked)


def first_due_ms(next_due_ms: int | None, requested_ms: int | None, interval_s: float, now_ms: int) -> int:
    """When a feed is first asked after a start: not before its interval is over, nor before what the last poll decided.

    A stored time that lies absurdly far ahead (a clock that was wrong) counts as a day from now.
    """
    due = max(next_due_ms or 0, (requested_ms + round(interval_s * 1000)) if requested_ms else 0)
    return min(due, now_ms + round(max(DAY_S, interval_s) * (1 + _JITTER) * 1000))
