"""Beginning a new index where the present one is old or large enough, and deleting what is past its time.

Where the server has lifecycle management it rolls over and deletes indices itself; what stems from articles that are
gone (former texts, stories, alerts) is removed here in any case. Indices go whole: an article goes with the index it is
in, when all in that index was first seen longer ago than `retention_s`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from transforms.elastic import keeper
from transforms.elastic.client import ElasticSpec, Server, reason
from transforms.elastic.names import SERIES, Names
from transforms.elastic.operations import Operation, done
from transforms.elastic.reach import Reach, Unexpected
from transforms.elastic.scan import scan
from transforms.elastic.version import has_lifecycle
from transforms.index.documents import parts
from transforms.records import Json, rfc3339

_SEEN = {"articles": "event.created", "health": "@timestamp"}
_WRITTEN = {"articles": "event.ingested", "health": "@timestamp"}
_QUIET_S = 600  # a pipeline may write to an index for some seconds after it was rolled over
_OLDEST: list[Json] = [{"@timestamp": "asc"}, {"event.dataset": "asc"}]
_STORIES: list[Json] = [{"news.latest": "asc"}, {"event.id": "asc"}]


def roll(server: Server, spec: ElasticSpec | None = None, dry_run: bool = False) -> list[str]:
    """Returns what was done (with `dry_run`: what would be), in words. Raises as `setup` does."""
    spec = spec or server.spec
    changes: list[str] = []
    ours = not has_lifecycle(server)
    if ours:
        for series in SERIES:
            changes += _rolled_over(server, spec, series, dry_run)
    if spec.retention_s is not None:
        limit = int(time.time() - spec.retention_s)
        if ours:
            for series in SERIES:
                changes += _deleted(server, spec, series, limit, dry_run)
        changes += _swept(Reach(server), limit, dry_run)
    return changes


def _rolled_over(server: Server, spec: ElasticSpec, series: str, dry_run: bool) -> list[str]:
    conditions = {
        "max_age": f"{spec.rollover_age_s:.0f}s", "max_primary_shard_size": f"{spec.rollover_bytes}b", "min_docs": 1,
    }  # fmt: skip
    path = f"/{Names(spec.prefix).write(series)}/_rollover"
    told = _fine(server, "POST", path, {"conditions": conditions}, {"dry_run": "true"} if dry_run else {})
    fits = told["conditions"].items()
    would = any(met for name, met in fits if "min_docs" not in name) and all(met for name, met in fits if "min" in name)
    happens = would if dry_run else told["rolled_over"]
    return [f"index {told['new_index']} begins, after {told['old_index']}"] if happens else []


def _deleted(server: Server, spec: ElasticSpec, series: str, limit: int, dry_run: bool) -> list[str]:
    names = Names(spec.prefix)
    write = names.write(series)
    found = _fine(server, "GET", f"/{names.of(series)}/_alias")
    old = [index for index, told in found.items() if not told["aliases"].get(write, {}).get("is_write_index")]
    changes = []
    for index in sorted(old):
        _fine(server, "POST", f"/{index}/_refresh")
        newest = {name: {"max": {"field": field[series]}} for name, field in (("seen", _SEEN), ("written", _WRITTEN))}
        told = _fine(server, "POST", f"/{index}/_search", {"size": 0, "aggs": newest})["aggregations"]
        seen, written = ((told[name]["value"] or 0) / 1000 for name in ("seen", "written"))
        if seen < limit and written < time.time() - _QUIET_S:
            changes.append(f"index {index} is deleted: all in it is past retention")
            if not dry_run:
                server.call("DELETE", f"/{index}")
    return changes


def _swept(reach: Reach, limit: int, dry_run: bool) -> list[str]:
    """Former texts replaced before the limit, stories that ended before it and have no articles left, their alerts."""
    before = rfc3339(limit)
    reach.refresh(reach.articles, reach.revisions, reach.stories, reach.alerts)
    former = [hit.id for hit in scan(reach, [reach.revisions], _older("@timestamp", before), _OLDEST, fields=())]
    ended = [hit.id for hit in scan(reach, [reach.stories], _older("news.latest", before), _STORIES, fields=())]
    if dry_run:
        return [f"{len(former)} former texts are deleted"] if former else []
    done(reach, [Operation("delete", reach.revisions, key) for key in former])
    keeper.make(reach, ended)
    reach.refresh(reach.stories)
    empty = _without_story(reach, before)
    done(reach, [Operation("delete", reach.alerts, key) for key in empty])
    told = {"former texts": len(former), "alerts": len(empty)}
    return [f"{number} {what} are deleted" for what, number in told.items() if number]


def _without_story(reach: Reach, before: str | None) -> list[str]:
    """Alerts raised before the limit, of stories that are no more."""
    hits = scan(reach, [reach.alerts], _older("@timestamp", before), _OLDEST, fields=["news.story.id"])
    story_of = {hit.id: hit.source["news"]["story"]["id"] for hit in hits}
    alive = _stored(reach, story_of.values())
    return [key for key, story in story_of.items() if story not in alive]


def _stored(reach: Reach, ids: Iterable[str]) -> set[str]:
    return {key for part in parts(set(ids)) for key in reach.several(reach.stories, part)}


def _older(field: str, before: str | None) -> Json:
    return {"range": {field: {"lt": before}}}


def _fine(server: Server, method: str, path: str, body: Json | None = None, params: Json | None = None) -> Json:
    answer = server.call(method, path, body, params)
    if answer.status >= 400:
        raise Unexpected(f"{method} {path}: {answer.status} {reason(answer.body)}")
    found: Json = answer.body
    return found
