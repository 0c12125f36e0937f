"""The repost graph: for each source whom it copies, how often, how fast, how much, and whether it says so.

Derived from placements when it is asked for. What is kept meanwhile is twelve bytes a repost, for the medians.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from transforms.index.encode import loads
from transforms.index.labels import domain
from transforms.index.story_document import effective
from transforms.records import Json, Source

Owner = Callable[[str | None, Source], str | None]
# A repost, and the original of its story: documents of which only what is read here need be there.
Pair = tuple[Json, Json]
NEEDED = ("id", "url", "source", "wire", "published_effective", "first_seen", "story")


@dataclass(slots=True)
class _Edge:
    """What one source copied from another: lags in seconds, shares of the repost's text from 0 to 1."""

    source: Json
    copies: Json
    lags: array[int] = field(default_factory=lambda: array("q"))
    shares: array[float] = field(default_factory=lambda: array("f"))
    credited: int = 0
    creditable: int = 0


def pairs(db: sqlite3.Connection, since: int | None) -> Iterator[Pair]:
    """Every repost published since then (seconds UTC), with the original of its story."""
    rows = db.execute(
        "SELECT a.id, c.doc, t.doc, s.doc, o.id, oc.doc, ot.doc FROM article a JOIN content c ON c.n = a.n"
        " LEFT JOIN tags t ON t.n = a.n JOIN story_group s ON s.n = a.n"
        " JOIN article o ON o.story = a.story AND o.live = 1 AND o.role = 'original'"
        " JOIN content oc ON oc.n = o.n LEFT JOIN tags ot ON ot.n = o.n"
        " WHERE a.live = 1 AND a.role = 'repost' AND a.published >= ? ORDER BY a.story, a.id",
        (-(1 << 62) if since is None else since,),
    )
    original: Json = {}
    for name, content, tags, story, first, first_content, first_tags in rows:
        if original.get("id") != first:
            original = _document(first, first_content, first_tags)
        yield _document(name, content, tags, story), original


def _document(key: str, *groups: str | None) -> Json:
    found: Json = {"id": key}
    for group in groups:
        told: Json = loads(group) if group else {}
        found.update((name, told[name]) for name in NEEDED if name in told)
    return found


def graph(found: Iterable[Pair], owner: Owner, source: str | None = None, limit: int | None = None) -> list[Json]:
    """One row for each source and whom it copies, the busiest first.

    `owner` tells whose own an article is. `source` (id or domain) narrows to whom that one copies. A row holds `source`
    and `copies` (sources), `reposts`, `lag_s` (the median, signed: repost less original), `share` (the median of how
    much of the repost's text is in the original, None where they share none), and of how many reposts that could credit
    (`creditable`: the original is an agency's own, or credits one) do (`credited`).
    """
    edges: dict[tuple[str, str], _Edge] = {}
    for repost, original in found:
        if source is None or source == repost["source"]["id"] or _same_domain(source, repost["source"]):
            _count(edges, repost, original, owner)
    rows = [_row(edge) for edge in edges.values()]
    rows.sort(key=lambda row: (-row["reposts"], row["source"]["id"], row["copies"]["id"]))
    return rows[:limit]


def _same_domain(wanted: str, source: Json) -> bool:
    return bool(source.get("domain")) and domain(source["domain"]) == domain(wanted)


def _count(edges: dict[tuple[str, str], _Edge], repost: Json, original: Json, owner: Owner) -> None:
    ends = repost["source"], original["source"]
    edge = edges.setdefault((ends[0]["id"], ends[1]["id"]), _Edge(*ends))
    edge.lags.append(effective(repost) - effective(original))
    copied = (one for one in repost["story"]["copied_from"] if one["id"] == original["id"])
    edge.shares.extend(one["share_of_this"] for one in copied)
    told = original["source"]
    own = owner(
        original.get("url"), Source(told["id"], told.get("name", ""), told.get("domain", ""), told.get("agency"))
    )
    due = {own} if own else _agencies(original)
    edge.creditable += bool(due)
    edge.credited += not due.isdisjoint(_agencies(repost))


def _agencies(document: Json) -> set[Any]:
    return set((document.get("wire") or {}).get("agencies") or ())


def _row(edge: _Edge) -> Json:
    return {
        "source": edge.source,
        "copies": edge.copies,
        "reposts": len(edge.lags),
        "lag_s": round(median(edge.lags)),
        "share": round(median(edge.shares), 4) if edge.shares else None,
        "credited": edge.credited,
        "creditable": edge.creditable,
    }
