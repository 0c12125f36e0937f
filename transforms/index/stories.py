"""Stories: one narrow row each, kept in step with its members; the document is derived from them when it is read.

Deriving at reading costs a few milliseconds for the stories that are shown; deriving at each write would read every
member of a long story again for each new repost.
"""

# ruff: noqa: S608 -- only names and parameter marks of our own are put into statements, never values

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable
from typing import Any

from transforms.index.documents import number, parts, read, slots
from transforms.index.encode import mend_text
from transforms.records import Json, rfc3339

_TOP_ENTITIES = 20
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
    return {**_document(db, story, members), "members": members}


def document(db: sqlite3.Connection, story: str) -> Json:
    """The document of a story that has articles."""
    return _document(db, story, _members(db, story))


def _members(db: sqlite3.Connection, story: str) -> list[Json]:
    """Oldest first."""
    rows = db.execute("SELECT n FROM article WHERE live = 1 AND story = ? ORDER BY published, id", (story,))
    return read(db, [n for (n,) in rows], body=False)


def _document(db: sqlite3.Connection, story: str, members: list[Json]) -> Json:
    times = db.execute("SELECT first_published, latest FROM story WHERE id = ?", (story,)).fetchone()
    original = next((member for member in members if member["story"].get("role") == "original"), None)
    topics = Counter(topic["id"] for member in members for topic in member["topics"])
    return {
        "id": story,
        "merged_from": merged(db, story),
        "original_id": original["id"] if original else None,
        "original_source": (original or members[0])["source"],
        "title": (original or members[0])["title"],
        "languages": _distinct(member["language"] for member in members),
        "members": len(members),
        "reposts": sum(member["story"].get("role") == "repost" for member in members),
        "sources": _sources(members),
        "agencies": _distinct(agency for member in members for agency in member["wire"].get("agencies") or ()),
        "topics": [{"id": key, "count": number} for key, number in _by_count(topics)],
        "entities": _entities(members),
        "first_published": rfc3339(times[0]),
        "latest": rfc3339(times[1]),
    }


def _distinct(values: Iterable[Any]) -> list[Any]:
    return [value for value in dict.fromkeys(values) if value is not None]


def _by_count(counter: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counter.items(), key=lambda item: (-item[1], item[0]))


def _sources(members: list[Json]) -> list[Json]:
    every = (source for member in members for source in (member["source"], *member["sources"]) if source)
    first: dict[str, Json] = {}
    for source in every:
        first.setdefault(source.get("id"), source)
    return list(first.values())


def _entities(members: list[Json]) -> list[Json]:
    """The entities that most members mention, with the number of those."""
    named: dict[str, Json] = {}
    mentions: Counter[str] = Counter()
    for member in members:
        for entity in member["entities"]:
            named.setdefault(entity["id"], entity)
        mentions.update({entity["id"] for entity in member["entities"]})
    return [
        {"id": key, "name": named[key].get("name"), "type": named[key].get("type"), "count": number}
        for key, number in _by_count(mentions)[:_TOP_ENTITIES]
    ]
