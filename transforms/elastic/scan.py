"""Reading all that a query finds, page by page, as it stood when reading began.

A point in time is opened at the first page and closed behind the last. Where the server lost it (it was started anew,
or the reader rested for minutes) another is opened and reading goes on behind the last hit: what comes then is as it
stands by then, still in order and each once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from transforms.elastic.reach import Reach
from transforms.records import Json

_KEEP = "5m"
_PAGE, _PAGE_WITH_TEXT, _BUCKETS = 1000, 200, 5000


@dataclass(frozen=True, slots=True)
class Hit:
    """One document found; `source` holds the fields that were asked for."""

    index: str
    id: str
    source: Json
    sort: list[Any]


def scan(
    reach: Reach,
    names: Sequence[str],
    query: Json,
    sort: Sequence[Json],
    *,
    fields: Sequence[str] | None = None,
    without: Sequence[str] = (),
    limit: int | None = None,
) -> Iterator[Hit]:
    """Everything in the indices `names` that fits, in the order of `sort`, whose last key tells all documents apart.

    `fields` are those to read (none: ids alone), by default all but `without`. At most `limit` hits.
    """
    source: Any = {"excludes": list(without)} if fields is None else list(fields) or False
    page = _PAGE_WITH_TEXT if fields is None and not without else _PAGE
    body: Json = {"query": query, "sort": list(sort), "_source": source, "track_total_hits": False}
    # Scores of several shards can be compared only where all count with the same statistics.
    how = {"search_type": "dfs_query_then_fetch"} if any("_score" in key for key in sort) else {}
    if limit is not None and limit <= page:
        yield from _hits(reach.search(",".join(names), {**body, "size": limit}, **how))
        return
    left = limit
    point = reach.open_point(names, _KEEP)
    try:
        while left is None or left > 0:
            size = page if left is None else min(page, left)
            asked = {**body, "size": size, "pit": {"id": point, "keep_alive": _KEEP}}
            answer = reach.search_point(asked, **how)
            if answer is None:
                point = reach.open_point(names, _KEEP)
                continue
            point = answer.get("pit_id", point)
            hits = _hits(answer)
            yield from hits
            if len(hits) < size:
                return
            body["search_after"] = hits[-1].sort
            left = None if left is None else left - len(hits)
    finally:
        reach.close_point(point)


def _hits(answer: Json) -> list[Hit]:
    found = answer["hits"]["hits"]
    return [Hit(hit["_index"], hit["_id"], hit.get("_source") or {}, hit.get("sort") or []) for hit in found]


def buckets(reach: Reach, name: str, query: Json, sources: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Every distinct combination of values that these fields have in the documents that fit, as {name: value}, ordered
    by the values. Documents without a value in one of the fields do not count."""
    composite: Json = {
        "size": _BUCKETS,
        "sources": [{key: {"terms": {"field": field}}} for key, field in sources.items()],
    }
    while True:
        body = {"size": 0, "query": query, "aggs": {"all": {"composite": composite}}, "track_total_hits": False}
        found = reach.search(name, body)["aggregations"]["all"]
        yield from (bucket["key"] for bucket in found["buckets"])
        if "after_key" not in found or len(found["buckets"]) < _BUCKETS:
            return
        composite["after"] = found["after_key"]
