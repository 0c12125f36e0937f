"""Articles of our own writing about invented events, as writes to an index."""

from __future__ import annotations

from typing import Any

from transforms.records import Json, Version, Write, rfc3339

NOON = 1_790_000_000
WIRE = {"id": "wire", "name": "Wire", "domain": "www.wire.example"}
BLOG = {"id": "blog", "name": "Blog", "domain": "blog.example"}
SANCTIONS = {"id": "sanctions", "score": 4.0, "evidence": []}
RUSSIA = {"id": "Q159", "name": "Россия", "type": "country", "count": 2, "spans": []}
OMAN = {"id": "Q842", "name": "Oman", "type": "country", "count": 1, "spans": []}


def content(key: str, version: int = 1, at: int = NOON, **fields: Any) -> Write:
    """A content write; `at` is when it was published."""
    source = fields.pop("source", WIRE)
    document: Json = {
        "id": key, "url": f"https://{source['domain']}/{key}", "guid": None, "title": f"Title of {key}",
        "body": f"The harbour of Dalmar opened a new quay, says report {key}.", "language": "en", "source": source,
        "published": rfc3339(at), "published_effective": rfc3339(at),
        "first_seen": rfc3339(at + 60), "revision": 0, "author": None, "method": "feed", "extra": {},
        "fingerprint": {"algo": "test", "version": 1, "data": "AAAA"}, "texts": [f"hash-{key}"],
    }  # fmt: skip
    return Write(key, "content", Version(1, version), {**document, **fields})


def sources(key: str, *seen: Json, version: int = 1) -> Write:
    """A write of everywhere it was seen."""
    return Write(key, "sources", Version(1, version), {"sources": list(seen)})


def tags(key: str, version: int = 1, **fields: Any) -> Write:
    """A tags write."""
    document = {"wire": {"agencies": ["reuters"], "evidence": []}, "entities": [RUSSIA], "topics": [SANCTIONS]}
    return Write(key, "tags", Version(1, version), {**document, "tagged_by": {"topics": "1"}, **fields})


def story(key: str, story_id: str, role: str = "unique", version: int = 1, merged: tuple[str, ...] = ()) -> Write:
    """A placement write."""
    original = {"original": key, "unique": None}.get(role, "a")
    placement = {"id": story_id, "merged_from": list(merged), "role": role, "original_id": original, "copied_from": []}
    return Write(key, "story", Version(1, version), {"story": placement})


def whole(key: str, story_id: str, role: str = "unique", at: int = NOON, **fields: Any) -> list[Write]:
    """All groups of one article."""
    seen = sources(key, fields.get("source", WIRE))
    return [content(key, at=at, **fields), tags(key), seen, story(key, story_id, role)]


def alert(story_id: str, *articles: str, rule: str = "r", merged: tuple[str, ...] = ()) -> Json:
    """An alert that tells of these articles."""
    return {
        "id": f"{rule}-{story_id}", "rule": rule, "story_id": story_id, "merged_from": list(merged),
        "created": rfc3339(NOON), "severity": "high", "reason": "why",
        "evidence": [{"article_id": key, "text": "x"} for key in articles[:1]],
        "history": [{"article_id": key, "event": "reported"} for key in articles],
    }  # fmt: skip
