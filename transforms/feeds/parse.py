"""A feed's bytes to its items: RSS 0.9x to 2.0, RDF and Atom by feedparser, JSON Feed by our own reader.

Bodies are hostile. feedparser gets text in UTF-8 as a stream (a path would be opened), with as many items and tags as
the caps allow; it loads no external entities and expands none but plain characters and words.
"""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import feedparser

from transforms.feeds import scan
from transforms.feeds.encodings import decode
from transforms.records import Json

log = logging.getLogger(__name__)
_HEADERS = {"content-type": "application/xml; charset=utf-8"}
_DECLARATION = '<?xml version="1.0" encoding="utf-8"?>\n'
_XML_DECLARATION = re.compile(r"<\?xml[^>]{0,500}>")
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_ROOT = re.compile(r"<\w")
# feedparser's patterns for DOCTYPE and ENTITY take quadratic time on a long head.
_MAX_HEAD = 16 * 1024
_MARKUP = re.compile(r"<[a-zA-Z/!]|&(?:#\d+|#x[0-9a-fA-F]+|\w+);")


@dataclass(frozen=True, slots=True)
class RawItem:
    """One item as the feed has it. `url` is http(s) or None; text fields may hold markup; `published` is as written."""

    url: str | None = None
    guid: str | None = None
    title: str = ""
    html: str | None = None
    body: str | None = None
    summary: str | None = None
    author: str | None = None
    published: str | None = None
    language: str | None = None
    extra: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """A feed. `ttl_s` is its own wish for the time between polls; `dropped` items were beyond the cap."""

    title: str
    items: tuple[RawItem, ...]
    kind: str
    encoding: str
    ttl_s: int | None = None
    hubs: tuple[str, ...] = ()
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class NotAFeed:
    """A body that was refused: "code: reason"."""

    reason: str


def parse_feed(body: bytes, content_type: str = "", url: str = "", max_entries: int = 500) -> ParsedFeed | NotAFeed:
    """The feed in `body`, or why there is none; never raises. Relative links are taken relative to `url`."""
    try:
        return _parse(body, content_type, url, max_entries)
    except Exception as error:
        # Whatever a stranger's bytes do to a parser, ours or another's, is that feed's failure and nobody else's.
        log.exception("a parser failed")
        return NotAFeed(f"parser: the body defeats the parser ({type(error).__name__})")


def _parse(body: bytes, content_type: str, url: str, max_entries: int) -> ParsedFeed | NotAFeed:
    if not body.strip(b"\x00\t\r\n "):
        return NotAFeed("empty: the body is empty")
    text, encoding = decode(body, content_type)
    text = text.lstrip("\ufeff\t\r\n ")
    if text[:1] in "{[":
        from transforms.feeds.jsonfeed import parse_json_feed

        return parse_json_feed(text, encoding, url, max_entries)
    return _parse_xml(text, encoding, url, max_entries)


def _parse_xml(text: str, encoding: str, url: str, max_entries: int) -> ParsedFeed | NotAFeed:
    text = _ILLEGAL.sub("", text)
    text = _XML_DECLARATION.sub("", text, count=1) if text.startswith("<?xml") else text
    root = _ROOT.search(text)
    if root is None:
        return NotAFeed("not-a-feed: the body holds no markup")
    if root.start() > _MAX_HEAD:
        text = text[root.start() :]
    found = scan.scan_feed(text, max_entries)
    if found.depth > scan.MAX_DEPTH:
        return NotAFeed(f"nesting: elements nest deeper than {scan.MAX_DEPTH}")
    if found.tags > scan.MAX_TAGS:
        return NotAFeed(f"too-many-tags: more than {scan.MAX_TAGS} tags")
    if found.cut is not None:
        text = scan.cut_feed(text, found.cut)
    data = io.BytesIO((_DECLARATION + text).encode("utf-8"))
    headers = _HEADERS | ({"content-location": url} if web_url(url) else {})
    parsed: Any = feedparser.parse(data, response_headers=headers, sanitize_html=False, resolve_relative_uris=False)
    if not parsed.get("version") and not parsed["entries"]:
        page = re.search(r"<html[\s>]", text[:4096], re.IGNORECASE)
        return NotAFeed("not-a-feed: " + ("an HTML page" if page else "neither RSS, RDF, Atom nor JSON Feed"))
    feed = parsed["feed"]
    language = _text(feed.get("language"))
    entries = parsed["entries"][:max_entries]
    return ParsedFeed(
        title=_text(feed.get("title")) or "",
        items=tuple(_item(entry, language) for entry in entries),
        kind=parsed.get("version") or "unknown",
        encoding=encoding,
        ttl_s=_ttl(feed),
        hubs=_hubs(feed),
        dropped=max(found.items, len(parsed["entries"])) - len(entries) if found.cut is not None else 0,
    )


def _item(entry: Mapping[str, Any], feed_language: str | None) -> RawItem:
    contents = [part for part in entry.get("content", ()) if part.get("value")]
    best = max(contents, key=lambda part: len(part["value"]), default=None)
    value = flat(best["value"]) if best else None
    plain = best is not None and best.get("type") == "text/plain" and not _MARKUP.search(best["value"])
    return RawItem(
        url=web_url(entry.get("feedburner_origlink")) or web_url(entry.get("link")),
        guid=_text(entry.get("id")),
        title=_text(entry.get("title")) or "",
        html=None if plain else value,
        body=value if plain else None,
        summary=flat(_text(entry.get("summary"))),
        author=_author(entry),
        published=_text(entry.get("published")) or _text(_updated(entry)),
        language=_language(entry, best, feed_language),
        extra=_extra(entry),
    )


def _updated(entry: Mapping[str, Any]) -> Any:
    """The updated date itself: asking feedparser's entry for it would give `published` instead, with a warning."""
    return dict.get(entry, "updated") if isinstance(entry, dict) else None


def _author(entry: Mapping[str, Any]) -> str | None:
    names = [_text(author.get("name")) for author in entry.get("authors", ())]
    return ", ".join(dict.fromkeys(name for name in names if name)) or _text(entry.get("author"))


def _language(entry: Mapping[str, Any], content: Mapping[str, Any] | None, feed_language: str | None) -> str | None:
    own = content.get("language") if content else (entry.get("summary_detail") or {}).get("language")
    return _text(entry.get("language")) or _text(own) or feed_language


def _extra(entry: Mapping[str, Any]) -> Json:
    extra: Json = {}
    tags = [_text(tag.get("term")) or _text(tag.get("label")) for tag in entry.get("tags", ())]
    if any(tags):
        extra["tags"] = [tag for tag in dict.fromkeys(tags) if tag][:50]
    source = entry.get("source") or {}
    named = {"title": _text(source.get("title")), "url": web_url(source.get("href")) or web_url(source.get("link"))}
    if any(named.values()):
        extra["feed_source"] = {key: value for key, value in named.items() if value}
    return extra


def _hubs(feed: Mapping[str, Any]) -> tuple[str, ...]:
    links = [web_url(link.get("href")) for link in feed.get("links", ()) if link.get("rel") == "hub"]
    return tuple(link for link in links if link)


def _ttl(feed: Mapping[str, Any]) -> int | None:
    minutes = _text(feed.get("ttl")) or ""
    return int(minutes) * 60 if re.fullmatch(r"[0-9]{1,6}", minutes) else None


def flat(html: str | None) -> str | None:
    """`html`, without its tags where they nest deeper than any writer means them to."""
    return scan.without_tags(html) if html and scan.too_deep(html) else html


def web_url(value: Any) -> str | None:
    """A http or https link, or None: `javascript:`, `data:`, paths and whatever else is no address of an article."""
    text = (_text(value) or "")[:4096]
    return text if re.match(r"https?://[^\s/?#]", text, re.IGNORECASE) else None


def _text(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None
