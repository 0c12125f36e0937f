"""The sample newsroom as a web server on the loopback: one port, the sites told apart by the Host header."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from functools import cached_property
from hashlib import sha256
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from pipeline.newsroom.compose import Item, compose
from pipeline.newsroom.expected import expected
from pipeline.newsroom.feeds import CONTENT_TYPES, feed_bytes
from pipeline.newsroom.load import load_plan
from pipeline.newsroom.markup import page_html
from pipeline.newsroom.model import DAY, SHOWN, Plan

_FAILS_EVERY = 4


@dataclass(frozen=True, slots=True)
class Hit:
    """One request answered: when (seconds UTC), for what, with which status, and whether it was conditional."""

    time: float
    host: str
    path: str
    status: int
    conditional: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """A response before it is written."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


class Newsroom:
    """A context manager that serves the sample day on a free port of 127.0.0.1.

    With `day_s` the day is squeezed into that many seconds from entering on; without (None or 0) there is no clock:
    the day stands at the fraction `at` (all published, unless told otherwise) and moves on only by `advance`. `waits`:
    the clock begins with the first request, as a cluster takes a while to start. `start` (seconds UTC, now by default)
    is when the day ends: all dates in the feeds lie in the 24 hours before. `faults` lets one request in four of the
    flaky feeds fail with 500, never the first of a feed and none after the day's end.
    """

    def __init__(
        self,
        day_s: float | None = 20.0,
        start: int | None = None,
        *,
        at: float = 1.0,
        faults: bool = True,
        plan: Plan | None = None,
        waits: bool = False,
    ) -> None:
        self._waits = waits
        self.plan = plan or load_plan()
        self.items = compose(self.plan)
        self.start = start if start is not None else int(time.time())
        self.hits: deque[Hit] = deque(maxlen=100_000)
        self._day_s, self._at, self._faults = day_s or 0.0, at, faults
        self._began = self._moved = time.time()
        self._asked: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._server: _Server | None = None
        self._sites = {o.domain: o for o in self.plan.outlets.values() if o.domain}
        self._feeds = {(self.plan.site(key).domain, o.path): key for key, o in self.plan.outlets.items()}
        self._pages = {(urlsplit(item.url).netloc, _page_path(item.url)): item for item in self.items}

    def __enter__(self) -> Newsroom:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.newsroom = self
        self._began = self._moved = time.time()
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="newsroom", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    @property
    def address(self) -> str:
        """`127.0.0.1:PORT`; raises RuntimeError outside the `with` block."""
        if self._server is None:
            raise RuntimeError("the newsroom is closed; enter it with `with Newsroom() as newsroom:`")
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def hosts(self) -> dict[str, str]:
        """Where each domain is served: {domain: "127.0.0.1:PORT"}, for a fetcher that maps hosts."""
        return dict.fromkeys(sorted(self._sites), self.address)

    @cached_property
    def sources(self) -> list[dict[str, str]]:
        """The feeds as entries of a config's `sources`."""
        out = []
        for key, outlet in self.plan.outlets.items():
            source = {"kind": "rss", "url": f"http://{self.plan.site(key).domain}{outlet.path}", "id": key}
            out.append(source | ({"agency": outlet.agency} if outlet.agency else {}))
        return out

    def second(self, now: float | None = None) -> float:
        """The second of the day (0 to 86,400) at `now`, seconds UTC."""
        if not self._day_s:
            return self._at * DAY
        if self._waits:
            return 0.0
        return min(max(((time.time() if now is None else now) - self._began) / self._day_s, 0.0), 1.0) * DAY

    def advance(self, to_fraction: float) -> int:
        """Move a day without a clock on to `to_fraction` (0 to 1); how many entries have appeared by then.

        Raises ValueError where the day has a clock, or would go back.
        """
        if self._day_s:
            raise ValueError("this day has a clock; make it with day_s=None to move it by hand")
        if not self._at <= to_fraction <= 1.0:
            raise ValueError(f"the day stands at {self._at} and cannot go to {to_fraction}")
        self._at, self._moved = to_fraction, time.time()
        return self.published()

    def published(self, now: float | None = None) -> int:
        """How many entries (listings in feeds) have appeared by `now`, seconds UTC."""
        second = self.second(now)
        return sum(len(item.feeds) for item in self.items if item.appears <= second)

    @property
    def finished(self) -> bool:
        """Whether the whole day is published, revisions included."""
        return self.second() >= DAY

    def expected(self, *, watched: bool | None = None) -> dict[str, Any]:
        """`expected.expected` for what has appeared by now; `watched` is whether there was a clock, unless given."""
        return expected(self.plan, self.second(), watched=bool(self._day_s) if watched is None else watched)

    def answer(self, host: str, target: str, headers: Mapping[str, str]) -> Answer:
        """What the site `host` says to a GET of `target` (path and query)."""
        if self._waits:
            self._waits, self._began = False, time.time()
            self._moved = self._began
        site, second = self._sites.get(host), self.second()
        path = target.split("?", maxsplit=1)[0]
        if site is None:
            return Answer(404, b"no such site\n")
        feed = self._feeds.get((host, path))
        if feed is not None:
            return self._feed(feed, second, headers)
        if path == "/robots.txt":
            lines = ["User-agent: *", *(f"Disallow: {prefix}" for prefix in site.disallow or ("",))]
            return Answer(200, "\n".join((*lines, "")).encode(), (("Content-Type", "text/plain; charset=utf-8"),))
        item = self._pages.get((host, _page_path(target)))
        if item is None or item.appears > second:
            return Answer(404, b"no such page\n", (("Content-Type", "text/plain"),))
        page = page_html(self.plan, item, item.state(second), self.start)
        body = page.encode(site.encoding, "xmlcharrefreplace")
        return Answer(200, body, (("Content-Type", f"text/html; charset={site.encoding}"),))

    def index(self) -> Answer:
        """The page for a visitor who has only the port: links to the feeds and to what they list."""
        second, rows = self.second(), []
        for source in self.sources:
            local = source["url"].removeprefix("http:/")
            shown = [item for item in self.items if item.appears <= second and source["id"] in item.feeds]
            links = "".join(
                f'<li><a href="{escape(item.url.removeprefix("http:/"))}">{escape(item.state(second).title)}</a></li>'
                for item in reversed(shown)
            )
            name = escape(self.plan.outlets[source["id"]].name)
            rows.append(f'<h2>{name}</h2><p><a href="{local}">{source["url"]}</a></p><ul>{links}</ul>')
        page = f'<!DOCTYPE html><meta charset="utf-8"><title>The sample newsroom</title>{"".join(rows)}'
        return Answer(200, page.encode(), (("Content-Type", "text/html; charset=utf-8"),))

    def _feed(self, key: str, second: float, headers: Mapping[str, str]) -> Answer:
        outlet = self.plan.outlets[key]
        with self._lock:
            self._asked[key] += 1
            asked = self._asked[key]
        if outlet.flaky and self._faults and asked % _FAILS_EVERY == 2 and second < DAY:
            return Answer(500, b"database error\n", (("Content-Type", "text/plain"),))
        listed = [item for item in self.items if item.appears <= second and key in item.feeds]
        body = feed_bytes(self.plan, key, listed[-SHOWN:][::-1], second, self.start)
        etag = f'"{sha256(body).hexdigest()[:16]}"'
        changed = self._changed(listed, second)
        validators: list[tuple[str, str]] = []
        if "etag" in outlet.validators:
            validators.append(("ETag", etag))
        # A date of this very second could hide a second change within it.
        if "last-modified" in outlet.validators and time.time() >= changed + 1:
            validators.append(("Last-Modified", formatdate(changed, usegmt=True)))
        if _unchanged(headers, dict(validators), changed):
            return Answer(304, b"", tuple(validators))
        return Answer(200, body, (("Content-Type", CONTENT_TYPES[outlet.format]), *validators))

    def _changed(self, listed: list[Item], second: float) -> int:
        """When the feed last changed, seconds UTC rounded down."""
        if not self._day_s:
            return int(self._moved)
        seconds = [s for item in listed for s in (item.appears, *(state.since for state in item.states)) if s <= second]
        return int(self._began + max(seconds, default=0) / DAY * self._day_s)


def _page_path(url: str) -> str:
    """Path and query without tracking parameters, percent-escapes decoded: the name of a page on its site."""
    parts = urlsplit(url)
    query = "&".join(p for p in parts.query.split("&") if p and not p.startswith(("utm_", "fbclid=")))
    return unquote(f"{parts.path}?{query}" if query else parts.path)


def _unchanged(headers: Mapping[str, str], validators: Mapping[str, str], changed: int) -> bool:
    """Whether the client holds what is there: an entity tag, where given, decides alone (RFC 9110, 13.2.2)."""
    tags = headers.get("If-None-Match")
    if tags is not None:
        held = [tag.strip().removeprefix("W/") for tag in tags.split(",")]
        return "ETag" in validators and validators["ETag"] in held
    since = headers.get("If-Modified-Since")
    if since is None or "Last-Modified" not in validators:
        return False
    try:
        return parsedate_to_datetime(since).timestamp() >= changed
    except (TypeError, ValueError):
        return False


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    newsroom: Newsroom

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A reader that hangs up in mid-answer is no fault of the server's; anything else is, and is shown."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "SampleNewsroom"
    timeout = 30
    server: _Server

    def do_GET(self) -> None:
        newsroom, target = self.server.newsroom, self.path
        host = self.headers.get("Host", "").split(":")[0].lower()
        if host in {"127.0.0.1", "localhost", ""}:
            # Without a host map: /DOMAIN/PATH stands for http://DOMAIN/PATH.
            host, _, rest = target.lstrip("/").partition("/")
            target = f"/{rest}"
        answer = newsroom.index() if not host else newsroom.answer(host, target, self.headers)  # type: ignore[arg-type]
        conditional = any(name in self.headers for name in ("If-None-Match", "If-Modified-Since"))
        newsroom.hits.append(Hit(time.time(), host, target, answer.status, conditional))
        self._write(answer)

    do_HEAD = do_GET

    def _write(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        if answer.status != 304:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: `hits` keeps the requests."""
