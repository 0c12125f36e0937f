"""What a poller is told: the feeds to read, and how carefully."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import unquote

from transforms.records import Json, Source

_USERINFO = re.compile(r"^(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)(?P<user>[^/?#@]*)@")
USER_AGENT = "news-monitor/0.1 (feed reader)"
AGENT_NAME = "news-monitor"


@dataclass(frozen=True, slots=True)
class Secret:
    """What a feed's own server needs to let us in. Sent to the feed's own origin only; never shown."""

    auth: tuple[str, str] | None = field(default=None, repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)


def split_credentials(url: str) -> tuple[str, tuple[str, str] | None]:
    """A URL without its `user:password@`, and these two (percent-decoded) if it had them."""
    found = _USERINFO.match(url)
    if not found:
        return url, None
    user, _, password = found["user"].partition(":")
    return found["scheme"] + url[found.end() :], (unquote(user), unquote(password))


@dataclass(frozen=True)
class FeedSpec:
    """One feed. Credentials in `url` move to `auth`, so that `url` can be shown.

    `interval_s` is the time between the starts of two requests while all is well; `headers` are extra, possibly secret,
    request headers; `language` is a hint (ISO 639-1) for entries that name none.
    """

    id: str
    url: str
    source: Source
    interval_s: float = 300.0
    language: str | None = None
    auth: tuple[str, str] | None = field(default=None, repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        url, auth = split_credentials(self.url)
        object.__setattr__(self, "url", url)
        object.__setattr__(self, "auth", self.auth or auth)
        if self.interval_s <= 0:
            raise ValueError(f"feed {self.id}: the interval must be above 0 s")

    @property
    def reader(self) -> str:
        """The feed's name in origins, polls and the store."""
        return f"feed:{self.id}"

    @property
    def secret(self) -> Secret:
        """The feed's credentials and headers."""
        return Secret(self.auth, self.headers)

    @property
    def url_mark(self) -> str:
        """A short hash of the configured URL: progress made under another URL carries no validators over."""
        return hashlib.sha256(self.url.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True)
class FetchPolicy:
    """How all feeds are fetched. Sizes in bytes, times in seconds.

    `allow_addresses` (CIDR) adds to public addresses. `hosts` maps a host name to the "ADDRESS" or "ADDRESS:PORT" to
    connect to instead of asking DNS; that address is guarded like any other. `timeout_s` bounds a request with all its
    redirects, `page_budget_s` the reading of all pages of one poll, `queue` what waits for `drain`.
    """

    allow_addresses: tuple[str, ...] = ()
    hosts: Mapping[str, str] = field(default_factory=dict)
    user_agent: str = USER_AGENT
    max_bytes: int = 10 * 2**20
    max_inflated: int = 20 * 2**20
    max_redirects: int = 5
    max_entries: int = 500
    timeout_s: float = 30.0
    step_timeout_s: float = 15.0
    threads: int = 32
    queue: int = 2000
    pages: bool = True
    page_threads: int = 8
    page_bytes: int = 2 * 2**20
    page_budget_s: float = 300.0
    per_host_delay_s: float = 2.0
    use_proxies: bool = True


class FeedStore(Protocol):
    """Where progress is kept: the part of `transforms.index.interface.Index` that polling needs."""

    def feeds(self, readers: Collection[str] | None = None) -> dict[str, Json]:
        """The stored progress of these feeds (None: of all) by reader, with `requested_ms` and `batch`."""

    def mark_requested(self, reader: str, at_ms: int) -> None:
        """Stored before a request is made, so that a restart does not poll early."""

    def commit_poll(self, reader: str, batch: int, progress: Json) -> bool:
        """Store a feed's progress if `batch` is above the stored one."""
