"""A server as one caller reaches it: searches that are whole or fail, and documents that are replaced only as read.

Several hands write the small documents (alerts, feeds, the epoch, the lease). Each is read, changed and put back on
condition that nobody has written it meanwhile; else it is read again and decided again. A request whose answer was lost
is sent again by `Server`: where the first had arrived the second is refused, so that it, too, is read and decided
again.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import quote

from transforms.elastic.client import Answer, Lost, Patience, Server, reason
from transforms.elastic.names import Names, sound
from transforms.errors import Refused
from transforms.index.documents import parts
from transforms.index.interface import IndexAway
from transforms.records import Json

_AT_ONCE = 500
# A search that found only some shards would be an answer that is wrong without saying so.
_WHOLE = {"allow_partial_search_results": "false"}


class Unexpected(RuntimeError):
    """The server refused a request that it should have taken: the program or the server has a fault."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A stored document, with what tells whether it is still the same when it is replaced."""

    index: str
    id: str
    source: Json
    seq_no: int
    term: int

    def same(self) -> Json:
        """The condition under which it may be replaced."""
        return {"if_seq_no": self.seq_no, "if_primary_term": self.term}


class Reach:
    """`server` and the names of its indices. `patient` as `Server.call` has it: None as the server was opened."""

    def __init__(self, server: Server, patient: bool | None = None) -> None:
        self.server, self._patient = server, patient
        self.prefix = server.spec.prefix
        names = Names(self.prefix)
        self.articles, self.health, self.health_write = names.of("articles"), names.of("health"), names.write("health")
        self.stories, self.alerts, self.feeds = names.of("stories"), names.of("alerts"), names.of("feeds")
        self.revisions, self.forgotten, self.meta = names.of("revisions"), names.of("forgotten"), names.of("meta")
        self.judgements = names.of("judgements")
        self._lock = threading.Lock()
        self._wrote: Counter[str] = Counter()
        self._seen: dict[str, int] = {}

    def impatient(self) -> Reach:
        """The same server, not waited for."""
        return Reach(self.server, patient=False)

    def _ask(self, method: str, path: str, body: Json | bytes | None = None, params: Json | None = None) -> Answer:
        return self.server.call(method, path, body, params, patient=self._patient)

    def _fine(self, method: str, path: str, body: Json | bytes | None = None, params: Json | None = None) -> Json:
        answer = self._ask(method, path, body, params)
        if answer.status >= 400:
            self._refused(f"{method} {path}", answer)
        return answer.body

    def _refused(self, what: str, answer: Answer) -> NoReturn:
        said = reason(answer.body)
        if answer.status == 404 and "index_not_found_exception" in said:
            raise Refused(
                f"Elasticsearch has no index {self.prefix!r} yet; run the pipeline, or `python -m pipeline index setup`"
            )
        raise Unexpected(f"{what}: {answer.status} {said}")

    def refresh(self, *names: str) -> None:
        """Make all that is written to these indices visible to searches."""
        self._fine("POST", f"/{','.join(names)}/_refresh")

    def wrote(self, name: str) -> None:
        """This process has written to an index what `catch_up` must show."""
        with self._lock:
            self._wrote[name] += 1

    def catch_up(self, *names: str, own: bool = True) -> None:
        """Make visible to searches what others had written before the first look of this process, and what is its `own`
        since. Who is the only one that writes need not refresh more often."""
        with self._lock:
            now = {name: self._wrote[name] for name in names}
            old = [name for name in names if name not in self._seen or (own and self._seen[name] != now[name])]
        if old:
            self.refresh(*old)
            with self._lock:
                self._seen.update((name, max(now[name], self._seen.get(name, 0))) for name in old)

    def search(self, names: str, body: Json, **params: str) -> Json:
        """The answer to a search, of all shards."""
        return self._fine("POST", f"/{names}/_search", body, {**_WHOLE, **params})

    def count(self, name: str, query: Json) -> int:
        """How many documents fit."""
        answer = self.search(name, {"size": 0, "query": query, "track_total_hits": True})
        return int(answer["hits"]["total"]["value"])

    def open_point(self, names: Sequence[str], keep: str) -> str:
        """The id of a point in time of these indices."""
        return str(self._fine("POST", f"/{','.join(names)}/_pit", None, {"keep_alive": keep})["id"])

    def search_point(self, body: Json, **params: str) -> Json | None:
        """The answer to a search in a point in time; None where the server has it no more."""
        answer = self._ask("POST", "/_search", body, {**_WHOLE, **params})
        if answer.status == 404:
            return None
        if answer.status >= 400:
            self._refused("search", answer)
        return answer.body

    def close_point(self, point: str) -> None:
        """Let go of a point in time. One that cannot be closed now ends by itself."""
        with suppress(IndexAway):
            self.server.call("DELETE", "/_pit", {"id": point}, patient=False)

    def get(self, name: str, key: str) -> Kept | None:
        """The document with this id as it stands at this moment."""
        return self.several(name, [key]).get(key)

    def several(self, name: str, keys: Iterable[str]) -> dict[str, Kept]:
        """Those with these ids, by id, as they stand at this moment."""
        wanted = [key for key in dict.fromkeys(keys) if sound(key)]
        told = (one for part in parts(wanted, _AT_ONCE) for one in self._read(name, part) if one.get("found"))
        kept = (Kept(one["_index"], one["_id"], one["_source"], one["_seq_no"], one["_primary_term"]) for one in told)
        return {one.id: one for one in kept}

    def _read(self, name: str, keys: list[str]) -> list[Json]:
        """What the server tells of each; where it cannot read one now, they are asked for again."""
        with self.server.patience(self._patient) as patience:
            while True:
                told: list[Json] = self._fine("POST", f"/{name}/_mget", {"ids": keys})["docs"]
                failed = next((one for one in told if "error" in one), None)
                if failed is None:
                    return told
                if "index_not_found_exception" in str(failed):
                    self._refused(name, Answer(404, failed))
                patience.pause(Lost(f"it cannot read {name} now: {reason(failed)}", refused=False))

    def put(self, name: str, key: str, source: Json, before: Kept | None) -> bool:
        """Store a document where it stands as `before` (None: where there is none). False where it does not."""
        params = {"op_type": "create"} if before is None else before.same()
        answer = self._ask("PUT", f"/{before.index if before else name}/_doc/{quote(key, safe='')}", source, params)
        if answer.status in (404, 409):
            return False
        if answer.status >= 400:
            self._refused(f"{name}/{key}", answer)
        return True

    def change(self, name: str, key: str, decide: Callable[[Json | None], Json | None]) -> Json | None:
        """Replace a document by what `decide` makes of it (of None where there is none), until nobody else comes
        between; None leaves it. Returns what was stored."""
        tries = 0
        while True:
            before = self.get(name, key)
            after = decide(before.source if before else None)
            if after is None or self.put(name, key, after, before):
                return after
            tries += 1
            time.sleep(random.random() * min(0.2, 0.002 * 2**tries))

    def patience(self) -> Patience:
        """For one who sends again by itself: pause between tries."""
        return self.server.patience(self._patient)

    def bulk(self, body: bytes) -> Json:
        """The answer to a bulk request, given as lines of JSON."""
        return self._fine("POST", "/_bulk", body)

    def drop(self, name: str, key: str) -> None:
        """Delete a document, if it is there."""
        self._ask("DELETE", f"/{name}/_doc/{quote(key, safe='')}")
