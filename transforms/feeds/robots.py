"""What a site's robots.txt allows us, remembered per origin (RFC 9309)."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

from protego import Protego

from transforms.feeds.guard import origin_of
from transforms.feeds.http import Fetched, Fetcher
from transforms.feeds.specs import AGENT_NAME

log = logging.getLogger(__name__)
_MAX_BYTES = 500 * 1024
_FRESH_S = 86_400.0
_RETRY_S = 600.0
_REMEMBERED = 2000
_MAX_DELAY_S = 60.0


@dataclass(frozen=True, slots=True)
class Permission:
    """Whether a page may be fetched, why not, and the seconds that the site wants between two requests."""

    allowed: bool
    reason: str = ""
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True)
class _Rules:
    until: float
    rules: Protego | None
    closed: str = ""


class Robots:
    """Thread-safe. One fetch of robots.txt per origin and day; ten minutes after one that failed."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._known: OrderedDict[tuple[str, str, int], _Rules] = OrderedDict()
        self._lock = threading.Lock()

    def permission(self, url: str) -> Permission:
        """For a http(s) URL that the guard has taken. May fetch robots.txt; never raises for what a site does."""
        rules = self._rules(url)
        if rules.closed:
            return Permission(False, rules.closed)
        if rules.rules is None:
            return Permission(True)
        try:
            allowed = bool(rules.rules.can_fetch(url, AGENT_NAME))
            delay = float(rules.rules.crawl_delay(AGENT_NAME) or 0.0)
        except (ValueError, OverflowError):
            return Permission(False, "robots: robots.txt cannot be applied to this URL")
        reason = "" if allowed else "robots: robots.txt disallows this page"
        return Permission(allowed, reason, min(max(delay, 0.0), _MAX_DELAY_S))

    def _rules(self, url: str) -> _Rules:
        origin = origin_of(url)
        with self._lock:
            known = self._known.get(origin)
        if known is not None and known.until > time.monotonic():
            return known
        host = f"[{origin[1]}]" if ":" in origin[1] else origin[1]
        fetched = self._fetcher.get(f"{origin[0]}://{host}:{origin[2]}/robots.txt", accept="text/plain, */*;q=0.5",
                                    max_bytes=_MAX_BYTES)  # fmt: skip
        rules = _read(fetched)
        with self._lock:
            self._known[origin] = rules
            self._known.move_to_end(origin)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return rules


def _read(fetched: Fetched) -> _Rules:
    now = time.monotonic()
    if fetched.error is None and fetched.status in (200, 203):
        try:
            return _Rules(now + _FRESH_S, Protego.parse(fetched.body.decode("utf-8", "replace")))
        except Exception as error:
            log.warning("robots.txt could not be read: %s", type(error).__name__)
            return _Rules(now + _RETRY_S, None, "robots: robots.txt cannot be read")
    if 400 <= fetched.status < 500 and fetched.status != 429:
        return _Rules(now + _FRESH_S, None)
    return _Rules(now + _RETRY_S, None, f"robots: robots.txt could not be had ({fetched.code})")
