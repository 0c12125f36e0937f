"""Writing articles: a batch of field groups in, one outcome per write out, everything derived from them in step.

All of a batch is decided in memory against what is stored, and then written table by table. Called inside a write
transaction, so that nothing moves between reading and writing. Fields that cannot be stored as they are raise one of
`encode.UNSTORABLE`; the caller then tries again with mended ones, which is cheaper than looking at each text first.
"""

# ruff: noqa: S608 -- only names and parameter marks of our own are put into statements, never values

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from transforms.index import stories
from transforms.index.documents import FIELDS, GROUPS, TABLES, former, parts, slots
from transforms.index.encode import clean, dumps, integer
from transforms.index.interface import FORGOTTEN, SAME, STALE, WRITTEN
from transforms.index.labels import LABELLED, label, labels, stored_labels, unlabel
from transforms.index.words import columns, searchable
from transforms.records import Json, Write, seconds

_KNOWN = """SELECT a.n, a.id, a.url, a.live, a.lang, a.published, a.revision, a.story, a.role,
    c.epoch, c.counter, t.epoch, t.counter, o.epoch, o.counter, s.epoch, s.counter, v.epoch, v.counter
    FROM article a LEFT JOIN content c ON c.n = a.n LEFT JOIN tags t ON t.n = a.n
    LEFT JOIN sources o ON o.n = a.n LEFT JOIN story_group s ON s.n = a.n LEFT JOIN verdict v ON v.n = a.n
    WHERE a.id IN ({})"""
_SAVE = """INSERT INTO article VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (n) DO UPDATE SET url = excluded.url,
    live = excluded.live, lang = excluded.lang, published = excluded.published, revision = excluded.revision,
    story = excluded.story, role = excluded.role"""


@dataclass(slots=True)
class Row:
    """One article of a batch: what is stored, overlaid by what the batch has written so far."""

    n: int
    id: str
    stored: bool = False
    url: str | None = None
    live: bool = False
    lang: str | None = None
    published: int | None = None
    revision: int = 0
    story: str | None = None
    role: str | None = None
    versions: dict[str, tuple[int, int]] = field(default_factory=dict)
    docs: dict[str, str] = field(default_factory=dict)  # group: JSON, where the batch wrote it
    text: tuple[str, str] | None = None  # title and body, where the batch wrote them
    indexed: tuple[str, str] | None = None  # title and body as full text holds them, where they may change
    labels: dict[str, set[str]] = field(default_factory=dict)  # by group, after the batch
    labels_stored: dict[str, set[str]] = field(default_factory=dict)

    def columns(self) -> tuple[Any, ...]:
        """Its row in the table `article`."""
        return (self.n, self.id, self.url, self.live, self.lang, self.published, self.revision, self.story, self.role)


class Batch:
    """The writes of one transaction. `take` them in order, then `store`.

    `names` are the (name, id) of entities that are known to be stored; once committed, `new_names` are so too.
    """

    def __init__(self, db: sqlite3.Connection, ids: Iterable[str], names: set[tuple[str, str]]) -> None:
        self._db = db
        self._names = names
        self.new_names: set[tuple[str, str]] = set()
        self._rows: dict[str, Row] = {}
        self._forgotten: set[str] = set()
        self._touched: set[str] = set()
        self._merged: set[tuple[str, str]] = set()
        self._revisions: list[tuple[Any, ...]] = []
        self._new_articles = 0
        for part in parts(set(ids)):
            for row in db.execute(_KNOWN.format(slots(part)), part):
                self._rows[row[1]] = _known(row)
            gone = db.execute(f"SELECT id FROM forgotten WHERE id IN ({slots(part)})", part)
            self._forgotten.update(key for (key,) in gone)
        self._next = db.execute("SELECT coalesce(max(n), 0) + 1 FROM article").fetchone()[0]

    def take(self, write: Write) -> str:
        """Decide one write. ValueError for a group that no article has."""
        if write.group not in GROUPS:
            raise ValueError(f"no field group {write.group!r}; one of {', '.join(GROUPS)}")
        if write.id in self._forgotten:
            return FORGOTTEN
        row = self._rows.get(write.id)
        if row is None:
            row = self._rows[write.id] = Row(self._next, write.id)
            self._next += 1
        version, stored = (write.version.epoch, write.version.counter), row.versions.get(write.group)
        if stored is not None and stored >= version:
            return SAME if stored == version else STALE
        if write.group == "content":
            self._content(row, write.fields)
        elif write.group == "story":
            self._story(row, write.fields.get("story") or {})
            row.docs["story"] = dumps(write.fields)
        else:
            if write.group in LABELLED:
                self._label(row, write.group, write.fields)
            if write.group == "tags":
                self._name_entities(write.fields)
            row.docs[write.group] = dumps(write.fields)
        row.versions[write.group] = version
        return WRITTEN

    def _content(self, row: Row, fields: Json) -> None:
        revision = integer(fields.get("revision")) or 0
        if row.live:
            self._keep_text(row, revision)
        else:
            self._new_articles += 1
        if row.story:
            self._touched.add(row.story)
        self._label(row, "content", fields)
        row.text = clean(fields.get("title") or ""), clean(fields.get("body") or "")
        row.docs["content"] = dumps({name: fields[name] for name in fields if name not in ("title", "body")})
        row.url, row.lang = fields.get("url"), fields.get("language")
        effective = fields.get("published_effective") or fields.get("first_seen")
        row.published = (seconds(effective) or 0) if effective else 0
        row.live, row.revision = True, revision

    def _keep_text(self, row: Row, revision: int) -> None:
        """Before a visible article's content is replaced: note what full text holds, keep a former revision."""
        if row.indexed is None and row.text is None:
            row.indexed = self._db.execute("SELECT title, body FROM text WHERE n = ?", (row.n,)).fetchone()
        if revision == row.revision:
            return
        stored = self._db.execute(f"SELECT {FIELDS} FROM {TABLES} WHERE a.n = ?", (row.n,)).fetchone()
        now = list(stored or (row.id, *[None] * 7))
        if row.text is not None:
            now[1:3] = row.text
        for place, group in enumerate(GROUPS, start=3):
            now[place] = row.docs.get(group, now[place])
        self._revisions.append((row.id, row.revision, *former(now)))

    def _story(self, row: Row, story: Json) -> None:
        key = story.get("id")
        self._touched.update(touched for touched in (row.story, key) if touched)
        row.story, row.role = key, story.get("role")
        self._merged.update((other, key) for other in story.get("merged_from") or () if key and other != key)

    def _label(self, row: Row, group: str, fields: Json) -> None:
        if group not in row.labels_stored:
            known = row.stored and group in row.versions
            row.labels_stored[group] = stored_labels(self._db, group, row.n) if known else set()
        row.labels[group] = labels(group, fields)

    def _name_entities(self, fields: Json) -> None:
        for entity in fields.get("entities") or ():
            name = entity.get("name") or "", entity["id"]
            if name not in self._names:
                self.new_names.add(name)

    def store(self) -> None:
        """Write what was taken, and bring stories, labels, full text and counters in step."""
        db, rows = self._db, [row for row in self._rows.values() if row.docs]
        db.executemany(_SAVE, [row.columns() for row in rows])
        for group, table in GROUPS.items():
            db.executemany(
                f"INSERT OR REPLACE INTO {table} VALUES (?, ?, ?, ?)",
                [(row.n, *row.versions[group], row.docs[group]) for row in rows if group in row.docs],
            )
        self._store_text([row for row in rows if row.text is not None and row.text != row.indexed])
        self._store_labels([row for row in rows if row.labels])
        self._store_revisions()
        db.executemany("INSERT OR IGNORE INTO alias VALUES (?, ?)", self._merged)
        stories.refresh(db, self._touched)
        count(db, "articles", self._new_articles)

    def _store_text(self, rows: list[Row]) -> None:
        for row in rows:
            if row.indexed is not None:
                unindex(self._db, row.n, *row.indexed)
        texts = [(row.n, *row.text) for row in rows if row.text is not None]
        self._db.executemany("INSERT OR REPLACE INTO text VALUES (?, ?, ?)", texts)
        index_texts(self._db, texts)

    def _store_labels(self, rows: list[Row]) -> None:
        for row in rows:
            before: set[str] = set()
            after: set[str] = set()
            for group in LABELLED:
                stored = row.labels_stored.get(group)
                if stored is None:
                    stored = stored_labels(self._db, group, row.n) if row.stored else set()
                before |= stored
                after |= row.labels.get(group, stored)
            if before != after:
                unlabel(self._db, row.n, before)
                label(self._db, row.n, after)
        names = [(searchable(name), key) for name, key in self.new_names]
        self._db.executemany("INSERT OR IGNORE INTO entity_name VALUES (?, ?)", names)

    def _store_revisions(self) -> None:
        for revision in self._revisions:
            known = self._db.execute("SELECT 1 FROM revision WHERE id = ? AND revision = ?", revision[:2]).fetchone()
            count(self._db, "revisions", 0 if known else 1)
            self._db.execute("INSERT OR REPLACE INTO revision VALUES (?, ?, ?, ?, ?)", revision)


def _known(row: tuple[Any, ...]) -> Row:
    pairs = zip(GROUPS, zip(row[9::2], row[10::2], strict=True), strict=True)
    versions = {group: version for group, version in pairs if version[0] is not None}
    known = Row(row[0], row[1], stored=True, versions=versions)
    known.url, known.live, known.lang, known.published, known.revision, known.story, known.role = row[2:9]
    return known


def index_texts(db: sqlite3.Connection, texts: Iterable[tuple[int, str, str]]) -> None:
    """Put (row number, title, body) into the full text."""
    db.executemany(
        "INSERT INTO fts(rowid, title, body, forms) VALUES (?, ?, ?, ?)",
        ((n, *columns(title, body)) for n, title, body in texts),
    )


def unindex(db: sqlite3.Connection, n: int, title: str, body: str) -> None:
    """Take a text out of the full text, which keeps no texts itself and so must be told the very words it was given."""
    db.execute(
        "INSERT INTO fts(fts, rowid, title, body, forms) VALUES ('delete', ?, ?, ?, ?)", (n, *columns(title, body))
    )


def count(db: sqlite3.Connection, name: str, more: int) -> None:
    """Move a counter."""
    if more:
        db.execute("UPDATE counter SET value = value + ? WHERE name = ?", (more, name))
