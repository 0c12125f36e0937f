"""Which alerts decisions raise: of each article that comes, and again of those whose story it changed.

A rule asks what a story is, not only what comes. One with `min_sources` is met by the article that came first as soon
as a second source carries it, even if what that one carries is cut so short that it meets nothing. One for originals is
met by an article that became one. And what parted from a story that was alerted is a story of its own, of which nobody
was told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from transforms.alert.evaluate import evaluate
from transforms.alert.rules import Rule, Rules
from transforms.alert.view import publisher
from transforms.fold.decision import Decision, Touched
from transforms.records import Json, replace, rfc3339

# Ids of articles in, their documents as the index has them now out, in any order.
Stored = Callable[[Sequence[str]], Sequence[Json]]


def due(rules: Rules, decisions: Sequence[Decision], stored: Stored, at: int) -> Iterator[Json]:
    """The alert documents that decisions raise whose writes are in the index, in their order; `at` is now, in seconds
    UTC. What is raised twice is for `Index.raise_alert` to tell."""
    again = [[(name, asked, one.story) for one in decision.touched for name, asked in judged_again(rules, one)]
             for decision in decisions]  # fmt: skip
    names = sorted({name for asked in again for name, _, _ in asked})
    known = {document["id"]: document for document in (stored(names) if names else ())}
    for decision, others in zip(decisions, again, strict=True):
        if decision.story is not None:
            yield from evaluate(rules, article(decision), decision.story, at)
        for name, asked, story in others:
            if _is_in(known.get(name), story):
                yield from evaluate(asked, known[name], story, at)


def article(decision: Decision) -> Json:
    """The article of a decision as rules see it, with its story's role."""
    told, story = decision.article, decision.story or {}
    return {
        "id": told.id,
        "url": told.url,
        "title": told.title,
        "body": told.body,
        "language": told.language,
        "source": told.source.document(),
        "sources": [told.source.document()],
        "published": rfc3339(told.published),
        "first_seen": rfc3339(story.get("first_seen")),
        "revision": story.get("revision", 0),
        "wire": told.wire,
        "entities": list(told.entities),
        "topics": list(told.topics),
        "story": {"id": story.get("id"), "role": story.get("role")},
    }


def judged_again(rules: Rules, touched: Touched) -> Iterator[tuple[str, Rules]]:
    """The ids of articles that are to be judged again, each with the rules that may hold for it now."""
    every = rules.rules
    before, now = _publishers(touched.before), _publishers(touched.story["sources"])
    for names, some in (
        (touched.parted, every),
        (touched.merged, [rule for rule in every if _by_role(rule) or rule.min_sources > 1]),
        (touched.turned, [rule for rule in every if _by_role(rule)]),
        (touched.others, [rule for rule in every if before < rule.min_sources <= now]),
    ):
        if names and some:
            asked = replace(rules, rules=tuple(some))
            yield from ((name, asked) for name in names)


def _by_role(rule: Rule) -> bool:
    return bool(rule.roles) or "role:" in (rule.text.query or "")


def _publishers(sources: Iterable[Json]) -> int:
    return len({publisher(source) for source in sources} - {""})


def _is_in(stored: Json | None, story: Json) -> bool:
    """Whether a stored article is still in the story that a decision had it in. It may have been forgotten, refused by
    the index, or moved on by a decision that came behind; that one has it judged as well."""
    place = (stored or {}).get("story") or {}
    return story["id"] in (place.get("id"), *place.get("merged_from", ()))
