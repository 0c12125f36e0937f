"""The document of a story, derived from its articles: the same whatever store they stand in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from transforms.records import Json, rfc3339, seconds

_TOP_ENTITIES = 20


def effective(document: Json) -> int:
    """When an article counts as published, in seconds UTC: `published_effective`, else `first_seen`, else 0."""
    told = document.get("published_effective") or document.get("first_seen")
    return (seconds(told) or 0) if told else 0


def story_document(story: str, members: Sequence[Json], merged_from: Sequence[str]) -> Json:
    """The document of the story with this id: `members` are its articles' documents, at least one, oldest first (by
    `effective`, then id), `merged_from` the ids of all the stories that were merged into it."""
    original = next((member for member in members if member["story"].get("role") == "original"), None)
    topics = Counter(topic["id"] for member in members for topic in member["topics"])
    times = [effective(member) for member in members]
    return {
        "id": story,
        "merged_from": list(merged_from),
        "original_id": original["id"] if original else None,
        "original_source": (original or members[0])["source"],
        "title": (original or members[0])["title"],
        "languages": _distinct(member["language"] for member in members),
        "members": len(members),
        "reposts": sum(member["story"].get("role") == "repost" for member in members),
        "sources": _sources(members),
        "agencies": _distinct(agency for member in members for agency in member["wire"].get("agencies") or ()),
        "topics": [{"id": key, "count": number} for key, number in _by_count(topics)],
        "entities": _entities(members),
        "first_published": rfc3339(min(times)),
        "latest": rfc3339(max(times)),
    }


def _distinct(values: Iterable[Any]) -> list[Any]:
    return [value for value in dict.fromkeys(values) if value is not None]


def _by_count(counter: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counter.items(), key=lambda item: (-item[1], item[0]))


def _sources(members: Sequence[Json]) -> list[Json]:
    every = (source for member in members for source in (member["source"], *member["sources"]) if source)
    first: dict[str, Json] = {}
    for source in every:
        first.setdefault(source.get("id"), source)
    return list(first.values())


def _entities(members: Sequence[Json]) -> list[Json]:
    """The entities that most members mention, with the number of those."""
    named: dict[str, Json] = {}
    mentions: Counter[str] = Counter()
    for member in members:
        for entity in member["entities"]:
            named.setdefault(entity["id"], entity)
        mentions.update({entity["id"] for entity in member["entities"]})
    return [
        {"id": key, "name": named[key].get("name"), "type": named[key].get("type"), "count": number}
        for key, number in _by_count(mentions)[:_TOP_ENTITIES]
    ]
