"""Reading everything: the export, and what folding is seeded with. Both stream, as the index stood when they began."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby

from transforms.elastic.document import article_document
from transforms.elastic.reach import Reach
from transforms.elastic.scan import Hit, scan
from transforms.elastic.search import LIVE
from transforms.index.interface import Seed, Tagged
from transforms.records import Json, Version, rfc3339

_BY_ID: list[Json] = [{"news.id": "asc"}]
_BY_REVISION: list[Json] = [*_BY_ID, {"news.revision": "asc"}, {"event.dataset": "desc"}]
_OLDEST: list[Json] = [{"@timestamp": "asc"}, *_BY_ID]


def export(reach: Reach, all_revisions: bool = False) -> Iterator[Json]:
    """Article documents ordered by id; with all revisions, former ones stand before the current one."""
    if not all_revisions:
        reach.refresh(reach.articles)
        for hit in scan(reach, [reach.articles], LIVE, _BY_ID):
            yield article_document(hit.source)
        return
    reach.refresh(reach.articles, reach.revisions)
    # One reading of both: an article and its former texts are of the same moment.
    every = {"bool": {"should": [LIVE, {"term": {"event.dataset": "news.revision"}}], "minimum_should_match": 1}}
    hits = scan(reach, [reach.articles, reach.revisions], every, _BY_REVISION)
    for _, several in groupby(hits, key=lambda hit: hit.source["news"]["id"]):
        yield from _revisions(list(several))


def _revisions(hits: list[Hit]) -> list[Json]:
    former = [json.loads(hit.source["news"]["document"]) for hit in hits if "document" in hit.source["news"]]
    for hit in hits:
        if "document" not in hit.source["news"]:
            current = article_document(hit.source)
            others = [one for one in former if one["revision"] != current["revision"]]
            return sorted([*others, current], key=lambda document: document["revision"])
    return []  # its article is gone, or has never been whole


def seed(reach: Reach, since: int, before: int | None = None) -> Iterator[Seed]:
    """Every article with `since <= published_effective < before`, oldest first, without its body."""
    reach.refresh(reach.articles)
    for hit in scan(reach, [reach.articles], _published(since, before), _OLDEST, without=["news.body"]):
        yield seed_of(hit.source)


def tagged(reach: Reach, since: int | None = None) -> Iterator[Tagged]:
    """Every article with `published_effective >= since`, oldest first, as it stood when reading began."""
    reach.refresh(reach.articles)
    for hit in scan(reach, [reach.articles], LIVE if since is None else _published(since, None), _OLDEST):
        versions = hit.source["news"]["versions"]
        yield Tagged(article_document(hit.source), Version(*(versions.get("tags") or versions["content"])))


def _published(since: int, before: int | None) -> Json:
    bounds = {"gte": rfc3339(since)} | ({} if before is None else {"lt": rfc3339(before)})
    return {"bool": {"filter": [LIVE, {"range": {"@timestamp": bounds}}]}}


def seed_of(source: Json) -> Seed:
    """What folding needs to know of a stored article that is visible."""
    document = article_document(source, internal=True)
    document.pop("body", None)
    versions = source["news"]["versions"]
    story = versions.get("story")
    return Seed(document, Version(*versions["content"]), None if story is None else Version(*story))
