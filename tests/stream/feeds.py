"""The feeds of a plan, served over HTTP on one port, and a receiver of webhooks that counts."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.stream.plan import AGENCY_FEEDS, FEEDS, HANG_AT, HANG_S, HANGING, INTERVAL_S, Item, Plan, host, name
from tests.stream.render import FORMATS

_FIXED_DATE = 1_700_000_000


@dataclass(slots=True)
class Request:
    """One request as the server saw it: monotonic time of arrival, the feed, whether it was conditional, the answer
    (0 while there is none)."""

    at: float
    feed: int
    conditional: bool
    status: int = 0


@dataclass
class Feeds:
    """The server's side of a plan. `pace` stretches the plan's clock; `slow_s` is waited before every answer.

    A revision (a showing with `over`) appears at its moment, but not before `release` was called for its URL: a feed
    shows the last text only, so that a first one that nobody was there to read would be gone for good.
    """

    plan: Plan
    port: int = 0
    pace: float = 1.0
    slow_s: float = 0.0
    requests: list[Request] = field(default_factory=list)
    served: dict[str, float] = field(default_factory=dict)
    begun: float | None = None
    base: int = 0
    under_way: Counter[int] = field(default_factory=Counter)
    closing: threading.Event = field(default_factory=threading.Event)
    _released: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def sources(self) -> list[dict[str, Any]]:
        """The feeds as a config names them."""
        return [
            {"kind": "rss", "id": name(feed), "url": f"http://{host(feed)}/feed", "interval": f"{INTERVAL_S}s"}
            | ({"agency": AGENCY_FEEDS[feed]} if feed in AGENCY_FEEDS else {})
            for feed in range(FEEDS)
        ]

    def hosts(self) -> dict[str, str]:
        """Where the invented hosts are."""
        return {host(feed): f"127.0.0.1:{self.port}" for feed in range(FEEDS)}

    def clock(self, at: float | None = None) -> float:
        """The plan's clock, now or at a monotonic moment; below 0 before the first request."""
        if self.begun is None:
            return -1.0
        return ((time.monotonic() if at is None else at) - self.begun) / self.pace

    def moment(self, clock: float) -> float:
        """The monotonic moment of a time of the plan's clock."""
        return (self.begun or 0.0) + clock * self.pace

    def release(self, url: str) -> None:
        """Let the revision of this item appear."""
        with self._lock:
            self._released.add(url)

    def begin(self) -> None:
        """Start the clock, once."""
        with self._lock:
            if self.begun is None:
                self.begun, self.base = time.monotonic(), int(time.time())

    def shown(self, feed: int) -> list[Item]:
        """What stands in a feed now, newest first."""
        now, items = self.clock(), {}
        for showing in self.plan.showings:
            if showing.feed == feed and showing.at <= now:
                url = showing.item.url
                if showing.over and url not in self._released:
                    continue
                items[url or showing.item.word] = showing.item
        return list(items.values())[::-1]

    def fails(self, feed: int) -> bool:
        """Whether the feed answers 500 now."""
        now = self.clock()
        return any(at <= now < at + length / self.pace for at, length in self.plan.failing.get(feed, ()))

    def hangs_for(self, feed: int) -> float:
        """For how many seconds a request to this feed hears nothing."""
        if feed != HANGING or self.clock() < HANG_AT:
            return self.slow_s
        return max(self.slow_s, self.moment(HANG_AT) + HANG_S - time.monotonic())

    def log(self, request: Request) -> None:
        """Remember a request."""
        with self._lock:
            self.requests.append(request)

    def of(self, feed: int, after: float = 0.0) -> list[Request]:
        """The requests of one feed that came after a monotonic moment, in order of arrival."""
        with self._lock:
            return sorted((r for r in self.requests if r.feed == feed and r.at >= after), key=lambda r: r.at)

    def busy(self) -> int:
        """How many requests are under way."""
        with self._lock:
            return sum(self.under_way.values())

    @contextlib.contextmanager
    def answering(self, feed: int) -> Iterator[None]:
        """While a request is under way."""
        with self._lock:
            self.under_way[feed] += 1
        try:
            yield
        finally:
            with self._lock:
                self.under_way[feed] -= 1


class _FeedHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Any

    def do_GET(self) -> None:
        at = time.monotonic()
        feeds: Feeds = self.server.feeds
        feeds.begin()
        feed = int(self.headers["Host"].partition(".")[0].removeprefix("feed-"))
        conditional = bool(self.headers["If-None-Match"] or self.headers["If-Modified-Since"])
        request = Request(at, feed, conditional)
        feeds.log(request)
        with feeds.answering(feed), contextlib.suppress(ConnectionError):
            feeds.closing.wait(feeds.hangs_for(feed))
            request.status, headers, body = self._answer(feeds, feed)
            self.send_response(request.status)
            for key, value in headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def _answer(self, feeds: Feeds, feed: int) -> tuple[int, dict[str, str], bytes]:
        if feeds.fails(feed):
            return 500, {}, b"out of order"
        items = feeds.shown(feed)
        kind, render = FORMATS[feed % 5]
        # Validators are the server's own business: one that can be compared as a text only will do.
        version = sum(len(item.sentences) for item in items)
        etag = f'{"W/" if feed % 4 == 0 else ""}"{feed}-{version}"'
        modified = formatdate(_FIXED_DATE + version, usegmt=True)
        validators = {0: {"ETag": etag}, 1: {"Last-Modified": modified}, 2: {"ETag": etag, "Last-Modified": modified}}
        given = validators.get(feed % 7, {"ETag": etag} if feed % 7 < 6 else {})
        asked = {"ETag": self.headers["If-None-Match"], "Last-Modified": self.headers["If-Modified-Since"]}
        if given and all(asked[key] == value for key, value in given.items()):
            return 304, given, b""
        for item in items:
            feeds.served.setdefault(item.url or item.word, time.monotonic())
        return 200, {"Content-Type": kind, **given}, render(name(feed), items, feeds.base).encode()

    def log_message(self, format: str, *args: Any) -> None:
        pass


def gives_validators(feed: int) -> bool:
    """Whether this feed can be asked conditionally."""
    return feed % 7 < 6


@dataclass
class Hook:
    """A webhook receiver: the Idempotency-Key of every POST that it took, in order."""

    port: int = 0
    keys: list[str] = field(default_factory=list)
    answer_s: float = 0.05

    @property
    def url(self) -> str:
        """Where to post."""
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def repeats(self) -> int:
        """How many POSTs had a key that was there before."""
        return len(self.keys) - len(set(self.keys))


class _HookHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Any

    def do_POST(self) -> None:
        with contextlib.suppress(ConnectionError):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.server.hook.keys.append(self.headers["Idempotency-Key"])
            # Long enough that a kill sometimes falls between the taking and the answer.
            time.sleep(self.server.hook.answer_s)
            self.send_response(204)
            self.send_header("Content-Length", "0")
            self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


@contextlib.contextmanager
def listening(handler: type[BaseHTTPRequestHandler], **known: Any) -> Iterator[int]:
    """A server that answers with `handler`, to whom `known` is known as its server's; the port of the loopback."""
    httpd = _Server(("127.0.0.1", 0), handler)
    vars(httpd).update(known)
    threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield httpd.server_address[1]
    finally:
        httpd.shutdown()
        httpd.server_close()


@contextlib.contextmanager
def serving(plan: Plan, pace: float = 1.0) -> Iterator[tuple[Feeds, Hook]]:
    """The feeds of a plan and a webhook receiver, each on a free port of the loopback address."""
    feeds, hook = Feeds(plan, pace=pace), Hook()
    with listening(_FeedHandler, feeds=feeds) as feeds.port, listening(_HookHandler, hook=hook) as hook.port:
        try:
            yield feeds, hook
        finally:
            feeds.closing.set()
