"""The embedded index's file: its tables, how an older file becomes a current one, and what is refused.

`PRAGMA user_version` holds the number of migrations a file has had. A released migration is never edited; a change of
layout is a new one at the end. No table needs a function or a trigger of ours: any SQLite tool can read the file.
"""

# ruff: noqa: S608 -- only names and parameter marks of our own are put into statements, never values

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence

from transforms.index.labels import LABELLED, label, stored_labels
from transforms.index.words import RULES

APPLICATION_ID = 0x4E455753  # "NEWS": tells our file from any other program's
OLDEST_SQLITE = (3, 35, 0)  # RETURNING, and FTS5 as it is used here

Migration = Callable[[sqlite3.Connection], None]

# `article` is narrow: what filters and counts read. Each field group has a table of its own with its version, so that
# writing one never rewrites another, and the text is apart, so that folding can be seeded without reading bodies.
_GROUP = "(n INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, counter INTEGER NOT NULL, doc TEXT NOT NULL)"
_TABLES = f"""
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO counter VALUES ('articles', 0), ('stories', 0), ('reposts', 0), ('revisions', 0), ('alerts', 0),
    ('polls', 0), ('failed_polls', 0);

CREATE TABLE article (
    n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, url TEXT, live INTEGER NOT NULL, lang TEXT, published INTEGER,
    revision INTEGER NOT NULL, story TEXT, role TEXT);
CREATE INDEX article_url ON article (url);
CREATE INDEX article_published ON article (published) WHERE live = 1;
CREATE INDEX article_story ON article (story, live, published, role) WHERE story IS NOT NULL;
CREATE TABLE content {_GROUP};
CREATE TABLE tags {_GROUP};
CREATE TABLE sources {_GROUP};
CREATE TABLE story_group {_GROUP};
CREATE TABLE verdict {_GROUP};
CREATE TABLE text (n INTEGER PRIMARY KEY, title TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE revision (
    id TEXT NOT NULL, revision INTEGER NOT NULL, title TEXT NOT NULL, body TEXT NOT NULL, doc TEXT NOT NULL,
    UNIQUE (id, revision));
CREATE TABLE facet (key TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (key, n)) WITHOUT ROWID;
CREATE TABLE entity_name (name TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (name, id)) WITHOUT ROWID;
CREATE TABLE story (
    id TEXT PRIMARY KEY, members INTEGER NOT NULL, reposts INTEGER NOT NULL, first_published INTEGER,
    latest INTEGER) WITHOUT ROWID;
CREATE INDEX story_latest ON story (latest);
CREATE TABLE alias (id TEXT PRIMARY KEY, story TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX alias_story ON alias (story);
CREATE TABLE forgotten (position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE);

CREATE TABLE alert (
    id TEXT PRIMARY KEY, rule TEXT NOT NULL, story TEXT NOT NULL, created INTEGER NOT NULL, live INTEGER NOT NULL,
    doc TEXT NOT NULL);
CREATE UNIQUE INDEX alert_story ON alert (story, rule);
CREATE INDEX alert_created ON alert (created);
CREATE TABLE alert_article (article TEXT NOT NULL, alert TEXT NOT NULL, PRIMARY KEY (article, alert)) WITHOUT ROWID;
CREATE TABLE parcel (
    key TEXT NOT NULL, channel TEXT NOT NULL, alert TEXT NOT NULL, state TEXT NOT NULL, due INTEGER,
    attempts INTEGER NOT NULL, reason TEXT, delivered INTEGER, UNIQUE (key, channel));
CREATE INDEX parcel_due ON parcel (due) WHERE state = 'due';
CREATE INDEX parcel_alert ON parcel (alert);
CREATE TABLE feed (
    reader TEXT PRIMARY KEY, requested_ms INTEGER NOT NULL, batch INTEGER NOT NULL, progress TEXT NOT NULL
    ) WITHOUT ROWID;

CREATE VIRTUAL TABLE fts USING fts5(title, body, forms, content='', tokenize='ascii');
INSERT INTO fts(fts, rank) VALUES ('automerge', 16);
"""


class IndexFileError(RuntimeError):
    """The file cannot be used as an index. `file`, `problem` and `remedy` say where, what and what to do."""

    def __init__(self, file: str, problem: str, remedy: str) -> None:
        super().__init__(file, problem, remedy)
        self.file, self.problem, self.remedy = file, problem, remedy

    def __str__(self) -> str:
        return f"{self.file}: {self.problem}; {self.remedy}"


class IndexInUse(IndexFileError):
    """Another process (or another open index in this one) uses the file."""


def _tables(db: sqlite3.Connection) -> None:
    for statement in _TABLES.split(";\n"):
        if statement.strip():
            db.execute(statement)
    db.execute("INSERT INTO meta VALUES ('epoch', 0), ('search_rules', ?)", (RULES,))


def _labels_in_full_text(db: sqlite3.Connection) -> None:
    """Version 2: labels move from a table with a row for each to a full text of their own."""
    db.execute(
        "CREATE VIRTUAL TABLE label USING fts5(labels, content='', detail='none', columnsize=0, tokenize='ascii')"
    )
    db.execute("INSERT INTO label(label, rank) VALUES ('automerge', 16)")
    for (n,) in db.execute("SELECT n FROM article").fetchall():
        label(db, n, {one for group in LABELLED for one in stored_labels(db, group, n)})
    db.execute("DROP TABLE facet")


def _judgements(db: sqlite3.Connection) -> None:
    """Version 3: what people judged about stories."""
    db.execute("CREATE TABLE judgement (number INTEGER PRIMARY KEY, doc TEXT NOT NULL)")


MIGRATIONS: tuple[Migration, ...] = (_tables, _labels_in_full_text, _judgements)


def inspect(db: sqlite3.Connection, file: str, migrations: Sequence[Migration] = MIGRATIONS) -> int:
    """The schema version of a file (0: new). IndexFileError where it is no index, or one made by a newer program."""
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        needed = ".".join(map(str, OLDEST_SQLITE))
        raise IndexFileError(file, f"SQLite {sqlite3.sqlite_version} is too old", f"use a Python with SQLite {needed}")
    with named_errors(file):
        version = int(db.execute("PRAGMA user_version").fetchone()[0])
        application = db.execute("PRAGMA application_id").fetchone()[0]
        tables = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if tables and application != APPLICATION_ID:
        raise IndexFileError(file, "is another program's database", "give the index a path of its own")
    if version > len(migrations):
        raise IndexFileError(
            file, f"has schema version {version}, this program knows {len(migrations)}", "upgrade the program"
        )
    return version if tables else 0


@contextlib.contextmanager
def named_errors(file: str) -> Iterator[None]:
    """What SQLite says of a file that is no database, is damaged or cannot be opened, as an IndexFileError."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            raise IndexFileError(file, "is not an index, or is damaged", "give another path, or restore") from error
        if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
            raise IndexFileError(file, f"cannot be opened ({error})", "check the path and its permissions") from error
        raise


def migrate(db: sqlite3.Connection, version: int, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Bring a file of `version` up to date. Call it inside a write transaction: it happens wholly or not at all."""
    for step in migrations[version:]:
        step(db)
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.execute(f"PRAGMA user_version = {len(migrations)}")


def search_rules(db: sqlite3.Connection) -> str:
    """By which rules of folding the full text was written."""
    return str(db.execute("SELECT value FROM meta WHERE name = 'search_rules'").fetchone()[0])
