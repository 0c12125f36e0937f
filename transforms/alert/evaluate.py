"""The judgement: which rules an article satisfies, and the alert documents that say so."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from transforms.alert.inert import plain, web_address
from transforms.alert.reason import reason
from transforms.alert.rules import Rule, Rules
from transforms.alert.view import View, publisher
from transforms.records import Json, rfc3339

_PER_CONDITION, _IN_ALL, _AROUND = 3, 20, 60


def alert_id(rule_id: str, story_id: str) -> str:
    """The same for the same rule and story, whenever and wherever it is asked (32 hexadecimal digits)."""
    return hashlib.sha256(f"{rule_id}\0{story_id}".encode()).hexdigest()[:32]


def evaluate(rules: Rules, article: Json, story: Json, at: int | None = None) -> list[Json]:
    """The alert documents that this article raises, one per rule that it satisfies, as in the contract.

    `article` is an article document. `story` is its story: {id, merged_from[], sources[]}, where `sources` (or the
    `source` of each of `members`) are those of all its articles, as {id, name, domain} or bare ids; they are counted
    for `min_sources`, this article's own among them. `at` is the moment in seconds UTC, by default the article's
    first_seen. The result is for `Index.raise_alert`, which creates an alert once and later only adds to its history.
    """
    view = View(article)
    matching = [rule for rule in rules.rules if _holds(rule, view)]
    if not matching:
        return []
    sources = _publishers(view, story)
    moment = article.get("first_seen") if at is None else rfc3339(at)
    return [
        {**_own(rule, view, story["id"], len(sources)), "rules_version": rules.version, **_common(view, story, moment)}
        for rule in matching
        if rule.min_sources == 1 or len(sources) >= rule.min_sources
    ]


def _holds(rule: Rule, view: View) -> bool:
    # From cheap to dear: only the query reads the text.
    if rule.languages and view.language not in rule.languages:
        return False
    if rule.roles and view.role not in rule.roles:
        return False
    if not all(wanted.holds(getattr(view, wanted.kind)) for wanted in rule.wanted):
        return False
    if rule.sources and rule.sources.isdisjoint(view.sources):
        return False
    return rule.query is None or rule.query.matches(view)


def _publishers(view: View, story: Json) -> set[str]:
    told = [*(story.get("sources") or ()), *(member.get("source") for member in story.get("members") or ())]
    found = {publisher(source) for source in told}
    own = view.document.get("source")
    # A story that lists bare ids knows this source by its id, although the article also has its domain.
    if not (isinstance(own, dict) and str(own.get("id") or "").lower() in found):
        found.add(publisher(own))
    return found - {""}


def _own(rule: Rule, view: View, story_id: str, sources: int) -> Json:
    """What in an alert is this rule's."""
    return {
        "id": alert_id(rule.text.id, story_id),
        "rule": rule.text.id,
        "rule_name": rule.name,
        "severity": rule.text.severity,
        "reason": reason(rule, view, sources),
        "evidence": list(islice(_evidence(rule, view), _IN_ALL)),
    }


def _common(view: View, story: Json, moment: str | None) -> Json:
    """What all alerts of one article share."""
    document = view.document
    source = document.get("source") or {}
    report = {
        "at": moment,
        "article_id": document["id"],
        "source": plain(source if isinstance(source, str) else source.get("id"), 120),
        "role": view.role,
        "event": "revised" if document.get("revision") else "reported",
    }
    return {
        "story_id": story["id"],
        "merged_from": list(story.get("merged_from") or ()),
        "created": moment,
        "title": plain(document.get("title")),
        "url": web_address(document.get("url")),
        "history": [report],
    }


def _evidence(rule: Rule, view: View) -> Iterator[Json]:
    document = view.document
    wanted = {part.kind: part.some | part.every for part in rule.wanted}
    for topic in document.get("topics") or ():
        if topic["id"] in wanted.get("topics", ()):
            yield from _pieces(view, topic.get("evidence"), f"topic {topic['id']}")
    for entity in document.get("entities") or ():
        if entity["id"] in wanted.get("entities", ()):
            yield from _pieces(view, entity.get("spans"), f"entity {plain(entity.get('name') or entity['id'], 80)}")
    for agency in sorted(wanted.get("agencies", ())):
        told = (document.get("wire") or {}).get("evidence") or ()
        yield from _pieces(view, [piece for piece in told if piece.get("agency") == agency], f"credit to {agency}")
    if rule.query is not None:
        seen: Counter[str] = Counter()
        for hit in rule.query.hits(view):
            seen[hit.why] += 1
            if seen[hit.why] <= _PER_CONDITION:
                yield from _pieces(view, [{"field": hit.field, "start": hit.start, "end": hit.end}], hit.why)


def _pieces(view: View, spans: list[Json] | None, why: str) -> Iterator[Json]:
    for span in (spans or ())[:_PER_CONDITION]:
        field, start, end = span.get("field"), span.get("start"), span.get("end")
        text = view.document.get(field) if field else None
        if not isinstance(text, str) or start is None or end is None:
            # Said of a field that an article document does not keep (an author line), or that is not text.
            exact, around = span.get("text"), ""
        else:
            exact, around = text[start:end], text[max(0, start - _AROUND) : end + _AROUND]
        where = {"article_id": view.document["id"], "field": field, "start": start, "end": end}
        yield {**where, "text": plain(exact), "snippet": plain(around), "why": why}
