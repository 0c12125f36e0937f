"""Is a pipeline well? What a run leaves behind is read, without a write, a lock or a wait, and judged.

A run tells of itself in a file beside the index (`board.Board`), and where the index is Elasticsearch in health
documents there. `look` gathers, `judge` says what is wrong in words.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

from pipeline import board, opening, servers
from pipeline.config import ElasticsearchIndex, NewsroomSource, Ref, resolve
from transforms.alert.inert import plain
from transforms.errors import MissingPart
from transforms.records import Json, rfc3339, seconds

# A lag that grew from report to report, so many times, to at least so many records.
GROWS, GROWS_FROM = 5, 1000
REPORTS = 10


@dataclass(frozen=True, slots=True)
class Limits:
    """What is well. `max_age_s` is how old the last word may be, in seconds; the others are numbers."""

    max_age_s: float = 120.0
    max_lag: int = 10_000
    max_dead: int = 100


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found: the last word at `at` (seconds UTC), reports oldest first, progress of feeds by reader.

    `away` says why the index could not be asked, `gone` why there is no process any more.
    """

    at: int | None
    reports: list[Json] = field(default_factory=list)
    feeds: dict[str, Json] = field(default_factory=dict)
    away: str | None = None
    gone: str | None = None


def look(ref: Ref, live: bool) -> Seen:
    """What a run of this config has left; with `live` only what it says of its own process. MissingPart where no run
    has left anything."""
    file = opening.beside(ref, board.NAME)
    told = board.read(file)
    if live:
        if told is None:
            raise _never(str(file))
        return Seen(seconds(told["at"]), gone=board.gone(told))
    part = resolve(ref).index
    if isinstance(part, ElasticsearchIndex):
        return _elastic(ref, told)
    path = ref.path(part.path)
    if told is None or not path.is_file():
        raise _never(str(path))
    return _embedded(ref, path, told)


def _never(what: str) -> MissingPart:
    return MissingPart(f"no pipeline has run here: {what} is not there; start one by `run`")


def judge(seen: Seen, limits: Limits, now: float) -> list[str]:
    """What is wrong, each in a sentence; nothing where all is well."""
    return [*_silent(seen, limits, now), *_reported(seen, limits), *_feeds(seen, limits, now)]


def _silent(seen: Seen, limits: Limits, now: float) -> Iterator[str]:
    if seen.gone:
        yield seen.gone
    if seen.away:
        yield f"the index cannot be asked: {seen.away}"
    elif seen.at is None:
        yield "no pipeline has told of itself yet"
    elif not seen.gone and now - seen.at > limits.max_age_s:
        yield f"nothing was heard of it since {rfc3339(seen.at)}, {_age(now - seen.at)} ago"


def _reported(seen: Seen, limits: Limits) -> Iterator[str]:
    if not seen.reports:
        return
    told = [report["news"]["pipeline"] for report in seen.reports]
    last = told[-1]
    if last.get("waiting"):
        yield f"it waits: {plain(str(last['waiting']))}"
    lags = [one["lag"] for one in told if one["epoch"] == last["epoch"]][-GROWS - 1 :]
    if last["lag"] > limits.max_lag:
        yield f"{last['lag']} records of Kafka are not committed; at most {limits.max_lag} may be"
    elif len(lags) > GROWS and last["lag"] >= GROWS_FROM and all(a < b for a, b in pairwise(lags)):
        yield f"the lag grows: {', '.join(map(str, lags))} records"
    if last["dead_letters"] > limits.max_dead:
        yield f"{last['dead_letters']} dead letters; at most {limits.max_dead} may be"


def _feeds(seen: Seen, limits: Limits, now: float) -> Iterator[str]:
    asked = [feed for feed in seen.feeds.values() if feed.get("batch", -1) >= 0]
    if not asked or seen.gone:
        return
    if all(feed.get("error") for feed in asked):
        yield f"all {len(asked)} feeds fail, the last with: {plain(str(asked[-1]['error']))[:200]}"
    late = (now - limits.max_age_s) * 1000
    overdue = [f for f in asked if f.get("next_due_ms", late) < late and f.get("requested_ms", 0) < late]
    if len(overdue) == len(asked):
        yield f"none of {len(asked)} feeds was asked when it was due"


def _age(seconds_ago: float) -> str:
    return f"{seconds_ago:.0f} s" if seconds_ago < 120 else f"{seconds_ago / 60:.0f} min"


def _wanted(ref: Ref) -> Collection[str] | None:
    """The readers of the feeds that the config names; None for the sample, whose feeds are named when it is served."""
    if any(isinstance(source, NewsroomSource) for source in resolve(ref).sources):
        return None
    return [spec.reader for spec in opening.feeds_of(ref)]


def _embedded(ref: Ref, path: Path, told: Json) -> Seen:
    from transforms.index.feeds import read

    wanted, away, feeds = _wanted(ref), None, {}
    # Not by the index itself, which would make or migrate a file, and holds a lock while it is open.
    try:
        db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", timeout=1.0, uri=True)
        try:
            feeds = read(db, wanted)
        finally:
            db.close()
    except sqlite3.Error as error:
        away = str(error)
    gone = board.gone(told)
    return Seen(seconds(told["at"]), told["reports"], feeds, None if gone else away, gone)


def _elastic(ref: Ref, told: Json | None) -> Seen:
    from transforms.elastic.client import Lost, Server
    from transforms.elastic.probe import feeds, newest_reports

    # Asked once and not for long: a probe that waits tells nothing.
    server = Server(replace(servers.elastic_of(ref), timeout_s=2.0))
    try:
        reports = newest_reports(server, REPORTS)
        if reports is None:
            raise _never("the index of health documents")
        asked = feeds(server, _wanted(ref))
    except Lost as lost:
        return Seen(None, away=plain(f"Elasticsearch at {server.spec.host}: {lost.why}"))
    finally:
        server.close()
    if not reports:
        return Seen(None)
    # What runs on this machine is known at once to be gone.
    gone = board.gone(told) if told and _epochs(told["reports"]) & _epochs(reports[-1:]) else None
    return Seen(seconds(reports[-1]["@timestamp"]), reports, asked, gone=gone)


def _epochs(reports: list[Json]) -> set[int]:
    return {report["news"]["pipeline"]["epoch"] for report in reports}


def healthy(ref: Ref, limits: Limits, live: bool) -> Json:
    """`{"healthy": …, "reasons": […], "at": the last word}`, and unless `live` the last report under `report`."""
    seen = look(ref, live)
    reasons = judge(seen, limits, time.time())
    told = {"healthy": not reasons, "reasons": reasons, "at": rfc3339(seen.at)}
    return told if live else {**told, "report": seen.reports[-1]["news"]["pipeline"] if seen.reports else None}
