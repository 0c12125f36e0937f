"""The day's feeds in four formats: RSS 2.0, RSS 1.0 (RDF), Atom and JSON Feed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from html import escape

from pipeline.newsroom.compose import Item
from pipeline.newsroom.markup import body_html, moment
from pipeline.newsroom.model import Outlet, Plan

CONTENT_TYPES = {
    "rss2": "application/rss+xml",
    "rdf": "application/rdf+xml",
    "atom": "application/atom+xml; charset=utf-8",
    "json": "application/feed+json",
}


class _Row:
    """One article as one feed lists it."""

    def __init__(self, plan: Plan, feed: Outlet, item: Item, at: float, start: int) -> None:
        site, state = plan.site(item.feeds[0]), item.state(at)
        self.guid, self.title, self.author = item.guid, state.title, item.author
        self.link = item.link or tracked(item.url, feed.tracking)
        self.summary = state.summary
        self.full = body_html(plan, item, state, start) if item.carries == "full" else None
        self.date: datetime | None = moment(site, item.published, start) if feed.dated else None
        self.updated = moment(site, max(item.published, state.since), start)


def feed_bytes(plan: Plan, feed_id: str, items: Sequence[Item], at: float, start: int) -> bytes:
    """The feed listing `items` (latest first) as they stand at second `at` of the day that ends at `start`."""
    feed, site = plan.outlets[feed_id], plan.site(feed_id)
    rows = [_Row(plan, feed, item, at, start) for item in items]
    text = _WRITERS[feed.format](feed, site, rows)
    # A letter that the old code page lacks becomes a character reference, as such sites do.
    return text.encode(feed.encoding, "xmlcharrefreplace" if feed.encoding != "utf-8" else "strict")


def tracked(url: str, query: str) -> str:
    """`url` with the tracking parameters that a feed adds."""
    return url if not query else f"{url}{'&' if '?' in url else '?'}{query}"


def _tag(name: str, text: str | None) -> str:
    return "" if text is None else f"<{name}>{escape(text, quote=False)}</{name}>\n"


def _cdata(name: str, text: str | None) -> str:
    return "" if text is None else f"<{name}><![CDATA[{text.replace(']]>', ']]&gt;')}]]></{name}>\n"


def _rss2(feed: Outlet, site: Outlet, rows: list[_Row]) -> str:
    parts = [
        f'<?xml version="1.0" encoding="{feed.encoding}"?>\n<rss version="2.0"'
        ' xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/">\n<channel>\n',
        _tag("title", feed.name) + _tag("link", f"http://{site.domain}/") + _tag("description", feed.name),
        _tag("language", site.language),
    ]
    for row in rows:
        short = row.full is None or feed.text_in == "content"
        parts += [
            "<item>\n" + _tag("title", row.title) + _tag("link", row.link),
            f'<guid isPermaLink="false">{escape(row.guid)}</guid>\n',
            _tag("dc:creator", row.author),
            _tag("pubDate", format_datetime(row.date) if row.date else None),
            _tag("description", row.summary if short else row.full),
            _cdata("content:encoded", row.full) if short else "",
            "</item>\n",
        ]
    return "".join((*parts, "</channel>\n</rss>\n"))


def _rdf(feed: Outlet, site: Outlet, rows: list[_Row]) -> str:
    home = f"http://{site.domain}/"
    listed = "".join(f'<rdf:li rdf:resource="{escape(row.link)}"/>\n' for row in rows)
    parts = [
        f'<?xml version="1.0" encoding="{feed.encoding}"?>\n'
        '<rdf:RDF xmlns="http://purl.org/rss/1.0/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
        ' xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/">\n',
        f'<channel rdf:about="{home}">\n' + _tag("title", feed.name) + _tag("link", home),
        _tag("description", feed.name)
        + _tag("dc:language", site.language)
        + f"<items><rdf:Seq>\n{listed}</rdf:Seq></items>\n</channel>\n",
    ]
    for row in rows:
        parts += [
            f'<item rdf:about="{escape(row.link)}">\n' + _tag("title", row.title) + _tag("link", row.link),
            _tag("description", row.summary) + _tag("dc:creator", row.author),
            _tag("dc:date", row.date.isoformat() if row.date else None) + _cdata("content:encoded", row.full),
            "</item>\n",
        ]
    return "".join((*parts, "</rdf:RDF>\n"))


def _atom(feed: Outlet, site: Outlet, rows: list[_Row]) -> str:
    home = f"http://{site.domain}"
    parts = [
        f'<?xml version="1.0" encoding="{feed.encoding}"?>\n'
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{site.language}">\n',
        _tag("id", home + feed.path) + _tag("title", feed.name),
        f'<link rel="self" href="{home}{feed.path}"/>\n<link rel="alternate" href="{home}/"/>\n',
        _tag("updated", max((row.updated for row in rows), default=datetime.fromtimestamp(0).astimezone()).isoformat()),
        f"<author>{_tag('name', feed.author or feed.name)}</author>\n",
    ]
    for row in rows:
        parts += [
            "<entry>\n" + _tag("id", f"tag:{site.domain},2024:{row.guid}") + _tag("title", row.title),
            f'<link rel="alternate" type="text/html" href="{escape(row.link)}"/>\n',
            _tag("published", row.date.isoformat() if row.date else None) + _tag("updated", row.updated.isoformat()),
            f"<author>{_tag('name', row.author)}</author>\n" if row.author else "",
            _tag("summary", row.summary),
            f'<content type="html">{escape(row.full, quote=False)}</content>\n' if row.full is not None else "",
            "</entry>\n",
        ]
    return "".join((*parts, "</feed>\n"))


def _json(feed: Outlet, site: Outlet, rows: list[_Row]) -> str:
    items = []
    for row in rows:
        item: dict[str, object] = {"id": row.guid, "url": row.link, "title": row.title, "summary": row.summary}
        item |= {"content_text": row.summary} if row.full is None else {"content_html": row.full}
        item |= {"date_published": row.date.isoformat()} if row.date else {}
        item |= {"authors": [{"name": row.author}]} if row.author else {}
        items.append(item)
    home = f"http://{site.domain}"
    head = {"version": "https://jsonfeed.org/version/1.1", "title": feed.name, "language": site.language}
    links = {"home_page_url": f"{home}/", "feed_url": home + feed.path}
    return json.dumps(head | links | {"items": items}, ensure_ascii=False, indent=1) + "\n"


_WRITERS = {"rss2": _rss2, "rdf": _rdf, "atom": _atom, "json": _json}
