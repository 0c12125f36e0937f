"""Many feeds that mostly repeat themselves, as feeds do: polled every two seconds, a new item now and then.

Which item stands where follows from the clock and a seed alone, so that nothing is kept but what stands there now.
"""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.stream.feeds import listening
from tests.stream.plan import Item
from tests.stream.render import FORMATS
from tests.stream.texts import Writer

FEEDS, INTERVAL_S = 200, 2
# What stands in a feed, and how often one of all feeds gets a new item.
STANDING, NEW_EVERY_S = 5, 2.0


@dataclass
class News:
    """What the feeds show, and what they were asked. Feed number `n` gets a new item every FEEDS * NEW_EVERY_S
    seconds, the feeds in turn. The clock starts with the first request."""

    seed: int
    port: int = 0
    begun: float | None = None
    base: int = field(default_factory=lambda: int(time.time()))
    statuses: Counter[int] = field(default_factory=Counter)
    _items: dict[tuple[int, int], Item] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def sources(self) -> list[dict[str, Any]]:
        """The feeds as a config names them."""
        return [
            {"kind": "rss", "id": name(feed), "url": f"http://{host(feed)}/feed", "interval": f"{INTERVAL_S}s"}
            for feed in range(FEEDS)
        ]

    def hosts(self) -> dict[str, str]:
        """Where the invented hosts are."""
        return {host(feed): f"127.0.0.1:{self.port}" for feed in range(FEEDS)}

    @property
    def published(self) -> int:
        """How many items there have been until now."""
        return FEEDS * STANDING + self._turns()

    def _turns(self) -> int:
        return 0 if self.begun is None else int((time.monotonic() - self.begun) / NEW_EVERY_S)

    def newest(self, feed: int) -> int:
        """The number of the newest item of a feed, of which it has had that many and one."""
        return STANDING - 1 + max(0, self._turns() + FEEDS - 1 - feed) // FEEDS

    def shown(self, feed: int) -> tuple[int, list[Item]]:
        """The number of the newest item, and what stands in the feed, newest first."""
        with self._lock:
            if self.begun is None:
                self.begun = time.monotonic()
            newest = self.newest(feed)
            wanted = [(feed, number) for number in range(newest, newest - STANDING, -1)]
            self._items.pop((feed, newest - STANDING), None)
            return newest, [self._items.get(at) or self._items.setdefault(at, self._written(*at)) for at in wanted]

    def _written(self, feed: int, number: int) -> Item:
        writer = Writer(random.Random(f"{self.seed} {feed} {number}"))
        word = f"soak{feed}n{number}"
        told = (*writer.sentences(), f"Our pigeonhole for it is {word}.")
        return Item(word, f"https://{host(feed)}/{number}/{word}", writer.title(), told, int(time.time()) - self.base)


def name(feed: int) -> str:
    """A feed's id."""
    return f"feed-{feed:03}"


def host(feed: int) -> str:
    """A feed's invented host."""
    return f"{name(feed)}.news.example"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Any

    def do_GET(self) -> None:
        news: News = self.server.news
        feed = int(self.headers["Host"].partition(".")[0].removeprefix("feed-"))
        newest, items = news.shown(feed)
        kind, render = FORMATS[feed % 5]
        # Three of four can be asked conditionally; the others give the whole feed each time.
        given = {"ETag": f'"{newest}"'} if feed % 4 else {}
        status, body = 200, b""
        if given and self.headers["If-None-Match"] == given["ETag"]:
            status = 304
        else:
            body = render(name(feed), items, news.base).encode()
        news.statuses[status] += 1
        with contextlib.suppress(ConnectionError):
            self.send_response(status)
            for key, value in {"Content-Type": kind, **given, "Content-Length": str(len(body))}.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextlib.contextmanager
def serving(seed: int) -> Iterator[News]:
    """The feeds, on a free port of the loopback address."""
    news = News(seed)
    with listening(_Handler, news=news) as news.port:
        yield news
