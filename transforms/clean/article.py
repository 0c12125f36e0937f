"""An entry as its source delivered it becomes an article, or a dead letter that tells why not."""

from __future__ import annotations

import re
from functools import lru_cache

from transforms.clean import walls
from transforms.clean.dates import published
from transforms.clean.encoding import mend
from transforms.clean.furniture import strip_furniture
from transforms.clean.html import plain, text_of
from transforms.clean.replay import entry_document
from transforms.clean.urls import article_id, canonical
from transforms.records import SUMMARY, Article, DeadLetter, Entry, Source

# In characters.
MOST_BODY = 1_000_000
MOST_MARKUP = 8_000_000
_MOST_TITLE = 2_000
_MOST_AUTHOR = 500
_MOST_GUID = 4_000
_LETTER = re.compile(r"\w")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8})*")


def clean(entry: Entry) -> Article | DeadLetter:
    """The article in an entry, in plain text without furniture; a `DeadLetter` of stage `clean` if there is none.

    The text is that of `html`, else `body`, else `summary`, the first that holds a letter and is no wall (a cookie
    notice, a paywall, an error page); a title alone is enough.
    An entry without a usable http(s) link is known by its guid. `language` stays the source's claim (a tag, or None).
    """
    longest = max(len(text) for text in (entry.title, entry.body or "", entry.html or "", entry.summary or ""))
    if longest > MOST_MARKUP:
        return _dead(entry, f"too large: {longest:,} characters, at most {MOST_MARKUP:,} are read")
    url = canonical(entry.url) if entry.url else None
    if url is None and not entry.guid:
        return _dead(entry, f"no usable url and no guid: {entry.url[:200]!r}" if entry.url else "no url and no guid")
    if len(entry.guid or "") > _MOST_GUID:
        return _dead(entry, f"guid longer than {_MOST_GUID:,} characters")
    title = _line(entry.title)[:_MOST_TITLE]
    links: set[str] = set()
    text, method, walled = _text(entry, title, links)
    body = strip_furniture(text, title, links)
    if len(body) > MOST_BODY:
        return _dead(entry, f"too large: {len(body):,} characters of text, at most {MOST_BODY:,} are read")
    if not _LETTER.search(body) and not _LETTER.search(title):
        return _dead(entry, walls.REASON if walled else "no text")
    return Article(
        id=article_id(url, entry.source.id, entry.guid),
        origin=entry.origin,
        source=_source(entry.source),
        arrived=entry.arrived,
        url=url,
        guid=entry.guid,
        title=title,
        body=body,
        author=_line(entry.author)[:_MOST_AUTHOR] or None if entry.author else None,
        published=published(entry.published, entry.arrived),
        language=entry.language if entry.language and _LANGUAGE.fullmatch(entry.language) else None,
        method=method,
        extra=entry.extra,
    )


def _text(entry: Entry, title: str, links: set[str]) -> tuple[str, str, bool]:
    """The text of an entry, how it was had, and whether a field was passed over since it is no article but a wall.

    Lines of the text that are links are added to `links`.

    What is left in place of a wall is but a summary of the page: it must not revise a text that was had before.
    """
    walled = False
    for field, read in ((entry.html, text_of), (entry.body, plain), (entry.summary, plain)):
        found: set[str] = set()
        if field and (text := read(mend(field), found)) and _LETTER.search(text):
            if not walls.is_wall(text, title):
                links |= found
                return text, SUMMARY if walled else entry.method, walled
            walled = True
    return "", SUMMARY if walled else entry.method, walled


def _line(text: str) -> str:
    """A text of one line."""
    return " ".join(plain(mend(text)).split())


@lru_cache(maxsize=10_000)
def _source(source: Source) -> Source:
    """A source with a name and domain fit to be shown: those of a recorded entry are as hostile as the rest."""
    name, domain = _line(source.name), _line(source.domain)
    if (name, domain) == (source.name, source.domain):
        return source
    return Source(source.id, name, domain, source.agency)


def _dead(entry: Entry, reason: str) -> DeadLetter:
    return DeadLetter("clean", reason, "entry", entry_document(entry), entry.origin, entry.arrived)
