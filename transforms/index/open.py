"""The index that the config names, opened once per process."""

from __future__ import annotations

import os
import threading

from transforms.index.embedded import EmbeddedIndex
from transforms.index.interface import Index

_lock = threading.Lock()
_open: dict[tuple[str, str], EmbeddedIndex] = {}


def open_index(kind: str = "embedded", path: str = "data/news.db", create: bool = True) -> Index:
    """The index of this kind at this place: the same object for every caller in the process, so that a DoFn need only
    carry the arguments. With `create` false a missing one is an IndexFileError. ValueError for an unknown kind.
    """
    if kind != "embedded":
        raise ValueError(f"no index kind {kind!r}; write embedded")
    key = kind, os.path.realpath(path)
    with _lock:
        index = _open.get(key)
        if index is None or index.closed:
            index = _open[key] = EmbeddedIndex(key[1], create=create)
        return index


def _after_fork() -> None:
    """In a child: what is open starts afresh by itself, but a lock that another thread held would never be let go."""
    global _lock  # noqa: PLW0603
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
