"""What this process knows of committed offsets, by job and reader: how a puller hears of commits without asking."""

from __future__ import annotations

import threading

_KNOWN: dict[tuple[str, str], int] = {}
_LOCK = threading.Lock()


def tell(job: str, reader: str, offset: int) -> None:
    """The group has committed `offset`. A lower one than is known changes nothing."""
    with _LOCK:
        _KNOWN[job, reader] = max(offset, _KNOWN.get((job, reader), offset))


def known(job: str, reader: str) -> int | None:
    """The highest offset that this process knows to be committed, None where it knows none."""
    with _LOCK:
        return _KNOWN.get((job, reader))


def standing(job: str, prefix: str) -> dict[str, int]:
    """All that is known of the job's readers whose names begin with `prefix`."""
    with _LOCK:
        return {
            reader: offset for (name, reader), offset in _KNOWN.items() if name == job and reader.startswith(prefix)
        }


def forget(job: str) -> None:
    """Drop all that is known of a job that has ended."""
    with _LOCK:
        for key in [key for key in _KNOWN if key[0] == job]:
            del _KNOWN[key]
