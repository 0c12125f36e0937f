"""Why a rule fired, as one sentence in plain words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from transforms.alert.inert import plain
from transforms.alert.rules import Rule
from transforms.alert.view import View

_LANGUAGES = {
    "ar": "Arabic", "de": "German", "en": "English", "es": "Spanish", "fa": "Persian", "fr": "French", "he": "Hebrew",
    "it": "Italian", "ja": "Japanese", "ko": "Korean", "pt": "Portuguese", "ru": "Russian", "tr": "Turkish",
    "uk": "Ukrainian", "ur": "Urdu", "zh": "Chinese",
}  # fmt: skip


def listed(names: Iterable[str], most: int = 4) -> str:
    """ "a", "a and b", "a, b and c", or "a, b, c, d and 3 more"."""
    shown = list(dict.fromkeys(names))
    if len(shown) > most:
        shown = [*shown[:most], f"{len(shown) - most} more"]
    return shown[0] if len(shown) == 1 else ", ".join(shown[:-1]) + " and " + shown[-1] if shown else ""


def reason(rule: Rule, view: View, sources: int) -> str:
    """One sentence, harmless to show: what in the article, and in its story with this many sources, met the rule."""
    sentence = "The article " + (listed(_clauses(rule, view), most=10) or "meets the rule")
    if rule.min_sources > 1:
        sentence += f", and {sources} different sources carry its story"
    return sentence + "."


def _clauses(rule: Rule, view: View) -> Iterator[str]:
    wanted = {part.kind: part.some | part.every for part in rule.wanted}
    names = {entity["id"]: entity.get("name") or entity["id"] for entity in view.document.get("entities") or ()}
    if topics := sorted(wanted.get("topics", frozenset()) & view.topics):
        yield f"is about {listed(topic.replace('_', ' ') for topic in topics)}"
    if entities := sorted(wanted.get("entities", frozenset()) & view.entities):
        yield f"names {listed(plain(names[entity], 80) for entity in entities)}"
    if agencies := sorted(wanted.get("agencies", frozenset()) & view.agencies):
        yield f"credits {listed(agencies)}"
    if rule.query is not None:
        found = listed(hit.why for hit in rule.query.hits(view))
        yield f"holds {plain(found)}" if found else "fits the rule's query"
    if rule.languages:
        yield f"is in {_LANGUAGES.get(view.language, view.language)}"
    if rule.sources:
        yield f"comes from {plain(listed(sorted(rule.sources & view.sources)), 120)}"
    if rule.roles:
        yield f"is {view.role} in its story"
