"""JSON Feed 1.0 and 1.1 (jsonfeed.org). Members of the wrong type are ignored, as the format asks of readers."""

from __future__ import annotations

import json
import re
from typing import Any

from transforms.feeds.parse import NotAFeed, ParsedFeed, RawItem, flat, web_url
from transforms.records import Json

_VERSION = re.compile(r"https?://(www\.)?jsonfeed\.org/version/1(\.\d)?/?$")


def parse_json_feed(text: str, encoding: str, url: str = "", max_entries: int = 500) -> ParsedFeed | NotAFeed:
    """The feed in a JSON text, or why there is none. An item that is no object stays, as an item without anything."""
    try:
        feed = json.loads(text, parse_constant=lambda name: None)
    except (ValueError, RecursionError) as error:
        deep = isinstance(error, RecursionError)
        return NotAFeed("nesting: JSON nests too deep" if deep else "not-a-feed: the body is not valid JSON")
    if not isinstance(feed, dict) or not _VERSION.match(str(feed.get("version", ""))[:100]):
        return NotAFeed("not-a-feed: JSON, but no JSON Feed of version 1")
    items = feed.get("items")
    if not isinstance(items, list):
        return NotAFeed("not-a-feed: a JSON Feed without items")
    language = _string(feed.get("language"))
    hubs = [_string(hub.get("url")) for hub in _objects(feed.get("hubs"))]
    return ParsedFeed(
        title=_string(feed.get("title")) or "",
        items=tuple(_item(item if isinstance(item, dict) else {}, feed, language) for item in items[:max_entries]),
        kind="json",
        encoding=encoding,
        hubs=tuple(hub for hub in hubs if web_url(hub) and hub),
        dropped=max(0, len(items) - max_entries),
    )


def _item(item: Json, feed: Json, language: str | None) -> RawItem:
    identity = item.get("id")
    if isinstance(identity, int | float) and not isinstance(identity, bool):
        identity = str(identity)
    extra: Json = {}
    tags = [tag for tag in map(_string, _list(item.get("tags"))) if tag]
    if tags:
        extra["tags"] = list(dict.fromkeys(tags))[:50]
    if web_url(item.get("external_url")):
        extra["external_url"] = web_url(item.get("external_url"))
    guid = _string(identity)
    return RawItem(
        url=web_url(item.get("url")) or web_url(guid),
        guid=guid,
        title=_string(item.get("title")) or "",
        html=flat(_string(item.get("content_html"))),
        body=_string(item.get("content_text")),
        summary=flat(_string(item.get("summary"))),
        author=_authors(item) or _authors(feed),
        published=_string(item.get("date_published")) or _string(item.get("date_modified")),
        language=_string(item.get("language")) or language,
        extra=extra,
    )


def _authors(holder: Json) -> str | None:
    """The names of 1.1's `authors`, else of 1.0's `author`."""
    people = _objects(holder.get("authors")) or _objects([holder.get("author")])
    names = [_string(person.get("name")) for person in people]
    return ", ".join(dict.fromkeys(name for name in names if name)) or None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _objects(value: Any) -> list[Json]:
    return [entry for entry in _list(value) if isinstance(entry, dict)]


def _string(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None
