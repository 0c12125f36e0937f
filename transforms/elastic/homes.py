"""Where articles are: the concrete index of each, which stays the same through retries, restarts and rollovers.

An article is written into the index that was the newest when it was first seen, under that index's own name: through
the write alias, a write that is sent again after a rollover would make a second document. Where an article may be in
several indices all are asked, by id, as they stand at this moment.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from transforms.elastic.client import Server, reason
from transforms.elastic.names import Names, sound
from transforms.elastic.reach import Unexpected
from transforms.errors import Refused
from transforms.index.documents import parts
from transforms.records import Json

K = TypeVar("K")
V = TypeVar("V")
_REMEMBERED = 1 << 16
_AT_ONCE = 1000  # documents asked for in one request
_LIST_S = 30.0  # for which the list of indices is believed


class Recent(Generic[K, V]):
    """The values that were set or asked for last; thread-safe."""

    def __init__(self, size: int = _REMEMBERED) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._values: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """The value of a key, if it is remembered."""
        with self._lock:
            found = self._values.get(key)
            if found is not None:
                self._values.move_to_end(key)
            return found

    def set(self, key: K, value: V) -> None:
        """Remember it, and forget what has not been asked for longest."""
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            if len(self._values) > self._size:
                self._values.popitem(last=False)

    def drop(self, key: K) -> None:
        """Forget it."""
        with self._lock:
            self._values.pop(key, None)


class Busy:
    """Keys that somebody works on; nobody else does meanwhile."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._keys: set[str] = set()

    @contextmanager
    def hold(self, keys: Collection[str]) -> Iterator[None]:
        """Wait until nobody works on any of these, and keep others from them inside the block."""
        with self._changed:
            self._changed.wait_for(lambda: self._keys.isdisjoint(keys))
            self._keys.update(keys)
        try:
            yield
        finally:
            with self._changed:
                self._keys.difference_update(keys)
                self._changed.notify_all()


@dataclass(frozen=True, slots=True)
class Stored:
    """An article as it is stored, and what tells whether it is still the same when it is replaced."""

    index: str
    source: Json
    seq_no: int
    term: int


class Homes:
    """The indices of articles, and which article is in which."""

    def __init__(self, server: Server, list_s: float = _LIST_S) -> None:
        self._server, self._list_s = server, list_s
        self._names = Names(server.spec.prefix)
        self._homes: Recent[str, str] = Recent()
        self._listed: tuple[float, list[str]] | None = None

    def indices(self) -> list[str]:
        """All indices of articles; first the one that new articles go to, then the newest first."""
        listed = self._listed
        if listed is None or time.monotonic() - listed[0] > self._list_s:
            listed = self._listed = time.monotonic(), self._look()
        return listed[1]

    def look_again(self) -> None:
        """The list of indices is not what it was."""
        self._listed = None

    def settle(self, key: str) -> str:
        """The index that this article is in, or, if it is in none, shall be in from now on."""
        indices = self.indices()
        home = self._homes.get(key)
        if home is None or home not in indices:
            home = indices[0]
            self._homes.set(key, home)
        return home

    def read(self, keys: Iterable[str], fields: Sequence[str] | None = None) -> dict[str, Stored]:
        """The articles with these ids, by id, as they stand at this moment; of each source only `fields`, if given."""
        wanted = [key for key in dict.fromkeys(keys) if sound(key)]
        found = self._read(wanted, fields)
        if self._listed is None:  # one of the indices is gone
            found = self._read(wanted, fields)
        for key, stored in found.items():
            self._homes.set(key, stored.index)
        return found

    def _read(self, wanted: list[str], fields: Sequence[str] | None) -> dict[str, Stored]:
        indices = self.indices()
        homes = {key: home for key in wanted if (home := self._homes.get(key)) in indices}
        found = self._ask([(home, key) for key, home in homes.items() if home], fields)
        elsewhere = ((index, key) for key in wanted if key not in found for index in indices if index != homes.get(key))
        return found | self._ask(elsewhere, fields)

    def _ask(self, pairs: Iterable[tuple[str, str]], fields: Sequence[str] | None) -> dict[str, Stored]:
        found: dict[str, Stored] = {}
        params = {} if fields is None else {"_source_includes": ",".join(fields)}
        for part in parts(pairs, _AT_ONCE):
            docs = [{"_index": index, "_id": key} for index, key in part]
            answer = self._server.call("POST", "/_mget", {"docs": docs}, params)
            if answer.status != 200:
                raise Unexpected(f"reading articles: {answer.status} {reason(answer.body)}")
            for one in answer.body["docs"]:
                if one.get("found"):
                    stored = Stored(one["_index"], one["_source"], one["_seq_no"], one["_primary_term"])
                    found[one["_id"]] = _newer(stored, found.get(one["_id"]))
                elif "error" in one:
                    self._failed(one)
        return found

    def _failed(self, one: Json) -> None:
        if one["error"].get("type") != "index_not_found_exception":
            raise Unexpected(f"{one['_index']}/{one['_id']}: {reason(one)}")
        self.look_again()  # it was deleted, as articles past retention are

    def _look(self) -> list[str]:
        name, write = self._names.of("articles"), self._names.write("articles")
        answer = self._server.call("GET", f"/{name}/_alias")
        if answer.status == 404:
            raise Refused(
                f"Elasticsearch has no index {self._names.prefix!r} yet; run the pipeline, or "
                "`python -m pipeline index setup`"
            )
        if answer.status != 200:
            raise Unexpected(f"{name}: {answer.status} {reason(answer.body)}")
        every = sorted(answer.body, key=lambda index: self._names.number("articles", index), reverse=True)
        written = [index for index in every if _is_written(answer.body[index]["aliases"].get(write))]
        return list(dict.fromkeys((*written, *every)))


def _is_written(alias: Json | None) -> bool:
    return alias is not None and bool(alias.get("is_write_index", True))


def _newer(one: Stored, other: Stored | None) -> Stored:
    """Of two documents of one article, which must not be, the one that was written last."""
    if other is None or _stamp(one) >= _stamp(other):
        return one
    return other


def _stamp(stored: Stored) -> list[list[int]]:
    return sorted((stored.source.get("news", {}).get("versions") or {}).values(), reverse=True)
