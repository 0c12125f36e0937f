"""Backup while running, and restore while nobody runs."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from transforms.index.documents import parts
from transforms.index.forget import forget, forgotten
from transforms.index.judgements import judgements, restore
from transforms.index.schema import IndexFileError, inspect, named_errors
from transforms.records import Json


def backup(db: sqlite3.Connection, path: str, target: str) -> None:
    """Copy one snapshot of the index in `path` to the file `target`, whole or not at all; writing goes on meanwhile."""
    if os.path.realpath(target) == os.path.realpath(path):
        raise IndexFileError(target, "is the index itself", "give the backup another path")
    partial = f"{target}.part"
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    Path(partial).unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(partial, isolation_level=None)) as copy:
        db.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
    Path(partial).replace(target)


@contextlib.contextmanager
def opened(file: str) -> Iterator[sqlite3.Connection]:
    """A backup, checked: IndexFileError where it is missing, damaged, no index or of a newer program."""
    if not Path(file).is_file():
        raise IndexFileError(file, "does not exist", "give the path of a backup")
    with contextlib.closing(sqlite3.connect(f"{Path(file).absolute().as_uri()}?mode=ro", uri=True)) as db:
        if inspect(db, file) == 0:
            raise IndexFileError(file, "is empty", "give the path of a backup")
        with named_errors(file):
            sound = db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if sound != "ok":
            raise IndexFileError(file, f"is damaged ({sound})", "take another backup")
        yield db


Kept = tuple[int, int, list[str], list[Json]]


def memory(db: sqlite3.Connection) -> Kept:
    """What must outlive a restore: the epoch, the position in the list of forgotten ids, these, and judgements."""
    epoch = db.execute("SELECT value FROM meta WHERE name = 'epoch'").fetchone()[0]
    return (epoch, *forgotten(db, 0), judgements(db, 0)[1])


def remember(db: sqlite3.Connection, kept: Kept) -> None:
    """After a restore: no epoch is given twice, what was forgotten since the backup is forgotten again, and what people
    judged since is in force again.

    The forgotten stand behind the last position that was given out, so that all who follow the list read them.
    """
    epoch, position, ids, judged = kept
    restore(db, judged)
    db.execute("UPDATE meta SET value = max(value, ?) WHERE name = 'epoch'", (epoch,))
    known = set(forgotten(db, 0)[1])
    db.execute("INSERT OR REPLACE INTO forgotten (position, id) VALUES (?, '')", (position + len(known) + 1,))
    db.execute("DELETE FROM forgotten WHERE id = ''")
    for part in parts(key for key in ids if key not in known):
        forget(db, part)
