"""Article documents: put together from their field groups, with every field of the contract present."""

# ruff: noqa: S608 -- only names and parameter marks of our own are put into statements, never values

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from transforms.index.encode import dumps, loads, mend_text
from transforms.index.interface import Tagged
from transforms.records import Json, Version

T = TypeVar("T")
# Each field group and its table. `sources` is apart from `content`: it grows without the text.
GROUPS = {"content": "content", "tags": "tags", "sources": "sources", "story": "story_group", "verdict": "verdict"}
INTERNAL = ("texts",)  # content fields that folding needs and nobody else sees

# In this order: id, title, body, then one JSON text per group, null where nobody has written it yet.
FIELDS = "a.id, x.title, x.body, c.doc, t.doc, o.doc, s.doc, v.doc"
FIELDS_WITHOUT_BODY = "a.id, x.title, NULL, c.doc, t.doc, o.doc, s.doc, v.doc"
# An article without content (its placement came first) has no row here: it is hidden.
TABLES = """article a JOIN content c ON c.n = a.n JOIN text x ON x.n = a.n LEFT JOIN tags t ON t.n = a.n
    LEFT JOIN sources o ON o.n = a.n LEFT JOIN story_group s ON s.n = a.n LEFT JOIN verdict v ON v.n = a.n"""


def empty(key: str) -> Json:
    """An article document of which only the id is known: every field of the contract, with what stands for none."""
    return {
        "id": key, "url": None, "guid": None, "title": "", "body": "", "language": None, "author": None,
        "source": None, "sources": [], "published": None, "published_effective": None, "first_seen": None,
        "revision": 0, "method": None, "wire": {"agencies": [], "evidence": []}, "entities": [], "topics": [],
        "tagged_by": {}, "story": None, "verdict": None, "fingerprint": None, "extra": {},
    }  # fmt: skip


def assemble(row: Sequence[Any], internal: bool = False) -> Json:
    """The document of one row of `FIELDS`, without `body` where the row has none; `internal` keeps internal fields."""
    key, title, body, *groups = row
    document = empty(key)
    for group in groups:
        if group is not None:
            document.update(loads(group))
    document["id"], document["title"] = key, title
    if body is None:
        del document["body"]
    else:
        document["body"] = body
    if not internal:
        for name in INTERNAL:
            document.pop(name, None)
    return document


def read(db: sqlite3.Connection, numbers: Iterable[int], body: bool = True) -> list[Json]:
    """The documents with these row numbers, in this order."""
    fields = FIELDS if body else FIELDS_WITHOUT_BODY
    wanted = list(numbers)
    found: dict[int, Json] = {}
    for part in parts(wanted):
        for row in db.execute(f"SELECT a.n, {fields} FROM {TABLES} WHERE a.n IN ({slots(part)})", part):
            found[row[0]] = assemble(row[1:])
    return [found[n] for n in wanted if n in found]


def find(db: sqlite3.Connection, key: str) -> Json | None:
    """The article with this id or URL."""
    row = number(db, key)
    found = read(db, [row]) if row is not None else []
    return found[0] if found else None


def by_ids(db: sqlite3.Connection, ids: Iterable[str]) -> list[Json]:
    """The visible articles with these ids."""
    found: list[Json] = []
    for part in parts(ids):
        rows = db.execute(f"SELECT {FIELDS} FROM {TABLES} WHERE a.live = 1 AND a.id IN ({slots(part)})", part)
        found += [assemble(row) for row in rows]
    return found


def known(db: sqlite3.Connection, ids: Iterable[str]) -> set[str]:
    """Which of these ids are visible articles."""
    found: set[str] = set()
    for part in parts(ids):
        found.update(key for (key,) in db.execute(f"SELECT id FROM article WHERE live AND id IN ({slots(part)})", part))
    return found


def number(db: sqlite3.Connection, key: str) -> int | None:
    """The row number of the visible article with this id or URL."""
    key = mend_text(key)
    row = db.execute("SELECT n FROM article WHERE id = ? AND live", (key,)).fetchone()
    row = row or db.execute("SELECT n FROM article WHERE url = ? AND live ORDER BY n", (key,)).fetchone()
    return None if row is None else int(row[0])


def export(db: sqlite3.Connection, all_revisions: bool) -> Iterator[Json]:
    """Every article ordered by id; with all revisions, former ones stand before the current one."""
    for row in db.execute(f"SELECT {FIELDS} FROM {TABLES} WHERE a.live = 1 ORDER BY a.id"):
        current = assemble(row)
        if not all_revisions:
            yield current
            continue
        former = [
            {**loads(doc), "id": row[0], "title": title, "body": body}
            for title, body, doc in db.execute(
                "SELECT title, body, doc FROM revision WHERE id = ? AND revision != ?", (row[0], current["revision"])
            )
        ]
        yield from sorted([*former, current], key=lambda document: document["revision"])


def tagged(db: sqlite3.Connection, after: tuple[int, int], limit: int) -> tuple[list[Tagged], tuple[int, int]]:
    """The next `limit` articles behind `after` (time of publication, row number), oldest first, and where they end."""
    rows = db.execute(
        f"SELECT a.published, a.n, coalesce(t.epoch, c.epoch), coalesce(t.counter, c.counter), {FIELDS} FROM {TABLES}"
        " WHERE a.live = 1 AND (a.published, a.n) > (?, ?) ORDER BY a.published, a.n LIMIT ?",
        (*after, limit),
    ).fetchall()
    found = [Tagged(assemble(row[4:]), Version(*row[2:4])) for row in rows]
    return found, rows[-1][:2] if rows else after


def former(row: Sequence[Any]) -> tuple[str, str, str]:
    """Title, body and the rest as JSON of a row of `FIELDS`, as the revision that it is about to become."""
    document = assemble(row)
    return document.pop("title"), document.pop("body"), dumps(document)


def parts(values: Iterable[T], size: int = 500) -> Iterator[list[T]]:
    """`values` in lists of at most `size`: what one statement takes on every SQLite."""
    rest = iter(values)
    while part := list(islice(rest, size)):
        yield part


def slots(values: Sequence[object]) -> str:
    """As many parameter marks as there are values."""
    return ",".join("?" * len(values))
