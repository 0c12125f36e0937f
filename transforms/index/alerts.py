"""Alerts and their outbox: an alert is created once per rule and story, with one parcel per channel.

Items of `evidence` and `history` that stem from an article name it in `article_id`: by this history grows without
repeats, and what stems from a forgotten article is found.
"""

# ruff: noqa: S608 -- only names and parameter marks of our own are put into statements, never values

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from transforms.alert.inert import plain, web_address
from transforms.index import stories
from transforms.index.documents import parts, slots
from transforms.index.encode import dumps, integer, loads, mend, mend_text
from transforms.index.interface import Parcel
from transforms.records import Json, seconds

_FORGOTTEN = "the article that raised this alert is forgotten; it tells of the next one in the story"
DUE, DELIVERED, FAILED = "due", "delivered", "failed"


def alert_id(rule: str, story: str) -> str:
    """The id of the alert of this rule about this story, where the caller gives none."""
    return hashlib.sha256(f"{rule}\0{story}".encode()).hexdigest()[:32]


def raise_alert(db: sqlite3.Connection, alert: Json, channels: Sequence[str]) -> bool:
    """Create the alert with its parcels, or let the history of the one that exists grow. True if created.

    Items of forgotten articles are left out; where that leaves nothing, nothing is created.
    """
    alert = mend(alert)
    rule, story = str(alert["rule"]), str(alert["story_id"])
    alert["id"] = str(alert.get("id") or alert_id(rule, story))
    before = bool(alert.get("evidence") or alert.get("history"))
    for name in ("evidence", "history"):
        alert[name] = _allowed(db, alert.get(name) or [])
    if before and not (alert["evidence"] or alert["history"]):
        return False
    older = [*(alert.get("merged_from") or ()), *stories.merged(db, story)]
    existing = _existing(db, alert["id"], rule, story, older)
    if existing is not None:
        _grow(db, existing, alert, older)
        return False
    created = alert.get("created")
    at = created if isinstance(created, int) else seconds(created) or 0
    db.execute("INSERT INTO alert VALUES (?, ?, ?, ?, 1, ?)", (alert["id"], rule, story, integer(at), dumps(alert)))
    _mentions(db, alert)
    db.executemany(
        "INSERT OR IGNORE INTO parcel VALUES (?, ?, ?, ?, ?, 0, NULL, NULL)",
        [(alert["id"], channel, alert["id"], DUE, integer(at)) for channel in channels],
    )
    _count(db, 1)
    return True


def _existing(db: sqlite3.Connection, key: str, rule: str, story: str, older: list[str]) -> tuple[Any, ...] | None:
    """(id, story, live, doc) of this rule's alert: about the story, one merged into it, or the one that took it in."""
    for other in dict.fromkeys((story, *older, stories.living(db, story))):
        found = db.execute("SELECT id, story, live, doc FROM alert WHERE story = ? AND rule = ?", (other, rule))
        if row := found.fetchone():
            return tuple(row)
    row = db.execute("SELECT id, story, live, doc FROM alert WHERE id = ?", (key,)).fetchone()
    return None if row is None else tuple(row)


def _grow(db: sqlite3.Connection, existing: tuple[Any, ...], alert: Json, older: list[str]) -> None:
    key, story, live, doc = existing
    stored: Json = loads(doc)
    if not live:  # all that it told of was forgotten: it tells of the new article now, and stays delivered
        stored = {**alert, "id": key, "created": stored.get("created"), "story_id": story, "history": []}
    known = {item.get("article_id") for item in stored["history"]}
    stored["history"] += [item for item in alert["history"] if item.get("article_id") not in known]
    merged = set(stored.get("merged_from") or ()) | set(alert.get("merged_from") or ())
    if story in older:  # the story lives on under another id; so does its alert
        merged.add(story)
        stored["story_id"] = story = alert["story_id"]
    stored["merged_from"] = sorted(merged - {story})
    new = dumps(stored)
    if new != doc:
        db.execute("UPDATE alert SET story = ?, live = 1, doc = ? WHERE id = ?", (story, new, key))
        _mentions(db, stored)
    if not live:
        _count(db, 1)


def _allowed(db: sqlite3.Connection, items: Iterable[Json]) -> list[Json]:
    kept = list(items)
    ids = {item["article_id"] for item in kept if item.get("article_id")}
    gone: set[str] = set()
    for part in parts(ids):
        gone.update(key for (key,) in db.execute(f"SELECT id FROM forgotten WHERE id IN ({slots(part)})", part))
    return [item for item in kept if item.get("article_id") not in gone]


def _mentions(db: sqlite3.Connection, alert: Json) -> None:
    mentioned = {item.get("article_id") for item in (*alert["evidence"], *alert["history"])} - {None}
    db.executemany("INSERT OR IGNORE INTO alert_article VALUES (?, ?)", [(key, alert["id"]) for key in mentioned])


def _count(db: sqlite3.Connection, more: int) -> None:
    db.execute("UPDATE counter SET value = value + ? WHERE name = 'alerts'", (more,))


def read(db: sqlite3.Connection, since: int | None, limit: int | None) -> list[Json]:
    """Alert documents, newest first, each with `deliveries` [{channel, state, attempts, reason}]."""
    rows = db.execute(
        "SELECT id, doc FROM alert WHERE live AND created >= ? ORDER BY created DESC, id LIMIT ?",
        (integer(since) or 0, -1 if limit is None else max(0, limit)),
    ).fetchall()
    return [{**loads(doc), "deliveries": _deliveries(db, key)} for key, doc in rows]


def _deliveries(db: sqlite3.Connection, key: str) -> list[Json]:
    rows = db.execute("SELECT channel, state, attempts, reason FROM parcel WHERE alert = ? ORDER BY channel", (key,))
    return [dict(zip(("channel", "state", "attempts", "reason"), row, strict=True)) for row in rows]


def parcels(db: sqlite3.Connection, now: int, limit: int) -> list[Parcel]:
    """Parcels due at `now`, oldest first."""
    rows = db.execute(
        "SELECT p.key, p.channel, a.doc, p.attempts FROM parcel p JOIN alert a ON a.id = p.alert"
        " WHERE p.state = 'due' AND p.due <= ? ORDER BY p.due, p.rowid LIMIT ?",
        (now, limit),
    )
    return [Parcel(key, channel, loads(doc), attempts) for key, channel, doc, attempts in rows]


def delivered(db: sqlite3.Connection, key: str, channel: str, at: int) -> None:
    """The channel took the parcel."""
    db.execute(
        "UPDATE parcel SET state = ?, delivered = ?, due = NULL, attempts = attempts + 1, reason = NULL"
        " WHERE key = ? AND channel = ? AND state != ?",
        (DELIVERED, at, key, channel, DELIVERED),
    )


def undelivered(db: sqlite3.Connection, key: str, channel: str, reason: str, retry_at: int | None) -> None:
    """The channel did not take it."""
    db.execute(
        "UPDATE parcel SET state = ?, due = ?, attempts = attempts + 1, reason = ? WHERE key = ? AND channel = ?"
        " AND state != ?",
        (FAILED if retry_at is None else DUE, retry_at, mend_text(reason), key, channel, DELIVERED),
    )


def forget_articles(db: sqlite3.Connection, ids: Iterable[str]) -> None:
    """Take what alerts hold of these articles out of them; parcels of an alert that has nothing left go.

    An alert with nothing left stays as a bare, hidden trace, so that its story does not alert a second time.
    """
    for key in ids:
        for (alert,) in db.execute("SELECT alert FROM alert_article WHERE article = ?", (key,)).fetchall():
            _forget(db, alert, key)
        db.execute("DELETE FROM alert_article WHERE article = ?", (key,))


def _forget(db: sqlite3.Connection, alert: str, article: str) -> None:
    row = db.execute("SELECT doc, live FROM alert WHERE id = ?", (alert,)).fetchone()
    if row is None or not row[1]:
        return
    doc: Json = loads(row[0])
    told = [item.get("article_id") for item in (*doc["history"], *doc["evidence"])][:1] == [article]
    for name in ("evidence", "history"):
        doc[name] = [item for item in doc[name] if item.get("article_id") != article]
    live = bool(doc["evidence"] or doc["history"])
    if not live:
        doc = {name: doc.get(name) for name in ("id", "rule", "story_id", "created", "severity")}
        doc |= {"evidence": [], "history": []}
        db.execute("DELETE FROM parcel WHERE alert = ?", (alert,))
        _count(db, -1)
    elif told:
        doc |= _retold(db, doc)
    db.execute("UPDATE alert SET doc = ?, live = ? WHERE id = ?", (dumps(doc), live, alert))


def _retold(db: sqlite3.Connection, doc: Json) -> Json:
    """What an alert tells in words, of the article that is now the first in its history."""
    first = next((item.get("article_id") for item in (*doc["history"], *doc["evidence"])), None)
    found = db.execute("SELECT x.title, a.url FROM article a JOIN text x ON x.n = a.n WHERE a.id = ?", (first,))
    title, url = found.fetchone() or (None, None)
    return {"title": plain(title), "url": web_address(url), "reason": _FORGOTTEN}


def forget_story(db: sqlite3.Connection, story: str) -> None:
    """Remove the alerts of a story that has no articles left, and their parcels."""
    for key, live in db.execute("SELECT id, live FROM alert WHERE story = ?", (story,)).fetchall():
        db.execute("DELETE FROM parcel WHERE alert = ?", (key,))
        db.execute("DELETE FROM alert_article WHERE alert = ?", (key,))
        db.execute("DELETE FROM alert WHERE id = ?", (key,))
        _count(db, -int(live))
