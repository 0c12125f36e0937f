"""Every repost with its original, read page by page: the repost graph is made of these (`transforms.index.reposts`)."""

from __future__ import annotations

from collections.abc import Iterator

from transforms.elastic.document import article_document
from transforms.elastic.homes import Homes
from transforms.elastic.reach import Reach
from transforms.elastic.scan import scan
from transforms.elastic.search import LIVE
from transforms.index.documents import parts
from transforms.index.reposts import NEEDED, Pair
from transforms.records import Json, rfc3339

_AT_ONCE = 1000
_BY_ORIGINAL: list[Json] = [{"news.story.original_id": "asc"}, {"news.id": "asc"}]
_FIELDS = [*(f"news.{name}" for name in NEEDED if name not in ("url", "wire")), "news.wire.agencies", "url.full"]


def pairs(reach: Reach, homes: Homes, since: int | None) -> Iterator[Pair]:
    """Every repost published since then (seconds UTC), with the original of its story. Of originals those of one page
    are in memory."""
    reach.refresh(reach.articles)
    filters = [LIVE, {"term": {"news.story.role": "repost"}}]
    filters += [] if since is None else [{"range": {"@timestamp": {"gte": rfc3339(since)}}}]
    hits = scan(reach, [reach.articles], {"bool": {"filter": filters}}, _BY_ORIGINAL, fields=_FIELDS)
    for part in parts(hits, _AT_ONCE):
        reposts = [article_document(hit.source) for hit in part]
        wanted = {one["story"]["original_id"] for one in reposts if one["story"]["original_id"]}
        stored = homes.read(wanted, [*_FIELDS, "news.live"])
        originals = {key: article_document(one.source) for key, one in stored.items() if one.source["news"]["live"]}
        yield from ((one, originals[name]) for one in reposts if (name := one["story"]["original_id"]) in originals)
