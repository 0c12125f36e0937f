"""What a probe asks: each thing once, with no wait, no refresh and no write. Raises Lost where the server is away."""

from __future__ import annotations

from collections.abc import Collection

from transforms.elastic.client import Answer, Lost, Server, reason
from transforms.elastic.feeds import progress_of
from transforms.elastic.reach import Reach
from transforms.records import Json

_MOST_FEEDS = 10_000  # what one answer may hold


def newest_reports(server: Server, count: int) -> list[Json] | None:
    """The last health documents of pipelines, oldest first; None where the index was never set up."""
    hits = _found(server, Reach(server).health, {
        "size": count,
        "query": {"term": {"event.dataset": "news.pipeline"}},
        "sort": [{"@timestamp": "desc"}],
    })  # fmt: skip
    return None if hits is None else [hit["_source"] for hit in reversed(hits)]


def feeds(server: Server, readers: Collection[str] | None) -> dict[str, Json]:
    """Progress of these feeds (None: of all; of ten thousand at most), as `transforms.elastic.feeds.read` tells it."""
    hits = _found(server, Reach(server).feeds, {"size": _MOST_FEEDS, "query": {"match_all": {}}}) or []
    told = progress_of(hit["_source"] for hit in hits)
    return {reader: feed for reader, feed in told.items() if readers is None or reader in readers}


def _found(server: Server, names: str, body: Json) -> list[Json] | None:
    answer: Answer = server.attempt("POST", f"/{names}/_search", body)
    if answer.status == 404:
        return None
    if answer.status >= 400:
        raise Lost(f"it refused a search: {reason(answer.body)}", refused=True)
    hits: list[Json] = answer.body["hits"]["hits"]
    return hits
