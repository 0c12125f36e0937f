"""The figures of a stream: how long after it appeared each item was found, and how often each feed was asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from tests.stream.plan import FAILING, FEEDS, HANG_AT, HANG_S, HANGING, INTERVAL_S, LATE, SILENT
from tests.stream.watch import Outcome

# The bound of the task: an item is found within the interval and this.
WITHIN_S = 5.0
# A server's clock and a thread's turn may blur what was a whole interval by so much.
BLUR_S = 0.05
ODD = {"fail at times": FAILING, "hangs 30 s": (HANGING,), "late item": (LATE,), "silent": (SILENT,)}
GROUPS = {"well": tuple(sorted(set(range(FEEDS)) - {f for feeds in ODD.values() for f in feeds})), **ODD}


def delays(outcome: Outcome) -> dict[str, tuple[int, float]]:
    """For each URL that was found its feed, and the seconds from when it could be had to when it was found.

    An item can be had from when it stands in its feed, or from the end of a failure that hid it from the next poll.
    """
    feeds, found = outcome.feeds, {}
    for url, (at, feed) in outcome.plan.first_shown().items():
        spells = list(outcome.plan.failing.get(feed, ()))
        spells += [(HANG_AT, HANG_S)] if feed == HANGING else []
        ends = [start + length for start, length in spells if start - INTERVAL_S <= at < start + length]
        if url in outcome.watcher.seen:
            found[url] = feed, outcome.watcher.seen[url] - feeds.moment(max([at, *ends]))
    return found


def gaps(outcome: Outcome, feed: int) -> list[float]:
    """Seconds between one request to a feed and the next."""
    times = [request.at for request in outcome.feeds.of(feed)]
    return [after - before for before, after in pairwise(times)]


def table(outcome: Outcome) -> str:
    """One line for each kind of feed."""
    found = delays(outcome)
    lines = [f"{'feeds':14}{'n':>4}{'requests':>10}{'200':>6}{'304':>6}{'500':>6}{'least gap':>11}{'items':>7}"
             f"{'p50':>7}{'p95':>7}{'max':>7}   of which after the answer: p50 p95 max"]  # fmt: skip
    for title, group in GROUPS.items():
        requests = [request for feed in group for request in outcome.feeds.of(feed)]
        count = Counter(request.status for request in requests)
        least = min((gap for feed in group for gap in gaps(outcome, feed)), default=0.0)
        took = sorted(seconds for feed, seconds in found.values() if feed in group)
        inside = sorted(
            outcome.watcher.seen[url] - outcome.feeds.served[url] for url, (feed, _) in found.items() if feed in group
        )
        figures = _three(took) + "   " + _three(inside)
        lines.append(
            f"{title:14}{len(group):4}{len(requests):10}{count[200]:6}{count[304]:6}{count[500]:6}"
            f"{least:10.3f}s{len(took):7}{figures}"
        )
    return "\n".join(lines)


def _three(ordered: Sequence[float]) -> str:
    if not ordered:
        return f"{'–':>7}" * 3
    return "".join(f"{quantile(ordered, part):7.1f}" for part in (0.5, 0.95, 1))


def quantile(ordered: Sequence[float], part: float) -> float:
    """The value below which `part` of the ordered values lie."""
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def too_soon(outcome: Outcome, feeds: Iterable[int] = range(FEEDS)) -> list[tuple[int, float]]:
    """Feeds that were asked twice within an interval, with the gap in seconds."""
    return [(feed, gap) for feed in feeds for gap in gaps(outcome, feed) if gap < INTERVAL_S - BLUR_S]
