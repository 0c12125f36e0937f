"""Alerts and their outbox: an alert is created once per rule and story, with one parcel per channel."""

# ruff: noqa: S608 -- only names and parameter marks of our own are put into statements, never values

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from transforms.index import stories
from transforms.index.alert_document import DELIVERED, DUE, FAILED, begun, created_at, grown, named, without
from transforms.index.documents import parts, slots
from transforms.index.encode import dumps, integer, loads, mend, mend_text
from transforms.index.interface import Parcel
from transforms.records import Json


def raise_alert(db: sqlite3.Connection, alert: Json, channels: Sequence[str]) -> bool:
    """Create the alert with its parcels, or let the history of the one that exists grow. True if created.

    Items of forgotten articles are left out; where that leaves nothing, nothing is created.
    """
    begins = begun(alert, _forgotten(db, named(mend(alert))))
    if begins is None:
        return False
    rule, story = str(begins["rule"]), str(begins["story_id"])
    older = [*(begins.get("merged_from") or ()), *stories.merged(db, story)]
    existing = _existing(db, begins["id"], rule, story, older)
    if existing is not None:
        _grow(db, existing, begins, older)
        return False
    at = created_at(begins)
    db.execute("INSERT INTO alert VALUES (?, ?, ?, ?, 1, ?)", (begins["id"], rule, story, at, dumps(begins)))
    _mentions(db, begins)
    db.executemany(
        "INSERT OR IGNORE INTO parcel VALUES (?, ?, ?, ?, ?, 0, NULL, NULL)",
        [(begins["id"], channel, begins["id"], DUE, at) for channel in channels],
    )
    _count(db, 1)
    return True


def _existing(db: sqlite3.Connection, key: str, rule: str, story: str, older: list[str]) -> tuple[Any, ...] | None:
    """(id, live, doc) of this rule's alert: about the story, one merged into it, or the one that took it in."""
    for other in dict.fromkeys((story, *older, stories.living(db, story))):
        found = db.execute("SELECT id, live, doc FROM alert WHERE story = ? AND rule = ?", (other, rule))
        if row := found.fetchone():
            return tuple(row)
    row = db.execute("SELECT id, live, doc FROM alert WHERE id = ?", (key,)).fetchone()
    return None if row is None else tuple(row)


def _grow(db: sqlite3.Connection, existing: tuple[Any, ...], alert: Json, older: list[str]) -> None:
    key, live, doc = existing
    stored = grown(loads(doc), bool(live), alert, older)
    new = dumps(stored)
    if new != doc:
        db.execute("UPDATE alert SET story = ?, live = 1, doc = ? WHERE id = ?", (stored["story_id"], new, key))
        _mentions(db, stored)
    if not live:
        _count(db, 1)


def _forgotten(db: sqlite3.Connection, ids: Iterable[str]) -> set[str]:
    gone: set[str] = set()
    for part in parts(ids):
        gone.update(key for (key,) in db.execute(f"SELECT id FROM forgotten WHERE id IN ({slots(part)})", part))
    return gone


def _mentions(db: sqlite3.Connection, alert: Json) -> None:
    db.executemany("INSERT OR IGNORE INTO alert_article VALUES (?, ?)", [(key, alert["id"]) for key in named(alert)])


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
    doc = without(loads(row[0]), article, lambda first: _told(db, first))
    live = bool(doc["evidence"] or doc["history"])
    if not live:
        db.execute("DELETE FROM parcel WHERE alert = ?", (alert,))
        _count(db, -1)
    db.execute("UPDATE alert SET doc = ?, live = ? WHERE id = ?", (dumps(doc), live, alert))


def _told(db: sqlite3.Connection, article: str | None) -> tuple[str | None, str | None]:
    """Title and URL of an article."""
    found = db.execute("SELECT x.title, a.url FROM article a JOIN text x ON x.n = a.n WHERE a.id = ?", (article,))
    return found.fetchone() or (None, None)


def forget_story(db: sqlite3.Connection, story: str) -> None:
    """Remove the alerts of a story that has no articles left, and their parcels."""
    for key, live in db.execute("SELECT id, live FROM alert WHERE story = ?", (story,)).fetchall():
        db.execute("DELETE FROM parcel WHERE alert = ?", (key,))
        db.execute("DELETE FROM alert_article WHERE alert = ?", (key,))
        db.execute("DELETE FROM alert WHERE id = ?", (key,))
        _count(db, -int(live))
