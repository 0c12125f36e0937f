"""The pipeline's own health: what moves, what waits and what it takes, for the screen and for dashboards."""

from __future__ import annotations

import contextlib
import logging
import resource
import socket
import sys
import threading
import time
from collections.abc import Iterator

from pipeline import board, opening, servers
from pipeline.config import ElasticsearchIndex, Ref, resolve
from pipeline.parts import Parts
from transforms.deadletters.store import read
from transforms.index.interface import IndexAway
from transforms.kafka import outlets
from transforms.kafka import running as kafka
from transforms.records import Json, rfc3339

EVERY_S = 30.0
ROLL_EVERY_S = 3600.0
_log = logging.getLogger(__name__)


def trouble(ref: Ref, parts: Parts) -> str | None:
    """Why nothing moves at this moment, in words for a person; None where nothing waits for a server."""
    told = [opening.index_of(ref).trouble(), outlets.trouble()]
    told += [stats["trouble"] for stats in kafka.stats(parts.job).values()]
    return "; ".join(dict.fromkeys(text for text in told if text)) or None


def lag(parts: Parts) -> str:
    """How far the Kafka sources are behind, for the line of counts; empty where there are none."""
    stats = kafka.stats(parts.job).values()
    return f"  lag {sum(one['lag'] for one in stats)}" if stats else ""


def document(ref: Ref, parts: Parts) -> Json:
    """One health document (`news.pipeline` in docs/documents.md). Where the index is away it lacks what that counts."""
    stats = kafka.stats(parts.job).values()
    elastic = isinstance(resolve(ref).index, ElasticsearchIndex)
    counters = servers.server_of(ref, patient=True).stats() if elastic else {}
    return {
        "@timestamp": rfc3339(int(time.time())),
        "event": {"kind": "metric", "module": "news", "dataset": "news.pipeline"},
        "host": {"name": socket.gethostname()},
        "news": {
            "pipeline": {
                "epoch": parts.folding.epoch,
                **_counted(ref),
                "dead_letters": sum(1 for _ in read(opening.dead_letters_of(ref))),
                **{name: counters.get(name, 0) for name in ("written", "retries", "rejected", "conflicts", "waited_s")},
                "waiting": trouble(ref, parts),
                "memory_mb": memory_mb(),
                "records": sum(one["records"] for one in stats),
                "committed": sum(one["committed"] for one in stats),
                "lag": sum(one["lag"] for one in stats),
                "in_flight": sum(one["in_flight"] for one in stats),
            }
        },
    }


def _counted(ref: Ref) -> Json:
    try:
        counts = opening.index_of(ref, patient=False).counts()
    except IndexAway:
        return {}
    return {name: counts[name] for name in _COUNTED}


_COUNTED = ("articles", "stories", "reposts", "alerts", "polls", "failed_polls")


def memory_mb() -> float:
    """The most memory that this process has had at once, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1 << 20 if sys.platform == "darwin" else 1 << 10), 1)


@contextlib.contextmanager
def reporting(ref: Ref, parts: Parts, again: bool = False) -> Iterator[None]:
    """Tell of the run at its beginning, every half minute and at its end: in a file beside the index, which `health`
    reads, and where the index is Elasticsearch in a health document there. Once an hour new indexes are begun there
    and old ones deleted. With `again` another run of this process follows, and the end of this one is no end."""
    over = threading.Event()
    told = board.Board(opening.beside(ref, board.NAME))
    told.show()  # at once, as a probe may ask at once
    thread = threading.Thread(target=_report, args=(ref, parts, told, over), name="health", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(EVERY_S)
        told.show(ended=not again)


def _report(ref: Ref, parts: Parts, shown: board.Board, over: threading.Event) -> None:
    elastic = isinstance(resolve(ref).index, ElasticsearchIndex)
    last, rolled, pause = False, float("-inf"), 0.0
    while not last:
        last = over.wait(pause)
        try:
            # Not at the very start, when everything else begins as well.
            if elastic and pause and not last and time.monotonic() - rolled > ROLL_EVERY_S:
                rolled = _roll(ref) or rolled
            pause = EVERY_S
            told = document(ref, parts)
            shown.show(told)
            if elastic:
                _send(ref, told)
        except Exception:
            # What is refused or odd must not end the reports, nor the rollover, of a run that goes on.
            _log.exception("no health document now")


def _roll(ref: Ref) -> float | None:
    """Begin new indexes and delete old ones; when it was done, None where the server is away."""
    from transforms.elastic.roll import roll

    try:
        for change in roll(servers.server_of(ref)):
            _log.info("%s", change)
    except IndexAway as away:
        _log.info("no rollover now: %s", away)
        return None
    return time.monotonic()


def _send(ref: Ref, told: Json) -> None:
    from transforms.elastic.feeds import report

    try:
        report(servers.server_of(ref), told)
    except IndexAway as away:
        # The next document tells of it: it counts the seconds that were waited.
        _log.info("no health document now: %s", away)
