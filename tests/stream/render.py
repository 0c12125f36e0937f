"""A plan's items as RSS 2.0, Atom and JSON Feed, each with its full text."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from email.utils import formatdate
from html import escape
from xml.sax.saxutils import escape as xml

from tests.stream.plan import Item


def _html(item: Item) -> str:
    return "".join(f"<p>{escape(sentence)}</p>" for sentence in item.sentences)


def _rss(title: str, items: list[Item], base: int) -> str:
    parts = [
        f"<item><title>{xml(item.title)}</title>"
        + (f"<link>{xml(item.url)}</link><guid isPermaLink='false'>{item.word}</guid>" if item.url else "")
        + f"<pubDate>{formatdate(base + item.dated, usegmt=True)}</pubDate>"
        f"<description>{xml(item.sentences[0])}</description>"
        f"<content:encoded><![CDATA[{_html(item)}]]></content:encoded></item>"
        for item in items
    ]
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">'
        f"<channel><title>{title}</title><link>http://news.example/</link>{''.join(parts)}</channel></rss>"
    )


def _atom(title: str, items: list[Item], base: int) -> str:
    parts = [
        f"<entry><id>urn:news:{item.word}</id><title>{xml(item.title)}</title><link href='{xml(item.url or '')}'/>"
        f"<published>{_iso(base + item.dated)}</published><updated>{_iso(base + item.dated)}</updated>"
        f"<content type='html'>{xml(_html(item))}</content></entry>"
        for item in items
    ]
    head = f"<id>urn:news:{title}</id><title>{title}</title><updated>{_iso(base)}</updated>"
    return f'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom">{head}{"".join(parts)}</feed>'


def _json(title: str, items: list[Item], base: int) -> str:
    entries = [
        {"id": item.word, "url": item.url, "title": item.title, "content_html": _html(item),
         "date_published": _iso(base + item.dated)}
        for item in items
    ]  # fmt: skip
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": title, "items": entries})


def _iso(at: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


Render = Callable[[str, list[Item], int], str]
_RSS: tuple[str, Render] = ("application/rss+xml", _rss)
FORMATS: dict[int, tuple[str, Render]] = {
    0: _RSS, 1: _RSS, 2: _RSS, 3: ("application/atom+xml", _atom), 4: ("application/feed+json", _json)
}  # fmt: skip
