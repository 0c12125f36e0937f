"""The content groups of an article document, and how texts under one id are told apart."""

from __future__ import annotations

import hashlib
from typing import Any

from transforms.fold import shingles
from transforms.fold.prints import Print
from transforms.fold.shingles import Hashes
from transforms.fold.stories import UNREAD, Member
from transforms.records import SUMMARY, Article, Json, Origin, Version, Write, rfc3339

TEXTS_KEPT = 20
# A portal's feed often carries the first paragraph of an article that another feed carries whole.
EXCERPT_SHARE, EXCERPT_SIZE = 0.9, 0.7


def text_hash(title: str, body: str) -> str:
    """Sixteen hex digits by which a text already seen under an id is known again."""
    return hashlib.blake2b(f"{title}\n{body}".encode("utf-8", "replace"), digest_size=8).hexdigest()


def is_excerpt(new: Print, known: Print) -> bool:
    """Whether a text is but a part of the known one: a sighting of it, not a revision."""
    if len(new) > EXCERPT_SIZE * len(known):
        return False
    return new.shared(known) >= EXCERPT_SHARE * len(new)


def replaces(article: Article, hashes: Hashes, text: str, member: Member) -> bool:
    """Whether a text delivered under a known id is a revision; else it was but seen again.

    Records are read again after a crash or at the next start, and another source may be behind. So a former text is
    believed only of the reader that brought the present one, where its record stands behind that one's: whatever its
    time of reading, a record keeps its place in a file or topic, and a feed's polls are numbered in time. By that order
    an older text that comes behind a newer one of the same topic or feed replaces nothing. (A file may be written anew,
    so its lines tell no time.)
    """
    if text == member.texts[-1] or (article.method == SUMMARY and not member.partial):
        return False
    origin, read = article.origin, member.read
    if origin.reader == read.reader and origin.batch < read.batch:
        return False
    if text in member.texts:
        return origin.reader == read.reader and (origin.batch, origin.seq) > (read.batch, read.seq)
    # Of two sources that carry it, the one that tells less does not take the other's text away.
    others = {source.id for source in member.sources} - {article.source.id}
    return not (others and is_excerpt(Print.of(hashes), member.print))


def writes(member: Member, article: Article, hashes: Hashes) -> list[Write]:
    """The writes of all groups but the placement for `article`, whose fingerprint is `hashes`, as the present revision
    of `member`."""
    version = member.content_version
    content: Json = {
        "url": article.url,
        "guid": article.guid,
        "title": article.title,
        "body": article.body,
        "language": article.language,
        "source": member.sources[0].document(),
        "published": rfc3339(member.given),
        "published_effective": rfc3339(member.published),
        "first_seen": rfc3339(member.first_seen),
        "revision": member.revision,
        "author": article.author,
        "method": article.method,
        "extra": article.extra,
        "fingerprint": shingles.document(hashes, member.slots),
        "texts": _texts(member),
    }
    tags: Json = {
        "wire": article.wire,
        "entities": list(article.entities),
        "topics": list(article.topics),
        "tagged_by": article.tagged_by,
    }
    texts = [Write(member.id, "content", version, content), Write(member.id, "tags", version, tags)]
    return [*texts, sources(member, version)]


def _texts(member: Member) -> list[Any]:
    """The hashes of the texts, the present one with the record that brought it: [hash, reader, batch, seq]."""
    *former, present = member.texts
    return [*former, [present, member.read.reader, member.read.batch, member.read.seq]]


def texts_of(document: Json) -> tuple[tuple[str, ...], Origin]:
    """The hashes of an article document, the present one last, and the record that brought it, where they are told."""
    told = document.get("texts") or [text_hash(document["title"], document.get("body") or "")]
    *former, present = told
    if isinstance(present, str):
        return (*former, present), UNREAD
    name, *read = present
    return (*former, name), Origin(*read)


def sources(member: Member, version: Version) -> Write:
    """Everywhere the article was seen: a group of its own, since it grows without the text."""
    return Write(member.id, "sources", version, {"sources": [source.document() for source in member.sources]})
