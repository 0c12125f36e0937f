"""A proxy in front of a real Elasticsearch that goes wrong as it is told, and writes down what it was asked.

A rule says which requests (method, path, and what stands in the body; the nth of those, so many times) and what happens
to them. Whatever no rule takes is passed on. Behaviours are functions of an `Exchange`; those here never apply what
they refuse, and say where they apply what they do not confirm.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

Json = dict[str, Any]
HANG_S = 60.0
ERRORS = {400: "document_parsing_exception", 409: "version_conflict_engine_exception",
          429: "es_rejected_execution_exception", 503: "unavailable_shards_exception"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the server."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Exchange:
    """One request on its way, and what has become of it."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    handler: BaseHTTPRequestHandler
    upstream: str
    at: float = field(default_factory=time.monotonic)
    behaviour: str = "passed"
    forwarded: bytes | None = None  # the body as it went on; None where nothing did

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    def forward(self, body: bytes | None = None) -> Reply:
        """Pass it on, perhaps with another body; the server's answer."""
        self.forwarded = self.body if body is None else body
        host = urlsplit(self.upstream)
        connection = http.client.HTTPConnection(host.hostname or "", host.port, timeout=HANG_S)
        try:
            headers = {**self.headers, "content-length": str(len(self.forwarded))}
            connection.request(self.method, self.target, self.forwarded, headers)
            answer = connection.getresponse()
            kept = {name: value for name, value in answer.getheaders() if name.lower() in KEPT}
            return Reply(answer.status, kept, answer.read())
        finally:
            connection.close()

    def answer(self, reply: Reply, cut: int | None = None) -> None:
        """Send an answer; with `cut` only so many bytes of it, and then the end of the connection."""
        self.handler.send_response_only(reply.status)
        for name, value in reply.headers.items():
            self.handler.send_header(name, value)
        self.handler.send_header("Content-Length", str(len(reply.body)))
        self.handler.end_headers()
        if self.method != "HEAD":
            self.handler.wfile.write(reply.body[:cut])
        if cut is not None:
            self.handler.wfile.flush()
            self.end()

    def end(self, reset: bool = False) -> None:
        """End the connection; with `reset` not in order."""
        self.handler.close_connection = True
        if reset:
            linger = struct.pack("ii", 1, 0)
            self.handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.handler.connection.close()
        else:
            with contextlib.suppress(OSError):
                self.handler.connection.shutdown(socket.SHUT_RDWR)

    def hang(self) -> None:
        """Say nothing until the other side has gone."""
        self.handler.connection.settimeout(HANG_S)
        with contextlib.suppress(OSError):
            self.handler.connection.recv(1)
        self.end()


KEPT = {"content-type", "x-elastic-product", "location"}
PRODUCT = {"x-elastic-product": "Elasticsearch", "content-type": "application/vnd.elasticsearch+json;compatible-with=9"}
Behaviour = Callable[[Exchange], None]


@dataclass(slots=True)
class Rule:
    """`path` and `body` are searched for as patterns. It takes the requests from the `nth` on, `times` of them."""

    method: str
    path: str
    behaviour: Behaviour
    nth: int = 1
    times: int = 1
    body: str = ""
    met: int = 0
    taken: int = 0

    def takes(self, exchange: Exchange) -> bool:
        """Whether this one is for it; counts."""
        fits = exchange.method == self.method and re.fullmatch(self.path, exchange.path)
        if not fits or not re.search(self.body.encode(), exchange.body):
            return False
        self.met += 1
        if self.met < self.nth or self.taken >= self.times:
            return False
        self.taken += 1
        return True


class Proxy:
    """The proxy: `url` is its address; `seen` are all requests, in the order of their arrival."""

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        self.rules: list[Rule] = []
        self.seen: list[Exchange] = []
        self._lock = threading.Lock()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def _any(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                proxy._exchange(self, self.rfile.read(length))

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _any

            def log_message(self, *_: Any) -> None:
                pass

            def handle(self) -> None:
                with contextlib.suppress(OSError):
                    super().handle()

            def finish(self) -> None:
                with contextlib.suppress(OSError, ValueError):
                    super().finish()

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="fault proxy", daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def rule(self, method: str, path: str, behaviour: Behaviour, **more: Any) -> Rule:
        """One more rule; the first that takes a request has it."""
        made = Rule(method, path, behaviour, **more)
        with self._lock:
            self.rules.append(made)
        return made

    def bulks(self) -> list[Exchange]:
        """Those of `seen` that write articles."""
        return [one for one in self.seen if one.path.endswith("/_bulk") and b"-articles-" in one.body[:300]]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _exchange(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        headers = {name.lower(): value for name, value in handler.headers.items()}
        headers.pop("connection", None)
        exchange = Exchange(handler.command, handler.path, headers, body, handler, self.upstream)
        with self._lock:
            self.seen.append(exchange)
            rule = next((rule for rule in self.rules if rule.takes(exchange)), None)
        if rule is None:
            exchange.answer(exchange.forward())
        else:
            exchange.behaviour = getattr(rule.behaviour, "__name__", "?")
            rule.behaviour(exchange)


@contextlib.contextmanager
def faulty(upstream: str) -> Iterator[Proxy]:
    """A proxy before this server."""
    proxy = Proxy(upstream)
    try:
        yield proxy
    finally:
        proxy.close()


def operations(body: bytes) -> list[tuple[str, bytes]]:
    """The operations of a bulk of articles: the id, and the two lines."""
    lines = body.splitlines(keepends=True)
    return [
        (next(iter(json.loads(action).values()))["_id"], action + source)
        for action, source in zip(lines[::2], lines[1::2], strict=True)
    ]


# Behaviours. Each makes a function with a name of its own, which stands in `Exchange.behaviour`.


def passed(exchange: Exchange) -> None:
    """As if the proxy were not there."""
    exchange.answer(exchange.forward())


def items(statuses: Callable[[int, str], int | None]) -> Behaviour:
    """Of a bulk, the items for which `statuses(position, id)` gives a status are refused with it and not applied."""

    def some_items(exchange: Exchange) -> None:
        asked = operations(exchange.body)
        refused = {n: status for n, (key, _) in enumerate(asked) if (status := statuses(n, key)) is not None}
        left = b"".join(lines for n, (_, lines) in enumerate(asked) if n not in refused)
        told = json.loads(exchange.forward(left).body)["items"] if left else []
        applied = iter(told)
        action = next(iter(json.loads(exchange.body.split(b"\n", 1)[0])))
        answer = [
            {action: {"_id": key, "status": refused[n], "error": _error(refused[n])}} if n in refused else next(applied)
            for n, (key, _) in enumerate(asked)
        ]
        exchange.answer(Reply(200, PRODUCT, json.dumps({"errors": bool(refused), "items": answer}).encode()))

    return some_items


def whole(status: int, retry_after: str | None = None, applied: bool = False) -> Behaviour:
    """The whole request is answered with this status; with `applied` it was done all the same."""

    def refused_whole(exchange: Exchange) -> None:
        if applied:
            exchange.forward()
        after = {"Retry-After": retry_after} if retry_after else {}
        body = json.dumps({"error": _error(status), "status": status}).encode()
        exchange.answer(Reply(status, {**PRODUCT, **after}, body))

    return refused_whole


def reset(applied: bool = False) -> Behaviour:
    """The connection is reset, after it was done or before."""

    def resets(exchange: Exchange) -> None:
        if applied:
            exchange.forward()
        exchange.end(reset=True)

    return resets


def silent(applied: bool, meanwhile: Callable[[], None] = lambda: None) -> Behaviour:
    """No answer comes, after it was done or before."""

    def says_nothing(exchange: Exchange) -> None:
        if applied:
            exchange.forward()
        meanwhile()
        exchange.hang()

    return says_nothing


def cut(share: float = 0.5) -> Behaviour:
    """It is done; of the answer only a part comes."""

    def cuts(exchange: Exchange) -> None:
        reply = exchange.forward()
        exchange.answer(reply, int(len(reply.body) * share))

    return cuts


def garbage(body: bytes = b'{"took": 3, "items": [}', applied: bool = True) -> Behaviour:
    """It is done, or not; the answer is 200 and says something else."""

    def talks_rubbish(exchange: Exchange) -> None:
        if applied:
            exchange.forward()
        exchange.answer(Reply(200, PRODUCT, body))

    return talks_rubbish


def too_large(documents: int, poison: frozenset[str] = frozenset(), status: int = 413) -> Behaviour:
    """Refuses whole a bulk of more than so many documents, or with one of the poisonous ids in it."""

    def finds_it_too_large(exchange: Exchange) -> None:
        keys = [key for key, _ in operations(exchange.body)]
        if len(keys) > documents or poison.intersection(keys):
            body = b"" if status == 413 else json.dumps({"error": _error(status), "status": status}).encode()
            exchange.answer(Reply(status, PRODUCT, body))
        else:
            exchange.answer(exchange.forward())

    return finds_it_too_large


def slow(seconds: float) -> Behaviour:
    """It is done, and the answer comes late."""

    def is_slow(exchange: Exchange) -> None:
        reply = exchange.forward()
        time.sleep(seconds)
        exchange.answer(reply)

    return is_slow


def mended(change: Callable[[Json], Json]) -> Behaviour:
    """It is done, and its answer changed."""

    def changes(exchange: Exchange) -> None:
        reply = exchange.forward()
        exchange.answer(Reply(reply.status, reply.headers, json.dumps(change(json.loads(reply.body))).encode()))

    return changes


def _error(status: int) -> Mapping[str, Any]:
    return {"type": ERRORS.get(status, "exception"), "reason": f"made up: {status}"}
