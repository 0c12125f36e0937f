"""A receiver of webhooks that misbehaves as it is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


@dataclass
class Received:
    key: str
    headers: dict[str, str]
    body: bytes
    path: str


@dataclass
class Receiver:
    """`answer` gives (status, headers) for the n-th request, counted from 0."""

    answer: Callable[[int], tuple[int, dict[str, str]]] = lambda _n: (200, {})
    delay_s: float = 0.0
    endless: bool = False
    requests: list[Received] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def keys(self) -> list[str]:
        return [request.key for request in self.requests]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    state, lock = Receiver(), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            with lock:
                number = len(state.requests)
                headers = {name.lower(): value for name, value in self.headers.items()}
                state.requests.append(Received(headers.get("idempotency-key", ""), headers, body, self.path))
            time.sleep(state.delay_s)
            status, extra = state.answer(number)
            self.send_response(status)
            for name, value in extra.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                while state.endless:
                    self.wfile.write(b"x" * 1024)
                    time.sleep(0.01)
            except OSError:
                return

        def do_GET(self) -> None:
            with lock:
                state.requests.append(Received("GET", {}, b"", self.path))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield state
    state.endless = False
    server.shutdown()
    server.server_close()
