"""The program's own documents: the epoch, what is forgotten, and the counts.

`forgotten` is a log: each id that was forgotten, at a position. An id is stored as pending first; then the position is
moved, which puts it in force; then the id gets that position. So whoever sees that the position moved, and reads the
ids up to it and those pending, misses none, however many forget at once; and while it stands, one small request tells
that there is nothing to read. Where a process dies in between, its ids stay pending: nothing was removed yet, whoever
reads next takes them for forgotten, and forgetting them again moves the position.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

from transforms.elastic import stories
from transforms.elastic.operations import Operation, done
from transforms.elastic.reach import Reach
from transforms.elastic.scan import scan
from transforms.elastic.search import LIVE
from transforms.index.documents import parts
from transforms.records import Json

_EPOCH, _POSITION = "epoch", "forgotten"
# Above every position there will be.
_PENDING = 1 << 62
_BY_POSITION: list[Json] = [{"position": "asc"}, {"id": "asc"}]


def start_epoch(reach: Reach) -> int:
    """A number higher than any given before, stored before it is returned. Where an answer is lost a number may be
    passed over; none is given twice."""
    stored = reach.change(reach.meta, _EPOCH, lambda old: {"epoch": (old or {}).get("epoch", 0) + 1})
    return int((stored or {})["epoch"])


def counts(reach: Reach) -> dict[str, int]:
    """articles, stories, reposts, revisions, alerts, polls, failed_polls: counted, after a refresh."""
    reach.refresh(reach.articles, reach.alerts, reach.feeds, reach.revisions)
    reposts = {"bool": {"filter": [LIVE, {"term": {"news.story.role": "repost"}}]}}
    polls = {name: {"sum": {"field": f"news.feed.{name}"}} for name in ("polls", "failed_polls")}
    fed = reach.search(reach.feeds, {"size": 0, "aggs": polls})["aggregations"]
    return {
        "articles": reach.count(reach.articles, LIVE),
        "stories": stories.count(reach),
        "reposts": reach.count(reach.articles, reposts),
        "revisions": reach.count(reach.revisions, {"match_all": {}}),
        "alerts": reach.count(reach.alerts, LIVE),
        **{name: int(fed[name]["value"]) for name in polls},
    }


def remember(reach: Reach, ids: Iterable[str]) -> None:
    """Store that these ids must not come back, and put that in force before returning. May be repeated: an id keeps the
    position that it has."""
    for part in parts(ids):
        known = reach.several(reach.forgotten, part)
        new = [key for key in part if key not in known or known[key].source["position"] == _PENDING]
        if new:
            _store(reach, new, _PENDING)
            moved = reach.change(reach.meta, _POSITION, lambda old: {"position": (old or {}).get("position", 0) + 1})
            _store(reach, new, (moved or {})["position"])


def _store(reach: Reach, ids: list[str], position: int) -> None:
    done(reach, [Operation("index", reach.forgotten, key, {"id": key, "position": position}) for key in ids])


def forgotten(reach: Reach, after: int = 0) -> tuple[int, list[str]]:
    """The ids forgotten since position `after`, and the new position. Asked for each bundle: where nobody forgot
    anything, that costs one look-up by id."""
    position = _position(reach)
    if position <= after:
        return after, []
    reach.refresh(reach.forgotten)
    known = {"range": {"position": {"gt": after, "lte": position}}}
    wanted = {"bool": {"should": [known, {"term": {"position": _PENDING}}], "minimum_should_match": 1}}
    return position, [hit.id for hit in scan(reach, [reach.forgotten], wanted, _BY_POSITION, fields=())]


class Forgotten:
    """The ids that must not come back, in memory; kept in step by one small request."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._lock = threading.Lock()
        self._position: int | None = None
        self._ids: set[str] = set()

    def among(self, ids: Iterable[str]) -> set[str]:
        """Those of these ids that are forgotten at this moment."""
        with self._lock:
            position = _position(self._reach)
            if position != self._position:
                self._position, more = forgotten(self._reach, self._position or 0)
                self._ids.update(more)
            return self._ids.intersection(ids)


def _position(reach: Reach) -> int:
    stored = reach.get(reach.meta, _POSITION)
    return int(stored.source["position"]) if stored else 0
