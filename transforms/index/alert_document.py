"""How the document of an alert begins, grows and forgets: the same whatever store it stands in.

Items of `evidence` and `history` that stem from an article name it in `article_id`: by this history grows without
repeats, and what stems from a forgotten article is found.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from typing import Any

from transforms.alert.inert import plain, web_address
from transforms.index.encode import integer, mend
from transforms.records import Json, seconds

_FORGOTTEN = "the article that raised this alert is forgotten; it tells of the next one in the story"
_TOLD = ("evidence", "history")
DUE, DELIVERED, FAILED = "due", "delivered", "failed"


def alert_id(rule: str, story: str) -> str:
    """The id of the alert of this rule about this story, where the caller gives none."""
    return hashlib.sha256(f"{rule}\0{story}".encode()).hexdigest()[:32]


def named(alert: Json) -> set[str]:
    """Ids of the articles that an alert tells of."""
    return {item["article_id"] for name in _TOLD for item in alert.get(name) or () if item.get("article_id")}


def begun(alert: Json, gone: Collection[str]) -> Json | None:
    """The alert as it can be stored: mended, with an id, without items of the articles in `gone`. None where that
    leaves nothing of what it had."""
    alert = mend(alert)
    alert["id"] = str(alert.get("id") or alert_id(str(alert["rule"]), str(alert["story_id"])))
    before = any(alert.get(name) for name in _TOLD)
    for name in _TOLD:
        alert[name] = [item for item in alert.get(name) or () if item.get("article_id") not in gone]
    return None if before and not any(alert[name] for name in _TOLD) else alert


def created_at(alert: Json) -> int:
    """When it was created, in seconds UTC, as far as a store's integers reach; 0 where it does not tell."""
    created: Any = alert.get("created")
    return integer(created if isinstance(created, int) else seconds(created) or 0) or 0


def grown(stored: Json, live: bool, alert: Json, older: Collection[str]) -> Json:
    """The stored alert with what `alert` (as `begun` gives it) has to add: history of articles that it does not name
    yet, and stories merged. `older` are the stories merged into that of `alert`; not `live`: all that `stored` told of
    was forgotten, so that it tells of the new article now, and stays delivered."""
    if live:
        new = {**stored, "history": list(stored["history"])}
    else:
        kept = {name: stored.get(name) for name in ("id", "created", "story_id")}
        new = {**alert, **kept, "history": []}
    known = {item.get("article_id") for item in new["history"]}
    new["history"] += [item for item in alert["history"] if item.get("article_id") not in known]
    merged = set(new.get("merged_from") or ()) | set(alert.get("merged_from") or ())
    if new["story_id"] in older:  # the story lives on under another id; so does its alert
        merged.add(new["story_id"])
        new["story_id"] = alert["story_id"]
    return {**new, "merged_from": sorted(merged - {new["story_id"]})}


def without(stored: Json, article: str, tell: Callable[[str | None], tuple[str | None, str | None]]) -> Json:
    """The stored alert without what it holds of a forgotten article. One that has nothing left keeps no words, only
    what marks its story as alerted. `tell` gives title and URL of the article that it tells of next."""
    new = {**stored, **{name: _others(stored[name], article) for name in _TOLD}}
    if not (new["evidence"] or new["history"]):
        bare = {name: stored.get(name) for name in ("id", "rule", "story_id", "created", "severity")}
        return {**bare, "evidence": [], "history": []}
    if _first(stored) == article:
        title, url = tell(_first(new))
        new |= {"title": plain(title), "url": web_address(url), "reason": _FORGOTTEN}
    return new


def _others(items: list[Json], article: str) -> list[Json]:
    return [item for item in items if item.get("article_id") != article]


def _first(alert: Json) -> str | None:
    return next((item.get("article_id") for item in (*alert["history"], *alert["evidence"])), None)
