"""A local HTTP server whose every path behaves as a test says, a tiny proxy, and a store in memory."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from transforms.feeds.specs import FetchPolicy

LOOPBACK = ("127.0.0.0/8",)


@dataclass
class Seen:
    path: str
    headers: dict[str, str]
    at: float


Behaviour = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Any

    def do_GET(self) -> None:
        headers = {k.lower(): v for k, v in self.headers.items()}
        self.server.seen.append(Seen(self.path, headers, time.monotonic()))
        behaviour = self.server.behaviours.get(self.path.partition("?")[0])
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            if behaviour is None:
                self.answer(404, b"")
            else:
                behaviour(self)

    def answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@dataclass
class Server:
    port: int
    seen: list[Seen]
    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    closing: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def serve(self, path: str, body: bytes = b"", status: int = 200, **headers: str) -> str:
        fixed = {name.replace("_", "-"): value for name, value in headers.items()}
        self.behaviours[path] = lambda handler: handler.answer(status, body, fixed)
        return self.url(path)

    def do(self, path: str, behaviour: Behaviour) -> str:
        self.behaviours[path] = behaviour
        return self.url(path)

    def requests(self, path: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.path.partition("?")[0] == path]

    def sleep(self, seconds: float) -> None:
        """Until then, or until the server closes."""
        self.closing.wait(seconds)


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


@contextlib.contextmanager
def running_server(handler: type[BaseHTTPRequestHandler] = Handler) -> Iterator[Server]:
    httpd = _Quiet(("127.0.0.1", 0), handler)
    server = Server(httpd.server_address[1], [])
    httpd.seen, httpd.behaviours = server.seen, server.behaviours  # type: ignore[attr-defined]
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        httpd.shutdown()
        httpd.server_close()


class ProxyHandler(Handler):
    """Forwards absolute http URLs to 127.0.0.1 at the URL's port, whatever the name."""

    def do_GET(self) -> None:
        headers = {k.lower(): v for k, v in self.headers.items()}
        self.server.seen.append(Seen(self.path, headers, time.monotonic()))
        authority, _, path = self.path.removeprefix("http://").partition("/")
        port = int(authority.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), 5) as upstream:
            upstream.sendall(f"GET /{path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n".encode())
            while chunk := upstream.recv(65536):
                self.wfile.write(chunk)
        self.close_connection = True


class MemoryStore:
    """Progress as an index keeps it, with a log of what was stored when."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.lock = threading.Lock()
        self.requested: list[tuple[str, int, float]] = []

    def feeds(self, readers: Collection[str] | None = None) -> dict[str, dict[str, Any]]:
        with self.lock:
            rows = {reader: dict(row) for reader, row in self.rows.items()}
        return rows if readers is None else {reader: rows[reader] for reader in readers if reader in rows}

    def mark_requested(self, reader: str, at_ms: int) -> None:
        with self.lock:
            self.rows.setdefault(reader, {})["requested_ms"] = at_ms
            self.requested.append((reader, at_ms, time.monotonic()))

    def commit_poll(self, reader: str, batch: int, progress: dict[str, Any]) -> bool:
        with self.lock:
            row = self.rows.get(reader, {})
            if batch <= (row.get("batch") or 0):
                return False
            self.rows[reader] = {**progress, "batch": batch, "requested_ms": row.get("requested_ms")}
            return True


def policy(**changes: Any) -> FetchPolicy:
    """A policy for the local server: loopback allowed, no environment proxies, short times."""
    settings = {"allow_addresses": LOOPBACK, "use_proxies": False, "timeout_s": 2.0, "step_timeout_s": 1.0,
                "per_host_delay_s": 0.05, "threads": 8}  # fmt: skip
    return FetchPolicy(**{**settings, **changes})


def rss(*items: tuple[str, str, str]) -> bytes:
    """A feed of (guid, title, content) items."""
    body = "".join(
        f"<item><guid isPermaLink='false'>{guid}</guid><link>http://news.example/{guid}</link><title>{title}</title>"
        f"<content:encoded><![CDATA[<p>{text}</p>]]></content:encoded></item>"
        for guid, title, text in items
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">'
        f"<channel><title>Test wire</title>{body}</channel></rss>"
    ).encode()


LONG = "The harbour council of the invented town of Verrin approved a new ferry timetable after a long debate. " * 8
