"""What is stored of each feed: when it was last asked, and how far reading it has come."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection

from transforms.index.documents import parts, slots
from transforms.index.encode import dumps, loads, mend
from transforms.records import Json

_NONE = -1  # the batch of a feed of which no poll is stored


def read(db: sqlite3.Connection, readers: Collection[str] | None = None) -> dict[str, Json]:
    """Progress of these feeds (None: of all) by reader id, with `requested_ms` (0: never asked) and `batch` (-1: no
    poll stored)."""
    asked = "SELECT reader, requested_ms, batch, progress FROM feed"
    if readers is None:
        rows = db.execute(asked).fetchall()
    else:
        marked = ((f"{asked} WHERE reader IN ({slots(part)})", part) for part in parts(readers))
        rows = [row for statement, part in marked for row in db.execute(statement, part)]
    return {
        reader: {**loads(progress), "requested_ms": requested, "batch": batch}
        for reader, requested, batch, progress in rows
    }


def mark_requested(db: sqlite3.Connection, reader: str, at_ms: int) -> None:
    """Store the time of the request that is about to be made."""
    db.execute(
        "INSERT INTO feed VALUES (?, ?, ?, '{}')"
        " ON CONFLICT (reader) DO UPDATE SET requested_ms = excluded.requested_ms",
        (reader, at_ms, _NONE),
    )


def commit_poll(db: sqlite3.Connection, reader: str, batch: int, progress: Json) -> bool:
    """Store progress if `batch` is above the stored one; a poll whose `progress["error"]` is set counts as failed."""
    text = dumps(mend(progress))
    changed = db.execute(
        "INSERT INTO feed VALUES (?, 0, ?, ?) ON CONFLICT (reader) DO UPDATE SET batch = excluded.batch,"
        " progress = excluded.progress WHERE excluded.batch > feed.batch",
        (reader, batch, text),
    ).rowcount
    if not changed:
        return False
    db.execute("UPDATE counter SET value = value + 1 WHERE name = 'polls'")
    if progress.get("error"):
        db.execute("UPDATE counter SET value = value + 1 WHERE name = 'failed_polls'")
    return True
