"""Stories, derived from their articles when they are read, as the embedded index does. The documents in the index of
stories are for Kibana and others; `keeper` makes them.

What was merged into what stands in the placements of articles (`merged_from`), and in the story documents made from
them, which keep it where those articles are forgotten. It is asked for step by step, as a story may have been merged
into one that was merged itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from transforms.elastic import search
from transforms.elastic.document import article_document
from transforms.elastic.reach import Reach
from transforms.elastic.scan import buckets, scan
from transforms.elastic.search import LIVE, terms
from transforms.index.documents import parts
from transforms.index.encode import mend_text
from transforms.index.interface import Query
from transforms.index.story_document import story_document
from transforms.records import Json

STORY, MERGED = "news.story.id", "news.story.merged_from"
_MOST = 65_000  # stories of one answer: how many buckets a server gives
_AT_ONCE, _READ_AT_ONCE = 10_000, 200  # ids that one question names
# What a story's document is made from.
_TOLD = [
    *(f"news.{name}" for name in ("id", "title", "language", "source", "sources", "country_pairs", "wire.agencies")),
    *(f"news.{name}" for name in ("story.id", "story.role", "topics.id", "published_effective", "first_seen")),
    *(f"news.entities.{name}" for name in ("id", "name", "type")),
]
_OLDEST: list[Json] = [{STORY: "asc"}, {"@timestamp": "asc"}, {"news.id": "asc"}]


@dataclass(frozen=True, slots=True)
class Told:
    """A story: its document, the documents of its articles without bodies, oldest first, and these as stored."""

    document: Json
    members: list[Json]
    sources: list[Json]


def stories(reach: Reach, query: Query) -> list[Json]:
    """Story documents, newest first, of the stories that have an article which the query fits."""
    limit = min(search.limit_of(query), _MOST)
    if not limit:
        return []
    reach.refresh(reach.articles, reach.stories)
    if query == Query(limit=query.limit):
        newest = _newest(reach, [LIVE], limit)
    else:
        wanted = search.narrowed(reach, query, search.parsed_text(query))
        fitting = _ids(reach, wanted) if wanted is not None else iter(())
        newest = [one for part in parts(fitting, _AT_ONCE) for one in _newest(reach, [LIVE, terms(STORY, part)], limit)]
    found = read(reach, [key for _, key in sorted(newest)[:limit]])
    return [one.document for one in found.values()]


def story(reach: Reach, key: str) -> Json | None:
    """The story with this id, or one merged into it, or that of the article with this id or URL; `members` are its
    articles without bodies, oldest first."""
    reach.refresh(reach.articles, reach.stories)
    key = mend_text(key)
    found = living(reach, key)
    if found is None:
        article = search.find(reach, key)
        found = (article["news"].get("story") or {}).get("id") if article else None
    if found is None:
        return None
    told = read(reach, [found], whole=True).get(found)
    return None if told is None else {**told.document, "members": told.members}


def read(reach: Reach, ids: Iterable[str], whole: bool = False) -> dict[str, Told]:
    """Each of these stories that has articles, by id, in this order; of the articles, unless `whole`, only what its
    document is made from."""
    found: dict[str, Told] = {}
    for part in parts(ids, _READ_AT_ONCE):
        merges, articles = merged(reach, part), _members(reach, part, whole)
        for key in part:
            if sources := articles.get(key):
                members = [article_document(source) for source in sources]
                for member in members:
                    member.pop("body", None)
                found[key] = Told(story_document(key, members, merges[key]), members, sources)
    return found


def _members(reach: Reach, ids: Iterable[str], whole: bool) -> dict[str, list[Json]]:
    """The stored articles of each of these stories that has any, oldest first, without bodies."""
    found: dict[str, list[Json]] = {}
    wanted = {"bool": {"filter": [LIVE, terms(STORY, ids)]}}
    for hit in scan(reach, [reach.articles], wanted, _OLDEST, fields=None if whole else _TOLD, without=["news.body"]):
        found.setdefault(hit.source["news"]["story"]["id"], []).append(hit.source)
    return found


def living(reach: Reach, key: str) -> str | None:
    """This story's id if it has articles, else that of the story it was merged into."""
    seen: set[str] = set()
    frontier = [key]
    while frontier:
        alive = set(_ids(reach, {"bool": {"filter": [LIVE, terms(STORY, frontier)]}}))
        if found := next((one for one in frontier if one in alive), None):
            return found
        seen.update(frontier)
        frontier = sorted({into for into, _ in _merges(reach, MERGED, frontier)} - seen)
    return None


def merged(reach: Reach, ids: Iterable[str]) -> dict[str, list[str]]:
    """Of each of these stories the ids of all that were merged into it, at first hand or not."""
    wanted = list(ids)
    edges: dict[str, set[str]] = {}
    frontier = set(wanted)
    while frontier:
        edges.update((key, set()) for key in frontier)
        for into, key in _merges(reach, STORY, sorted(frontier)):
            edges[into].add(key)
        frontier = set().union(*(edges[key] for key in frontier)) - edges.keys()
    return {key: _reached(edges, key) for key in wanted}


def _reached(edges: Mapping[str, set[str]], start: str) -> list[str]:
    seen: set[str] = set()
    todo = [start]
    while todo:
        more = edges[todo.pop()] - seen
        seen |= more
        todo += more
    return sorted(seen - {start})


def count(reach: Reach) -> int:
    """How many stories have articles, exactly: counted in parts, each of which a server takes."""
    about = {"cardinality": {"field": STORY, "precision_threshold": 40_000}}
    answer = reach.search(reach.articles, {"size": 0, "query": LIVE, "aggs": {"about": about}})
    several = 1 + answer["aggregations"]["about"]["value"] // (_MOST // 2)
    total = 0
    for part in range(several):
        every = {"field": STORY, "size": _MOST, "include": {"partition": part, "num_partitions": several}}
        number = {"stats_bucket": {"buckets_path": "every>_count"}}
        aggs: Json = {"every": {"terms": every}, "number": number}
        body = {"size": 0, "query": LIVE, "aggs": aggs}
        answer = reach.search(reach.articles, body, filter_path="aggregations.number.count")
        total += answer["aggregations"]["number"]["count"]
    return total


def _newest(reach: Reach, filters: list[Json], limit: int) -> list[tuple[float, str]]:
    """The stories of these articles whose latest is the newest, at most `limit`, each with what sorts it."""
    order = [{"latest": "desc"}, {"_key": "asc"}]
    every: Json = {
        "terms": {"field": STORY, "size": limit, "order": order},
        "aggs": {"latest": {"max": {"field": "@timestamp"}}},
    }
    body = {"size": 0, "query": {"bool": {"filter": filters}}, "aggs": {"every": every}}
    found = reach.search(reach.articles, body)["aggregations"]["every"]["buckets"]
    return [(-bucket["latest"]["value"], bucket["key"]) for bucket in found]


def _ids(reach: Reach, query: Json) -> Iterator[str]:
    """The stories of the articles that a query fits."""
    return (key["story"] for key in buckets(reach, reach.articles, query, {"story": STORY}))


def _merges(reach: Reach, field: str, values: Iterable[str]) -> Iterator[tuple[str, str]]:
    """(into, merged) of the placements in which `field` has one of these values."""
    wanted = set(values)
    for part in parts(wanted, _AT_ONCE):
        both = f"{reach.articles},{reach.stories}"
        pairs = buckets(reach, both, terms(field, part), {"into": STORY, "merged": MERGED})
        yield from ((key["into"], key["merged"]) for key in pairs if key["merged"] in wanted or field == STORY)
