"""The stored document of an article: field groups merged into one source, and the article document read from it.

What the article document holds stands under `news` as it was written (`url` under `url.full`, `extra` as JSON text), so
that it is read back as it is. All else is made from that, anew at each write: time and kind as ECS names them, labels,
words to search for, the text in the field of its language.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from urllib.parse import urlsplit

from transforms.index.documents import empty
from transforms.index.encode import dumps
from transforms.index.interface import SAME, STALE, WRITTEN
from transforms.index.labels import labels
from transforms.index.words import columns, searchable
from transforms.records import Json, Write, rfc3339

# The fields of each group. An unknown one is stored too, and refused by the mapping.
GROUPS: dict[str, tuple[str, ...]] = {
    "content": (
        "url", "guid", "title", "body", "author", "language", "source", "published", "published_effective",
        "first_seen", "revision", "method", "fingerprint", "extra", "texts",
    ),
    "tags": ("wire", "entities", "topics", "tagged_by"),
    "sources": ("sources",),
    "story": ("story",),
    "verdict": ("verdict",),
}  # fmt: skip
LANGUAGES = frozenset(["ar", "de", "en", "es", "fa", "fr", "hi", "it", "ja", "ko", "pt", "ru", "th", "tr", "zh"])
_SHOWN = [name for names in GROUPS.values() for name in names if name not in ("url", "extra", "texts")]
_COUNTRIES = 6  # of an article that names more, those it names most
_EPOCH = rfc3339(0)


@dataclass(slots=True)
class Merged:
    """A source with writes merged into it: `source` is to be stored where any of `outcomes` is `written`."""

    source: Json
    outcomes: list[str] = field(default_factory=list)
    former: list[Json] = field(default_factory=list)  # article documents whose text was replaced
    stories: set[str] = field(default_factory=set)  # ids of stories that the article is in, or was
    placed: bool = False


def merge(source: Json | None, key: str, writes: Iterable[Write]) -> Merged:
    """The stored source (None: there is none) of the article with the id `key` with these writes, in order. `source`
    itself is left as it was. ValueError for a group that no article has."""
    news: Json = dict(source["news"]) if source else {"id": key, "live": False}
    versions: dict[str, list[int]] = dict(news.get("versions") or {})
    news["versions"] = versions
    url: Json = dict(source.get("url") or {}) if source else {}
    merged = Merged({"url": url, "news": news}, stories=_stories(news))
    for write in writes:
        version, stored = [write.version.epoch, write.version.counter], versions.get(write.group)
        if stored is not None and stored >= version:
            merged.outcomes.append(SAME if stored == version else STALE)
            continue
        if write.group == "content":
            _content(merged, url, write.fields)
        elif write.group not in GROUPS:
            raise ValueError(f"no field group {write.group!r}; one of {', '.join(GROUPS)}")
        else:
            _replace(news, write.group, write.fields)
        if write.group == "story":
            merged.placed = True
            merged.stories |= _stories(news)
        versions[write.group] = version
        merged.outcomes.append(WRITTEN)
    return merged


def _stories(news: Json) -> set[str]:
    placed = news.get("story") or {}
    return {key for key in (placed.get("id"), *(placed.get("merged_from") or ())) if key}


def _replace(news: Json, group: str, fields: Json) -> None:
    for name in GROUPS[group]:
        news.pop(name, None)
    news.update(fields)


def _content(merged: Merged, url: Json, fields: Json) -> None:
    news = merged.source["news"]
    if news["live"] and (news.get("revision") or 0) != (fields.get("revision") or 0):
        merged.former.append(article_document(merged.source))
    key = news["id"]
    _replace(news, "content", fields)
    news["id"], news["live"] = key, True
    news["title"], news["body"] = news.get("title") or "", news.get("body") or ""
    if "extra" in news:
        news["extra"] = dumps(news["extra"])
    url.clear()
    address = news.pop("url", None)
    url["full"] = address
    if address and (domain := _domain(address)):
        url["domain"] = domain


def _domain(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def finished(source: Json, now: int, origin: str | None) -> Json:
    """A merged source with all that is made from it, as it is sent; `now` is when, in seconds UTC, `origin` the id of
    the source that the original was seen in first (for a repost, where it is known)."""
    news = source["news"]
    made: Json = {
        "@timestamp": news.get("published_effective") or news.get("first_seen") or (_EPOCH if news["live"] else None),
        "event": {
            "kind": "event", "module": "news", "dataset": "news.article", "id": news["id"],
            "created": news.get("first_seen"), "ingested": rfc3339(now),
        },
        "url": source["url"],
        "news": {**news, "labels": _labels(news), "country_pairs": country_pairs(news.get("entities") or ())},
    }  # fmt: skip
    told = made["news"]
    told["copied"] = copied(news.get("story") or {}, origin)
    if news["live"]:
        title, body = news["title"], news["body"]
        told["search"] = dict(zip(("title", "body", "forms"), columns(title, body), strict=True))
        language = news.get("language")
        told["text"] = {language if language in LANGUAGES else "other": f"{title}\n{body}"}
    return made


def _labels(news: Json) -> list[str]:
    names = {f"n:{searchable(entity['name'])}" for entity in news.get("entities") or () if entity.get("name")}
    return sorted(labels("content", news) | labels("tags", news) | names)


def country_pairs(entities: Sequence[Json]) -> list[str]:
    """Pairs of the countries that are named most, each "A – B" in order of the alphabet."""
    countries = [entity for entity in entities if entity.get("type") == "country" and entity.get("name")]
    countries.sort(key=lambda entity: (-(entity.get("count") or 0), entity["name"]))
    names = sorted(list(dict.fromkeys(entity["name"] for entity in countries))[:_COUNTRIES])
    return [f"{first} – {second}" for first, second in combinations(names, 2)]


def copied(story: Json, origin: str | None) -> Json | None:
    """Of a repost: the source of its original, and share and lag of what it copies first; None for another."""
    if story.get("role") != "repost":
        return None
    first: Json = next(iter(story.get("copied_from") or ()), {})
    return {"source": origin, "share": first.get("share_of_this"), "lag_s": first.get("lag_s")}


def placed(source: Json, story: Json) -> Json:
    """A stored source with another placement, under the version that it has: for mending, of which folding knows
    nothing. Complete, as it is sent."""
    before = source["news"]
    same = (before.get("story") or {}).get("original_id") == story.get("original_id")
    origin = (before.get("copied") or {}).get("source") if same else None
    return finished({"url": source.get("url") or {}, "news": {**before, "story": story}}, int(time.time()), origin)


def article_document(source: Json, internal: bool = False) -> Json:
    """The article document of a stored source, with every field present; `internal` keeps what only folding needs.
    Where the source was read without body, `body` is empty."""
    news, address = source["news"], source.get("url") or {}
    document = empty(news["id"])
    document.update((name, news[name]) for name in _SHOWN if name in news)
    document["url"] = address.get("full")
    if "extra" in news:
        document["extra"] = json.loads(news["extra"])
    if internal and "texts" in news:
        document["texts"] = news["texts"]
    return document


def former_document(document: Json, now: int) -> Json:
    """The stored document of a former text: `document` is the article document as it was."""
    return {
        "@timestamp": rfc3339(now),
        "event": {"kind": "state", "module": "news", "dataset": "news.revision"},
        "news": {"id": document["id"], "revision": document["revision"], "document": dumps(document)},
    }
