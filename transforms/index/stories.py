"""Stories: one narrow row each, kept in step with its members; the document is derived from them when it is read.

Deriving at reading costs a few milliseconds for the stories that are shown; deriving at each write would read every
member of a long story again for each new repost.
"""

# ruff: noqa: S608 -- only names and parameter marks of our own are put into statements, never values

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from transforms.index.documents import number, parts, read, slots
from transforms.index.encode import mend_text
from transforms.index.story_document import story_document
from transforms.records import Json

# UNION (not UNION ALL) ends where merges run in a circle.
_INTO = """WITH RECURSIVE chain(id) AS (
    VALUES (?) UNION SELECT alias.story FROM alias JOIN chain ON alias.id = chain.id)
    SELECT chain.id FROM chain JOIN story ON story.id = chain.id LIMIT 1"""
_MERGED = """WITH RECURSIVE chain(id) AS (
    VALUES (?) UNION SELECT alias.id FROM alias JOIN chain ON alias.story = chain.id)
    SELECT id FROM chain WHERE id != ? ORDER BY id"""


def refresh(db: sqlite3.Connection, touched: Iterable[str]) -> None:
    """Bring the rows of these stories, and the counters, in step with the visible articles."""
    wanted = list(touched)
    reposts = stories = 0
    for part in parts(wanted):
        marks = slots(part)
        stored = db.execute(f"SELECT id, members, reposts FROM story WHERE id IN ({marks})", part).fetchall()
        now = db.execute(
            "SELECT story, count(*), total(role = 'repost'), min(published), max(published) FROM article"
            f" WHERE live = 1 AND story IN ({marks}) GROUP BY story", part,
        ).fetchall()  # fmt: skip
        alive = {row[0] for row in now}
        db.executemany("INSERT OR REPLACE INTO story VALUES (?, ?, ?, ?, ?)", now)
        db.executemany("DELETE FROM story WHERE id = ?", [(row[0],) for row in stored if row[0] not in alive])
        stories += len(now) - len(stored)
        reposts += int(sum(row[2] for row in now)) - sum(row[2] for row in stored)
    for name, more in (("stories", stories), ("reposts", reposts)):
        if more:
            db.execute("UPDATE counter SET value = value + ? WHERE name = ?", (more, name))


def living(db: sqlite3.Connection, story: str) -> str | None:
    """This story's id if it has articles, else that of the story it was merged into."""
    row = db.execute(_INTO, (mend_text(story),)).fetchone()
    return None if row is None else str(row[0])


def merged(db: sqlite3.Connection, story: str) -> list[str]:
    """Ids of all the stories that were merged into this one, at first hand or not."""
    return [key for (key,) in db.execute(_MERGED, (story, story))]


def find(db: sqlite3.Connection, key: str) -> Json | None:
    """The story with this id, or that of the article with this id or URL; `members` are its articles without bodies."""
    story = living(db, key)
    if story is None and (n := number(db, key)) is not None:
        story = db.execute("SELECT story FROM article WHERE n = ?", (n,)).fetchone()[0]
    if story is None:
        return None
    members = _members(db, story)
    return {**story_document(story, members, merged(db, story)), "members": members}


def document(db: sqlite3.Connection, story: str) -> Json:
    """The document of a story that has articles."""
    return story_document(story, _members(db, story), merged(db, story))


def _members(db: sqlite3.Connection, story: str) -> list[Json]:
    """Oldest first."""
    rows = db.execute("SELECT n FROM article WHERE live = 1 AND story = ? ORDER BY published, id", (story,))
    return read(db, [n for (n,) in rows], body=False)
