"""The index that the config names, opened once per process."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from transforms.index.embedded import EmbeddedIndex
from transforms.index.interface import Index

if TYPE_CHECKING:
    from transforms.elastic.client import ElasticSpec
    from transforms.elastic.index import ElasticIndex

_lock = threading.Lock()
_open: dict[Any, EmbeddedIndex | ElasticIndex] = {}


def open_index(
    kind: str = "embedded",
    path: str = "data/news.db",
    create: bool = True,
    *,
    spec: ElasticSpec | None = None,
    patient: bool = False,
) -> Index:
    """The index of this kind at this place: the same object for every caller in the process, so that a DoFn need only
    carry what opens it. An embedded one is at `path`; with `create` false a missing one is an IndexFileError. One in
    Elasticsearch is where `spec` tells; where that is away a `patient` one waits, and another raises IndexAway after
    some seconds. ValueError for an unknown kind.
    """
    if kind == "elasticsearch" and spec is not None:
        from transforms.elastic.index import ElasticIndex

        return _opened((kind, spec, patient), lambda: ElasticIndex(spec, patient))
    if kind != "embedded":
        raise ValueError(f"no index kind {kind!r}; write embedded, or elasticsearch with a spec")
    place = os.path.realpath(path)
    return _opened((kind, place), lambda: EmbeddedIndex(place, create=create))


def _opened(key: Any, make: Callable[[], EmbeddedIndex | ElasticIndex]) -> Index:
    with _lock:
        index = _open.get(key)
        if index is None or index.closed:
            index = _open[key] = make()
        return index


def _after_fork() -> None:
    """In a child: an embedded index that is open starts afresh by itself, one in Elasticsearch is opened anew, and a
    lock that another thread held would never be let go."""
    global _lock  # noqa: PLW0603
    _lock = threading.Lock()
    for key in [key for key in _open if key[0] == "elasticsearch"]:
        del _open[key]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
