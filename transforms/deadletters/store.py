"""The dead-letter file: JSON lines, each letter once, shared by several processes, replayed without loss.

Beside `letters.jsonl` there may stand `letters.jsonl.lock` (writers queue on it; it grows by a byte at each replay),
`letters.jsonl.replay-N` (taken for a replay that has not finished), `letters.jsonl.replay.lock` (held by a replay) and
`letters.jsonl.damaged` (lines that are no letters, kept as they were).
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import stat
import threading
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from transforms.deadletters.record import Damaged, Letter, from_line, to_line
from transforms.records import DeadLetter

_ID = re.compile(rb'^\{"id":"([0-9a-f]{32})"')
_BLOCK = 1 << 20


class ReplayRunning(RuntimeError):
    """Another process is replaying this file."""


@dataclass(slots=True)
class _Known:
    """The ids in one file as far as it was read: `mark` (inode, generation) and `size` say which file and how far."""

    mark: tuple[int, int] = (-1, -1)
    size: int = 0
    ids: set[bytes] = field(default_factory=set)


_known: dict[str, _Known] = {}
# flock guards against other processes only between descriptors; threads of this one queue here.
_threads = threading.Lock()


def append(path: str | Path, letters: Iterable[DeadLetter], secrets: Collection[str] = ()) -> int:
    """Add those letters that the file does not hold yet, in one write, synced to the disk. Returns how many were added.

    `secrets` are texts that must not reach the file (the values that the config expanded). Raises OSError.
    """
    lines = dict(to_line(letter, secrets) for letter in letters)
    if not lines:
        return 0
    path = Path(path)
    with _locked(path) as gate:
        generation = os.fstat(gate).st_size
        fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            known, torn = _catch_up(path, generation, fd)
            new = {key: line for key, line in lines.items() if key.encode() not in known.ids}
            if new:
                # A line cut short by a crash is closed, so that it swallows no other.
                _write(fd, (b"\n" if torn else b"") + b"".join(new.values()))
                _catch_up(path, generation, fd)
            return len(new)
        finally:
            os.close(fd)


def read(path: str | Path) -> Iterator[Letter]:
    """The letters in the file and those taken for a replay that has not finished, oldest first, each once.

    Lines that are no letters are passed over.
    """
    path = Path(path)
    return _once([*_aside(path), path])


@dataclass(slots=True)
class Replay:
    """A replay under way: holds the replay lock until `finish_replay`, or the end of the process."""

    path: Path
    files: tuple[Path, ...]
    lock: int

    def __iter__(self) -> Iterator[Letter]:
        """Every letter taken, once, oldest first."""
        return _once(self.files)


def take_for_replay(path: str | Path) -> Replay:
    """Set the file aside and give its letters, with those of any replay that did not finish.

    What fails again is appended anew to `path` meanwhile; nothing is deleted before `finish_replay`. Raises
    ReplayRunning.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(_beside(path, "replay.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise ReplayRunning("another replay of these dead letters is under way") from None
    with _locked(path) as gate:
        if path.exists() and path.stat().st_size:
            taken = _aside(path)
            number = 1 + max((int(part.name.rpartition("-")[2]) for part in taken), default=0)
            # Another process that knew this file's ids must not take a new file with the same inode for it.
            os.write(gate, b".")
            path.rename(_beside(path, f"replay-{number}"))
            _sync_directory(path.parent)
        return Replay(path, tuple(_aside(path)), lock)


def finish_replay(replay: Replay) -> int:
    """Drop what was set aside: every letter has been fed, and what failed again is in the file.

    Returns how many lines were no letters; they are kept beside it.
    """
    with _locked(replay.path):
        damaged = [line for part in replay.files for line in _letters(part) if isinstance(line, bytes)]
        if damaged:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            fd = os.open(_beside(replay.path, "damaged"), flags, 0o600)
            try:
                _write(fd, b"".join(line.rstrip(b"\n") + b"\n" for line in damaged))
            finally:
                os.close(fd)
        for part in replay.files:
            part.unlink(missing_ok=True)
        _sync_directory(replay.path.parent)
    os.close(replay.lock)
    return len(damaged)


def abandon_replay(replay: Replay) -> None:
    """The replay could not be completed: all that was taken stays for the next."""
    os.close(replay.lock)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(f"{path.name}.{suffix}")


def _aside(path: Path) -> list[Path]:
    """The files set aside, oldest first."""
    shape = re.compile(re.escape(path.name) + r"\.replay-(\d+)")
    try:
        found = [(int(match[1]), name) for name in os.listdir(path.parent) if (match := shape.fullmatch(name))]
    except FileNotFoundError:
        return []
    return [path.with_name(name) for _, name in sorted(found)]


def _once(paths: Iterable[Path]) -> Iterator[Letter]:
    seen: set[str] = set()
    for path in paths:
        for letter in _letters(path):
            if isinstance(letter, Letter) and letter.id not in seen:
                seen.add(letter.id)
                yield letter


def _letters(path: Path) -> Iterator[Letter | bytes]:
    """Letters, and as bytes the lines that are none."""
    try:
        stream = path.open("rb")
    except FileNotFoundError:
        return
    with stream:
        for line in stream:
            if line.strip():
                try:
                    yield from_line(line)
                except Damaged:
                    yield line


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    """The only writer, among threads and processes; gives the lock's descriptor.

    The lock is a file of its own, because the letters' file gets renamed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _threads:
        fd = os.open(_beside(path, "lock"), os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield fd
        finally:
            os.close(fd)


def _catch_up(path: Path, generation: int, fd: int) -> tuple[_Known, bool]:
    """The ids in the file, reading only what was added since the last look; and whether its last line is torn."""
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "dead letters need a regular file", str(path))
    mark = (status.st_ino, generation)
    known = _known.setdefault(str(path.absolute()), _Known())
    if known.mark != mark or status.st_size < known.size:
        known.mark, known.size, known.ids = mark, 0, set()
    rest = b""
    while block := os.pread(fd, _BLOCK, known.size + len(rest)):
        *lines, rest = (rest + block).split(b"\n")
        known.ids.update(match[1] for line in lines if (match := _ID.match(line)))
        known.size += sum(len(line) + 1 for line in lines)
    return known, bool(rest)


def _write(fd: int, data: bytes) -> None:
    """All of it or nothing, on the disk."""
    size = os.fstat(fd).st_size
    written = os.write(fd, data)
    if written != len(data):
        os.ftruncate(fd, size)
        raise OSError(errno.ENOSPC, "the disk took only a part of the dead letters")
    os.fsync(fd)


def _sync_directory(path: Path) -> None:
    """A rename is durable once its directory is."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
