"""Connections to one SQLite file: many readers, one writer at a time, safe across threads, forks and processes.

A connection serves one thread at a time: readers come from a pool, so that a stream that is being read holds its own
and sees one snapshot. In-process writers queue on a lock; writers of other processes are waited for (`busy_s`).

Durability: write-ahead log with `synchronous=NORMAL`. A commit survives the death of the process (kill -9) at once; a
power failure may lose the last commits, never their order, and `sync` makes all that is committed survive that too.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

from transforms.index.schema import IndexInUse

try:
    import fcntl
except ImportError:  # not on Windows: there SQLite's own locks alone guard the file
    fcntl = None  # type: ignore[assignment]

_LOCK_WAIT_S = 10.0
_pools: weakref.WeakSet[Connections] = weakref.WeakSet()
# A forked child must neither use nor close its parent's connections: closing may checkpoint under the parent's feet.
_inherited: list[sqlite3.Connection] = []


class Connections:
    """The pool for one file. Between `lock` and `close` it holds a shared lock on `FILE.lock`, as every user does."""

    def __init__(self, path: str, busy_s: float = 30.0) -> None:
        self.path = path
        self._busy_s = busy_s
        self._lock_fd: int | None = None
        self._reset()
        _pools.add(self)

    def _reset(self) -> None:
        self._idle: list[sqlite3.Connection] = []
        self._writer: sqlite3.Connection | None = None
        self._guard = threading.Lock()
        self._writing = threading.RLock()
        self._reading = 0
        self.closed = False

    def connect(self, cache_kib: int = 8192) -> sqlite3.Connection:
        """A new connection, set up. The caller closes it."""
        db = sqlite3.connect(self.path, self._busy_s, isolation_level=None, check_same_thread=False)
        # Pages of 8 KiB hold two articles' texts where 4 KiB would waste half of each; a log of 32 MB before a
        # checkpoint lets pages that change often be copied once.
        for pragma in (
            "page_size=8192", "synchronous=NORMAL", "temp_store=MEMORY", "trusted_schema=OFF",
            "wal_autocheckpoint=4000", "journal_size_limit=67108864", f"cache_size=-{cache_kib}",
        ):  # fmt: skip
            db.execute(f"PRAGMA {pragma}")
        return db

    @contextlib.contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection inside a read transaction: one snapshot until the block ends."""
        self._must_be_open()
        owner, db = os.getpid(), None
        with self._guard:
            db = self._idle.pop() if self._idle else None
            self._reading += 1
        try:
            db = db or self.connect()
            db.execute("BEGIN")
            yield db
        finally:
            self._give_back(db, owner)

    def _must_be_open(self) -> None:
        if self.closed:
            raise sqlite3.ProgrammingError(f"{self.path}: the index was closed; open it again")

    def _give_back(self, db: sqlite3.Connection | None, owner: int) -> None:
        if db is not None and owner != os.getpid():
            _inherited.append(db)
            return
        with self._guard:
            self._reading -= 1
            if db is None:
                return
            with contextlib.suppress(sqlite3.Error):
                db.rollback()
            if self.closed:
                db.close()
            else:
                self._idle.append(db)

    @contextlib.contextmanager
    def write(self, wipe: bool = False) -> Iterator[sqlite3.Connection]:
        """The writer inside a transaction: committed when the block ends, rolled back when it raises.

        `wipe` overwrites what is deleted with zeros.
        """
        with self.writer() as db:
            db.execute(f"PRAGMA secure_delete={'ON' if wipe else 'OFF'}")
            self._begin(db)
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    db.rollback()
                raise

    @contextlib.contextmanager
    def writer(self) -> Iterator[sqlite3.Connection]:
        """The writer outside of any transaction, for what SQLite does not do inside one."""
        with self._writing:
            self._must_be_open()
            if self._writer is None:
                self._writer = self.connect(cache_kib=65536)
            self._writer.execute(f"PRAGMA busy_timeout={round(self._busy_s * 1000)}")
            yield self._writer

    def _begin(self, db: sqlite3.Connection) -> None:
        """Begin to write. SQLite's own waiting sleeps ever longer, up to 100 ms, and starves beside a busy writer."""
        db.execute("PRAGMA busy_timeout=3")
        deadline = time.monotonic() + self._busy_s
        while True:
            try:
                db.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= deadline:
                    raise

    def use_log(self) -> None:
        """Switch the file to a write-ahead log. SQLite does not wait for others here, so we do."""
        deadline = time.monotonic() + self._busy_s
        with self.writer() as db:
            while True:
                try:
                    db.execute("PRAGMA journal_mode=WAL")
                    return
                except sqlite3.OperationalError:
                    if time.monotonic() >= deadline:
                        raise
                    time.sleep(0.02)

    def sync(self) -> None:
        """Wait until all that is committed is on the disk. The log is enough: SQLite syncs the file at checkpoints."""
        with contextlib.suppress(FileNotFoundError):
            fd = os.open(f"{self.path}-wal", os.O_RDWR)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)

    def close(self) -> None:
        """Close what is idle now, and what is in use when it comes back. The file's lock is let go."""
        with self._writing, self._guard:
            self.closed = True
            if self._writer is not None:
                self._writer.close()
                self._writer = None
            while self._idle:
                self._idle.pop().close()
        self.unlock()

    def lock(self, exclusive: bool = False) -> None:
        """Take (or change to) the shared lock of a user or the exclusive one of a change under all users' feet.

        IndexInUse where it is not to be had; then the shared lock, if it was held, is held still.
        """
        if fcntl is None:
            return
        if self._lock_fd is None:
            self._lock_fd = os.open(Path(f"{self.path}.lock"), os.O_RDWR | os.O_CREAT, 0o644)
        if exclusive and self._reading:
            raise IndexInUse(self.path, "is being read by this program", "finish reading first")
        wait = 0.0 if exclusive else _LOCK_WAIT_S
        if self._flock(fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH, wait):
            return
        if exclusive:
            self._flock(fcntl.LOCK_SH, _LOCK_WAIT_S)
        raise IndexInUse(self.path, "is in use by another program", "stop it first (a running pipeline, perhaps)")

    def _flock(self, kind: int, wait: float) -> bool:
        assert self._lock_fd is not None
        deadline = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(self._lock_fd, kind | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    return False
                time.sleep(0.02)

    def unlock(self) -> None:
        """Let go of the lock."""
        if self._lock_fd is not None:
            os.close(self._lock_fd)
            self._lock_fd = None

    def after_fork(self) -> None:
        """In the child: leave the parent's connections alone and start afresh, with a lock of the child's own."""
        _inherited.extend([*self._idle, *([self._writer] if self._writer else [])])
        held = self._lock_fd is not None
        self.unlock()
        self._reset()
        if held:
            self.lock()


def _after_fork() -> None:
    for pool in list(_pools):
        pool.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
