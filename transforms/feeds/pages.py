"""The full text of an entry whose feed carries only a summary, read from its page."""

from __future__ import annotations

import html
import logging
import re
from dataclasses import dataclass, replace

import trafilatura

from transforms.feeds.encodings import decode
from transforms.feeds.guard import Refused
from transforms.feeds.http import Fetcher
from transforms.feeds.parse import RawItem
from transforms.feeds.robots import Robots
from transforms.feeds.scan import without_tags
from transforms.records import SUMMARY, Entry
from transforms.text import words

log = logging.getLogger(__name__)
_SHORT_CHARS = 500
_SHORT_WORDS = 80
# trafilatura takes about 50 µs a tag; real articles have a few thousand.
_MAX_TAGS = 30_000
_ACCEPT = "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"
_HTML = re.compile(r"(text/html|application/xhtml\+xml|text/plain)?\s*(;|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PageText:
    """A page's text and the URL that it came from, or `error` ("code: reason") and no text.

    `delay_s` is what the site asks for between two requests.
    """

    text: str = ""
    url: str = ""
    error: str | None = None
    delay_s: float = 0.0


def needs_page(item: RawItem) -> bool:
    """Whether an item has an address but no more text than a summary: under 80 words and 500 characters in all."""
    if not item.url:
        return False
    text = max((plain(part) for part in (item.html, item.body, item.summary)), key=len)
    return len(text) < _SHORT_CHARS and len(words(text)) < _SHORT_WORDS


def plain(markup: str | None) -> str:
    """Markup as one line of text: good enough to count with."""
    return " ".join(html.unescape(without_tags(markup or "")).split())


def with_page(entry: Entry, page: PageText) -> Entry:
    """The entry with its page's text as body; as it was, with the reason, where that could not be had."""
    if page.error is not None:
        return replace(entry, method=SUMMARY, extra={**entry.extra, "page_error": page.error})
    extraction = {"method": "trafilatura", "url": page.url}
    return replace(entry, body=page.text, html=None, method="page", extra={**entry.extra, "extraction": extraction})


class PageReader:
    """Reads pages: guarded, with robots.txt asked first. Thread-safe; the caller spaces requests to a host."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher, self._robots = fetcher, Robots(fetcher)

    def read(self, item: RawItem) -> PageText:
        """The text of `item.url`'s page; anything that goes wrong is in the answer."""
        try:
            url = str(self._fetcher.guard.url(item.url or ""))
        except Refused as error:
            return PageText(error=f"{error.code}: {error.reason}")
        permission = self._robots.permission(url)
        if not permission.allowed:
            return PageText(error=permission.reason, delay_s=permission.delay_s)
        fetched = self._fetcher.get(url, accept=_ACCEPT, max_bytes=self._fetcher.policy.page_bytes)
        page = PageText(url=fetched.url, error=fetched.error, delay_s=permission.delay_s)
        if fetched.error is not None:
            return page
        if fetched.status == 304 or not _HTML.match(fetched.content_type):
            return replace(page, error="not-html: the page is no HTML")
        text = extract(decode(fetched.body, fetched.content_type, meta=True)[0], fetched.url)
        if text is None:
            return replace(page, error="extraction: no article text was found in the page")
        if len(text) <= max(len(plain(item.summary)), len(plain(item.html)), len(item.body or "")):
            return replace(page, error="extraction: the page's text is no longer than the summary")
        return replace(page, text=text)


def extract(markup: str, url: str = "") -> str | None:
    """The article text of a HTML page, a paragraph a line; None where there is none or the page is monstrous."""
    if markup.count("<") > _MAX_TAGS:
        return None
    try:
        text = trafilatura.extract(markup, url=url or None, fast=True, include_comments=False, include_tables=False)
    except Exception as error:
        # As with feeds: what a stranger's markup does to the library is that page's failure.
        log.warning("trafilatura failed with %s", type(error).__name__)
        return None
    return text.strip() or None if isinstance(text, str) else None
