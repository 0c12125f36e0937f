"""Alerts and their outbox: one document an alert, which holds its deliveries, so that both begin in one request.

What happens when the process dies: before that request there is no alert, and the article that raises it is judged
again at the next start; after it all is stored. A delivery is marked after the channel took it: a process that dies in
between sends it again, with the same key. An alert of a rule about a story is created once, also by two at a time: its
id comes from the two, and a second creation is refused and becomes a growth.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence

from transforms.elastic import stories
from transforms.elastic.document import article_document
from transforms.elastic.homes import Homes
from transforms.elastic.meta import Forgotten
from transforms.elastic.reach import Kept, Reach
from transforms.elastic.scan import scan
from transforms.elastic.search import LIVE, terms
from transforms.index.alert_document import (
    DELIVERED,
    DUE,
    FAILED,
    begun,
    created_at,
    grown,
    named,
    without,
)  # fmt: skip
from transforms.index.encode import dumps, integer, mend, mend_text
from transforms.index.interface import Parcel
from transforms.records import Json, rfc3339

_NEWEST: list[Json] = [{"@timestamp": "desc"}, {"event.id": "asc"}]
_DUE: list[Json] = [{"news.due": "asc"}, {"@timestamp": "asc"}, {"event.id": "asc"}]
_SHOWN = ("channel", "state", "attempts", "reason")


def raise_alert(reach: Reach, homes: Homes, gone: Forgotten, alert: Json, channels: Sequence[str]) -> bool:
    """Create the alert with its deliveries, or let the history of the one that exists grow. True if created.

    Items of forgotten articles are left out; where that leaves nothing, nothing is created. They are looked for once
    more when all is written, as one may have been forgotten meanwhile.
    """
    tells = named(mend(alert))
    begins = begun(alert, gone.among(tells))
    if begins is None:
        return False
    created = _raise(reach, homes, begins, channels)
    if late := gone.among(named(begins)):
        forget_articles(reach, sorted(late))
    return created


def _raise(reach: Reach, homes: Homes, begins: Json, channels: Sequence[str]) -> bool:
    at = created_at(begins)
    parcels = [{"channel": one, "state": DUE, "due": at, "attempts": 0} for one in dict.fromkeys(channels)]
    while True:
        existing, older = _existing(reach, homes, begins)
        if existing is None:
            if reach.put(reach.alerts, begins["id"], document(begins, True, parcels), None):
                reach.wrote(reach.alerts)
                return True
            continue
        stored, live = _told(existing.source)
        new = grown(stored, live, begins, older)
        if live and dumps(new) == dumps(stored):
            return False
        if reach.put(reach.alerts, existing.id, document(new, True, _deliveries(existing.source)), existing):
            if new["story_id"] != stored["story_id"]:
                reach.refresh(reach.alerts)
            return False


def _existing(reach: Reach, homes: Homes, alert: Json) -> tuple[Kept | None, list[str]]:
    """This rule's alert about the story, one merged into it, or the one that took it in; and the stories merged.

    Mostly it is the one whose id says so. Any other got its story when stories merged, and is searched for; which takes
    a refresh of what was written just now, the dearest of all requests, so where nothing was merged it is not done.
    """
    rule, story = str(alert["rule"]), str(alert["story_id"])
    own = reach.get(reach.alerts, alert["id"])
    if own is not None and own.source["rule"]["id"] == rule and own.source["news"]["story"]["id"] == story:
        return own, [key for key in alert.get("merged_from") or () if key != story]
    if own is None and not alert.get("merged_from") and _unmerged(reach, homes, alert):
        return None, []
    reach.catch_up(reach.articles)
    older = [*(alert.get("merged_from") or ()), *stories.merged(reach, [story])[story]]
    wanted = list(dict.fromkeys(key for key in (story, *older, stories.living(reach, story)) if key))
    # What is about this story alone would have been found by its id, or was made visible when it was moved here.
    reach.catch_up(reach.alerts, own=len(wanted) > 1)
    query = {"bool": {"filter": [terms("rule.id", [rule]), terms("news.story.id", wanted)]}}
    found = {
        hit.source["news"]["story"]["id"]: hit.id for hit in scan(reach, [reach.alerts], query, _NEWEST, limit=100)
    }
    first = next((found[key] for key in wanted if key in found), None)
    return (own if first is None else reach.get(reach.alerts, first)), older


def _unmerged(reach: Reach, homes: Homes, alert: Json) -> bool:
    """Whether all articles that an alert tells of stand, at this moment, in the story that it is about, and neither
    they nor the story's document know of one that was merged into it."""
    tells = named(alert)
    stored = homes.read(tells, ["news.story.id", "news.story.merged_from"])
    placed = [(one.source.get("news") or {}).get("story") or {} for one in stored.values()]
    alone = all(story.get("id") == alert["story_id"] and not story.get("merged_from") for story in placed)
    if not tells or len(placed) < len(tells) or not alone:
        return False
    kept = reach.get(reach.stories, str(alert["story_id"]))
    return kept is None or not kept.source["news"]["story"].get("merged_from")


def alerts(reach: Reach, since: int | None = None, limit: int | None = None) -> list[Json]:
    """Alert documents, newest first, each with `deliveries` [{channel, state, attempts, reason}]."""
    if limit is not None and limit <= 0:
        return []
    reach.refresh(reach.alerts)
    query = {"bool": {"filter": [LIVE, {"range": {"@timestamp": {"gte": rfc3339(integer(since) or 0)}}}]}}
    found = scan(reach, [reach.alerts], query, _NEWEST, limit=limit)
    return [{**_told(hit.source)[0], "deliveries": _shown(hit.source)} for hit in found]


def _shown(source: Json) -> list[Json]:
    told = sorted(_deliveries(source), key=lambda one: str(one["channel"]))
    return [{name: one.get(name) for name in _SHOWN} for one in told]


def parcels(reach: Reach, now: int, limit: int = 20) -> list[Parcel]:
    """Parcels due at `now`, oldest first. What a search finds is read again as it stands at this moment: one that was
    delivered is not given twice."""
    reach.refresh(reach.alerts)
    query = {"range": {"news.due": {"lte": rfc3339(now)}}}
    hits = scan(reach, [reach.alerts], query, _DUE, fields=(), limit=limit)
    stored = reach.several(reach.alerts, [hit.id for hit in hits])
    due = [
        (
            one["due"],
            kept.source["@timestamp"],
            key,
            Parcel(key, one["channel"], _told(kept.source)[0], one["attempts"]),
        )
        for key, kept in stored.items()
        for one in _deliveries(kept.source)
        if one["state"] == DUE and one["due"] <= now
    ]
    return [found[-1] for found in sorted(due, key=lambda one: one[:3])[:limit]]


def delivered(reach: Reach, key: str, channel: str, at: int) -> None:
    """The channel took the parcel."""
    _mark(reach, key, channel, {"state": DELIVERED, "delivered": at, "due": None, "reason": None})


def undelivered(reach: Reach, key: str, channel: str, reason: str, retry_at: int | None) -> None:
    """The channel did not; try again at `retry_at`, or never (None)."""
    state = FAILED if retry_at is None else DUE
    _mark(reach, key, channel, {"state": state, "due": retry_at, "reason": mend_text(reason)})


def _mark(reach: Reach, key: str, channel: str, change: Json) -> None:
    """Note an attempt, unless the parcel is delivered already. One whose answer was lost may be counted twice."""

    def changed(source: Json | None) -> Json | None:
        if source is None:
            return None
        told = _deliveries(source)
        if not any(one["channel"] == channel and one["state"] != DELIVERED for one in told):
            return None
        new = [{**one, **change, "attempts": one["attempts"] + 1} if one["channel"] == channel else one for one in told]
        return document(*_told(source), new)

    reach.change(reach.alerts, key, changed)


def forget_articles(reach: Reach, ids: Iterable[str]) -> None:
    """Take what alerts hold of these articles out of them; deliveries of an alert that has nothing left go.

    An alert with nothing left stays as a bare, hidden trace, so that its story does not alert a second time. May be
    repeated.
    """
    wanted = list(ids)
    reach.refresh(reach.alerts)
    query = terms("news.articles", wanted)
    for hit in list(scan(reach, [reach.alerts], query, _NEWEST, fields=())):
        reach.change(reach.alerts, hit.id, _without(reach, wanted))


def _without(reach: Reach, ids: list[str]) -> Callable[[Json | None], Json | None]:
    def changed(source: Json | None) -> Json | None:
        if source is None or not source["news"]["live"]:
            return None
        new, _ = _told(source)
        gone = [key for key in ids if key in named(new)]
        if not gone:
            return None
        for key in gone:
            new = without(new, key, lambda first: _title_and_url(reach, first))
        live = bool(new["evidence"] or new["history"])
        return document(new, live, _deliveries(source) if live else [])

    return changed


def _title_and_url(reach: Reach, article: str | None) -> tuple[str | None, str | None]:
    query = terms("news.id", [article or ""])
    for hit in scan(reach, [reach.articles], query, [{"news.id": "asc"}], limit=1):
        told = article_document(hit.source)
        return told["title"], told["url"]
    return None, None


def forget_stories(reach: Reach, ids: Iterable[str]) -> None:
    """Remove the alerts of stories that have no articles left."""
    reach.refresh(reach.alerts)
    for hit in list(scan(reach, [reach.alerts], terms("news.story.id", ids), _NEWEST, fields=())):
        reach.drop(reach.alerts, hit.id)


def document(alert: Json, live: bool, deliveries: Sequence[Json]) -> Json:
    """The stored document of an alert: the alert whole as JSON text, and beside it what is searched."""
    at = rfc3339(created_at(alert))
    due = min((one["due"] for one in deliveries if one["state"] == DUE), default=None)
    items = [item for name in ("history", "evidence") for item in alert.get(name) or ()]
    return {
        "@timestamp": at,
        "event": {
            "kind": "alert", "module": "news", "dataset": "news.alert", "id": alert["id"],
            "reason": alert.get("reason"), "created": at, "ingested": rfc3339(int(time.time())),
        },
        "rule": {"id": str(alert["rule"]), "name": alert.get("rule_name")},
        "url": {"full": alert.get("url")},
        "news": {
            "live": live, "severity": alert.get("severity"), "title": alert.get("title"),
            "story": {"id": str(alert["story_id"]), "merged_from": alert.get("merged_from") or []},
            "articles": sorted(named(alert)),
            "sources": sorted({str(item["source"]) for item in items if item.get("source")}),
            "reports": len(alert.get("history") or ()),
            "alert": dumps(alert), "due": rfc3339(due), "deliveries": list(deliveries),
        },
    }  # fmt: skip


def _told(source: Json) -> tuple[Json, bool]:
    """The alert, and whether anything is left of it."""
    return json.loads(source["news"]["alert"]), bool(source["news"]["live"])


def _deliveries(source: Json) -> list[Json]:
    return list(source["news"].get("deliveries") or ())
