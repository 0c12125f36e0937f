"""The log of people's judgements: entries that are added and never changed, numbered from 1 in the order they came."""

from __future__ import annotations

import sqlite3

from transforms.index.encode import dumps, loads
from transforms.records import Json


def judge(db: sqlite3.Connection, entry: Json) -> Json:
    """Add an entry; returns it with its `number`."""
    number = db.execute("INSERT INTO judgement (doc) VALUES (?)", (dumps(entry),)).lastrowid
    return {**entry, "number": number}


def judgements(db: sqlite3.Connection, after: int) -> tuple[int, list[Json]]:
    """The entries behind a position, in order, and the new position."""
    rows = db.execute("SELECT number, doc FROM judgement WHERE number > ? ORDER BY number", (after,)).fetchall()
    return (rows[-1][0] if rows else after), [{**loads(doc), "number": number} for number, doc in rows]


def restore(db: sqlite3.Connection, kept: list[Json]) -> None:
    """After a restore: what was judged since the backup holds again. What the backup has under a number stays."""
    rows = [(entry["number"], dumps({key: entry[key] for key in entry if key != "number"})) for entry in kept]
    db.executemany("INSERT OR IGNORE INTO judgement (number, doc) VALUES (?, ?)", rows)
