"""Removing articles for good. Of a forgotten article only its id stays, which is a hash."""

# ruff: noqa: S608 -- only names and parameter marks of our own are put into statements, never values

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence

from transforms.index import alerts, stories
from transforms.index.articles import count, unindex
from transforms.index.documents import GROUPS, slots
from transforms.index.encode import dumps, loads
from transforms.index.labels import LABELLED, stored_labels, unlabel
from transforms.index.placements import mended, next_original

_ID = re.compile(r'"id":"([^"]*)"')


def forget(db: sqlite3.Connection, ids: Sequence[str]) -> int:
    """Remove at most 500 articles and what stems from them; remember the ids. Returns how many visible ones went."""
    marks = slots(ids)
    db.executemany("INSERT OR IGNORE INTO forgotten (id) VALUES (?)", [(key,) for key in ids])
    rows = db.execute(f"SELECT n, live, story FROM article WHERE id IN ({marks})", ids).fetchall()
    for n, live, _ in rows:
        _remove(db, n, bool(live))
    revisions = db.execute(f"DELETE FROM revision WHERE id IN ({marks})", ids).rowcount
    count(db, "revisions", -revisions)
    gone = sum(live for _, live, _ in rows)
    count(db, "articles", -gone)
    alerts.forget_articles(db, ids)
    touched = {story for _, _, story in rows if story}
    _mend(db, set(ids), touched)
    stories.refresh(db, touched)
    for story in touched:
        if db.execute("SELECT 1 FROM article WHERE story = ?", (story,)).fetchone() is None:
            for former in (story, *stories.merged(db, story)):
                if stories.living(db, former) is None:
                    alerts.forget_story(db, former)
    return int(gone)


def _remove(db: sqlite3.Connection, n: int, live: bool) -> None:
    if live:
        title, body = db.execute("SELECT title, body FROM text WHERE n = ?", (n,)).fetchone()
        unindex(db, n, title, body)
    unlabel(db, n, {one for group in LABELLED for one in stored_labels(db, group, n)})
    for table in ("text", "article", *GROUPS.values()):
        db.execute(f"DELETE FROM {table} WHERE n = ?", (n,))


def _mend(db: sqlite3.Connection, gone: set[str], touched: set[str]) -> None:
    """Take the forgotten out of the placements of others. Versions stay: whatever folding writes later goes above."""
    originals: dict[str, str | None] = {}
    for story in touched:
        left = db.execute("SELECT id, role FROM article WHERE story = ? ORDER BY published, id", (story,)).fetchall()
        originals[story] = next_original(left)
    # Any later article may have copied a forgotten one; whom an article copies stands in its document only.
    rows = db.execute(
        "SELECT a.n, a.id, a.story, s.doc FROM story_group s JOIN article a ON a.n = s.n"
        """ WHERE instr(s.doc, '"copied_from":[{')"""
        f" UNION SELECT a.n, a.id, a.story, s.doc FROM article a JOIN story_group s ON s.n = a.n"
        f" WHERE a.story IN ({slots(list(touched))})",
        list(touched),
    )
    for n, key, story, doc in rows.fetchall():
        if story in touched or not gone.isdisjoint(_ID.findall(doc)):
            fields = loads(doc)
            placed = mended(fields["story"], key, gone, originals)
            if placed != fields["story"]:
                db.execute("UPDATE story_group SET doc = ? WHERE n = ?", (dumps({**fields, "story": placed}), n))
                db.execute("UPDATE article SET role = ? WHERE n = ?", (placed.get("role"), n))


def ids_before(db: sqlite3.Connection, published_before: int) -> list[str]:
    """Ids of the articles with `published_effective` below this, oldest first."""
    rows = db.execute("SELECT id FROM article WHERE live = 1 AND published < ? ORDER BY published", (published_before,))
    return [key for (key,) in rows]


def forgotten(db: sqlite3.Connection, after: int) -> tuple[int, list[str]]:
    """The ids forgotten since a position, and the new position."""
    rows = db.execute("SELECT position, id FROM forgotten WHERE position > ? ORDER BY position", (after,)).fetchall()
    return (rows[-1][0] if rows else after), [key for _, key in rows]
