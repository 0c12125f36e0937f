"""The embedded index: one SQLite file with full text, beside the pipeline, read by the commands while it runs.

What it promises: a write that returned survives `kill -9`; several processes may read while one writes; a batch is
written wholly or not at all. `transforms.index.connections` tells what a power failure may cost.
"""

# ruff: noqa: S608 -- only names and parameter marks of our own are put into statements, never values

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from transforms.index import alerts, backup, documents, feeds, forget, judgements, reposts, search, stories
from transforms.index.articles import Batch, index_texts
from transforms.index.connections import Connections
from transforms.index.encode import UNSTORABLE, loads, mend, mend_text
from transforms.index.interface import Parcel, Query, Seed, Tagged
from transforms.index.schema import MIGRATIONS, IndexFileError, Migration, inspect, migrate, named_errors, search_rules
from transforms.index.words import RULES, searchable
from transforms.records import Json, Poll, Version, Write, replace

_log = logging.getLogger(__name__)
_NAMES_KNOWN = 1 << 17
_PAGE = 200
_SEEDING = f"""SELECT {documents.FIELDS_WITHOUT_BODY}, c.epoch, c.counter, s.epoch, s.counter FROM {documents.TABLES}
    WHERE a.live = 1 AND"""
_SEED = f"{_SEEDING} a.published >= ? AND a.published < ? ORDER BY a.published, a.n"
_SEEDS = _SEEDING + " a.id IN ({})"


class EmbeddedIndex:
    """An `Index` in the file `path`, made where it is missing (unless `create` is false: IndexFileError).

    An older file is migrated, which IndexInUse refuses while another process has it open; a newer one is an
    IndexFileError. May be pickled (the copy opens the file itself) and used after a fork.
    """

    def __init__(self, path: str, create: bool = True, migrations: Sequence[Migration] = MIGRATIONS) -> None:
        self.path = str(Path(path).absolute())
        if not create and not Path(self.path).is_file():
            raise IndexFileError(path, "there is no index yet", "run the pipeline first, or check `index.path`")
        Path(self.path).parent.mkdir(parents=True, exist_ok=True)
        self._migrations = migrations
        self._names: set[tuple[str, str]] = set()
        self._db = Connections(self.path)
        self._db.lock()
        try:
            self._prepare()
        except BaseException:
            self._db.close()
            raise

    def __reduce__(self) -> tuple[Any, ...]:
        from transforms.index.open import open_index

        return open_index, ("embedded", self.path)

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._db.closed

    def _prepare(self) -> None:
        """Make or upgrade the file. What others would stumble over is done only where nobody else has it open."""
        with named_errors(self.path), self._db.read() as db:
            version = inspect(db, self.path, self._migrations)
            current = version == len(self._migrations)
            if current and search_rules(db) == RULES:
                return
        if version:
            self._db.lock(exclusive=True)
        if version == 0:
            self._db.use_log()
        with self._db.write() as db:
            if version == 0:
                version = inspect(db, self.path, self._migrations)  # another process may have made it meanwhile
            if version < len(self._migrations):
                migrate(db, version, self._migrations)
            if search_rules(db) != RULES:
                _rewrite_full_text(db)
        self._db.lock()

    def start_epoch(self) -> int:
        with self._db.write() as db:
            row = db.execute("UPDATE meta SET value = value + 1 WHERE name = 'epoch' RETURNING value").fetchone()
        self._db.sync()
        return int(row[0])

    def apply(self, writes: Sequence[Write]) -> list[str]:
        if not writes:
            return []
        try:
            return self._apply(writes)
        except UNSTORABLE:
            return self._apply([replace(write, fields=mend(write.fields)) for write in writes])

    def _apply(self, writes: Sequence[Write]) -> list[str]:
        with self._db.write() as db:
            batch = Batch(db, (write.id for write in writes), self._names)
            outcomes = [batch.take(write) for write in writes]
            batch.store()
        if len(self._names) > _NAMES_KNOWN:
            self._names.clear()
        self._names |= batch.new_names
        return outcomes

    def article(self, key: str) -> Json | None:
        with self._db.read() as db:
            return documents.find(db, key)

    def documents(self, ids: Iterable[str]) -> list[Json]:
        with self._db.read() as db:
            return documents.by_ids(db, map(mend_text, ids))

    def known(self, ids: Iterable[str]) -> set[str]:
        with self._db.read() as db:
            return documents.known(db, map(mend_text, ids))

    def seed(self, since: int, before: int | None = None) -> Iterator[Seed]:
        with self._db.read() as db:
            yield from map(_seed, db.execute(_SEED, (since, (1 << 62) if before is None else before)))

    def seeds(self, ids: Iterable[str]) -> list[Seed]:
        with self._db.read() as db:
            several = documents.parts(map(mend_text, ids))
            return [_seed(row) for part in several for row in db.execute(_SEEDS.format(documents.slots(part)), part)]

    def tagged(self, since: int | None = None) -> Iterator[Tagged]:
        after = (-(1 << 62) if since is None else since, -1)
        while True:
            # A reading of its own for each page: one that lasted would keep the log from being worked off.
            with self._db.read() as db:
                page, after = documents.tagged(db, after, _PAGE)
            if not page:
                return
            yield from page

    def search(self, query: Query) -> list[Json]:
        with self._db.read() as db:
            return search.articles(db, query)

    def stories(self, query: Query) -> list[Json]:
        with self._db.read() as db:
            return search.story_documents(db, query)

    def story(self, key: str) -> Json | None:
        with self._db.read() as db:
            return stories.find(db, mend_text(key))

    def reposts(self, since: int | None = None) -> Iterator[tuple[Json, Json]]:
        with self._db.read() as db:
            yield from reposts.pairs(db, since)

    def alerts(self, since: int | None = None, limit: int | None = None) -> list[Json]:
        with self._db.read() as db:
            return alerts.read(db, since, limit)

    def export(self, all_revisions: bool = False) -> Iterator[Json]:
        with self._db.read() as db:
            yield from documents.export(db, all_revisions)

    def forget(self, ids: Iterable[str]) -> int:
        gone = 0
        for number, part in enumerate(documents.parts(map(mend_text, ids))):
            if number:
                time.sleep(0.01)  # SQLite's lock is not fair: let a running pipeline have its turn
            with self._db.write(wipe=True) as db:
                gone += forget.forget(db, part)
        return gone

    def ids_before(self, published_before: int) -> list[str]:
        with self._db.read() as db:
            return forget.ids_before(db, published_before)

    def forgotten(self, after: int = 0) -> tuple[int, list[str]]:
        with self._db.read() as db:
            return forget.forgotten(db, after)

    def judge(self, entry: Json) -> Json:
        with self._db.write() as db:
            judged = judgements.judge(db, mend(entry))
        self._db.sync()
        return judged

    def judgements(self, after: int = 0) -> tuple[int, list[Json]]:
        with self._db.read() as db:
            return judgements.judgements(db, after)

    def raise_alert(self, alert: Json, channels: Sequence[str]) -> bool:
        with self._db.write() as db:
            return alerts.raise_alert(db, alert, channels)

    def parcels(self, now: int, limit: int = 20) -> list[Parcel]:
        with self._db.read() as db:
            return alerts.parcels(db, now, limit)

    def delivered(self, key: str, channel: str, at: int) -> None:
        with self._db.write() as db:
            alerts.delivered(db, key, channel, at)

    def undelivered(self, key: str, channel: str, reason: str, retry_at: int | None) -> None:
        with self._db.write() as db:
            alerts.undelivered(db, key, channel, reason, retry_at)

    def feeds(self, readers: Collection[str] | None = None) -> dict[str, Json]:
        with self._db.read() as db:
            return feeds.read(db, readers)

    def mark_requested(self, reader: str, at_ms: int) -> None:
        with self._db.write() as db:
            feeds.mark_requested(db, reader, at_ms)

    def commit_poll(self, reader: str, batch: int, progress: Json) -> bool:
        with self._db.write() as db:
            return feeds.commit_poll(db, reader, batch, progress)

    def commit_polls(self, polls: Iterable[Poll]) -> None:
        with self._db.write() as db:
            for poll in polls:
                feeds.commit_poll(db, poll.reader, poll.batch, poll.progress)

    def counts(self) -> dict[str, int]:
        with self._db.read() as db:
            return dict(db.execute("SELECT name, value FROM counter"))

    def refresh(self) -> None:
        """Nothing to do: every read begins a transaction of its own and sees all that is committed."""

    def trouble(self) -> str | None:
        return None  # a file is there, or the program has ended

    def retried(self) -> int:
        return 0  # SQLite waits by itself

    def give_up(self) -> None:
        """Nothing to do: nobody waits for long."""

    def close(self) -> None:
        self._db.close()

    def sync(self) -> None:
        """Wait until all that was written survives a power failure too (about one disk flush)."""
        self._db.sync()

    def backup(self, path: str) -> None:
        """Copy the index as it stands now to one file; writing goes on. IndexFileError where `path` is the index."""
        with self._db.read() as db:
            backup.backup(db, self.path, path)

    def restore(self, path: str) -> None:
        """Replace everything by a backup, except that epochs go on and the forgotten stay forgotten.

        IndexInUse while any other process has the index open; IndexFileError for a file that is no sound backup.
        """
        with backup.opened(path) as source:
            self._db.lock(exclusive=True)
            try:
                with self._db.read() as db:
                    kept = backup.memory(db)
                with self._db.writer() as db:
                    source.backup(db)
                self._db.use_log()
                self._names.clear()
                self._prepare()
                with self._db.write(wipe=True) as db:
                    backup.remember(db, kept)
            finally:
                self._db.lock()

    def compact(self) -> None:
        """Give back the space of what was deleted, and wipe its words from the full text. Takes seconds per 100,000
        articles, in which nobody else can write."""
        with self._db.write(wipe=True) as db:
            db.execute("INSERT INTO fts(fts) VALUES ('optimize')")
            db.execute("INSERT INTO label(label) VALUES ('optimize')")
        with self._db.writer() as db:
            db.execute("VACUUM")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _seed(row: Sequence[Any]) -> Seed:
    content, story = row[-4:-2], row[-2:]
    placed = None if story[0] is None else Version(*story)
    return Seed(documents.assemble(row[:-4], internal=True), Version(*content), placed)


def _rewrite_full_text(db: sqlite3.Connection) -> None:
    _log.warning("the rules of folding have changed: writing the full text of the index anew")
    db.execute("INSERT INTO fts(fts) VALUES ('delete-all')")
    index_texts(db, db.execute("SELECT n, title, body FROM text"))
    db.execute("DELETE FROM entity_name")
    for (doc,) in db.execute("SELECT doc FROM tags"):
        names = {(searchable(entity.get("name") or ""), entity["id"]) for entity in loads(doc).get("entities") or ()}
        db.executemany("INSERT OR IGNORE INTO entity_name VALUES (?, ?)", names)
    db.execute("UPDATE meta SET value = ? WHERE name = 'search_rules'", (RULES,))
