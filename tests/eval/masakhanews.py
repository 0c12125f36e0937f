"""Precision of topics on MasakhaNEWS: an article that has a topic must be filed where the topic belongs.

The set files each article under one of business, entertainment, health, politics, sports and technology. `HOMES` says
under which a topic may stand; it was written from the topics' descriptions before any result was seen: what states and
armed groups do to each other is politics; trade and energy are business as well, machines and networks technology as
well, relief health as well. A disaster has no home among the six, so its topic is not counted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache

from tests.eval import curves, data
from tests.eval.model import Figure, Measured, Miss, Shown, share
from tests.eval.overlap import Span
from transforms.records import Json
from transforms.tag.topics import load_topics

NAME = "masakhanews"
FILES = {"en": "eng.dev.tsv", "fr": "fra.dev.tsv"}
_POLITICS = (
    "air_strikes assassination border_clashes ceasefire coup defence_cooperation diplomatic_expulsions "
    "diplomatic_visits elections espionage hostages military_exercises military_hotlines missile_tests peace_talks "
    "peacekeeping prisoner_swap protests refugees territorial_dispute terrorism treaty_withdrawal war_crimes"
)
HOMES: dict[str, frozenset[str]] = {
    **dict.fromkeys(_POLITICS.split(), frozenset({"politics"})),
    **dict.fromkeys(
        ("arms_deals", "energy_supply", "maritime_security", "sanctions", "trade_tariffs"),
        frozenset({"politics", "business"}),
    ),
    **dict.fromkeys(
        ("cyber_attack", "disinformation", "drones", "nuclear", "space_security"),
        frozenset({"politics", "technology"}),
    ),
    "humanitarian_aid": frozenset({"politics", "health"}),
}
HOMELESS = frozenset({"earthquake_disaster"})


@dataclass(frozen=True, slots=True)
class Tagged:
    """A topic given to an article, with the article's category; right where it is one of the topic's homes."""

    language: str
    row: dict[str, str]
    topic: Json

    @property
    def right(self) -> bool:
        return self.row["category"] in HOMES[self.topic["id"]]


@cache
def tagged() -> tuple[Tagged, ...]:
    """Every topic with a home that the product gives to the set's articles."""
    return tuple(
        Tagged(language, row, topic)
        for language, file in FILES.items()
        for row in data.table(data.folder(NAME) / file)
        for topic in load_topics().topics(row["headline"], row["text"], language)
        if topic["id"] in HOMES
    )


def measure() -> Measured:
    """Precision of all topics, in each language, and by topic."""
    figures = []
    for language in ("all", *FILES):
        cases = [case for case in tagged() if language in ("all", case.language)]
        key = f"{NAME}.precision" if language == "all" else f"{NAME}.precision.{language}"
        value = share(sum(case.right for case in cases), len(cases))
        figures.append(Figure(key, language, value, len(cases), "topics given, in a category that they belong in"))
    by = {topic: [case for case in tagged() if case.topic["id"] == topic] for topic in sorted(HOMES)}
    rows = [{"topic": topic, "right": sum(case.right for case in cases), "of": len(cases)}
            for topic, cases in by.items() if cases]  # fmt: skip
    misses = tuple(_miss(case) for case in tagged() if not case.right)
    return Measured(NAME, tuple(figures), misses, {"reliability": _reliability()}, {"topics": rows})


def _reliability() -> str:
    """Precision by the score that the topic had."""
    groups: dict[int, Counter[bool]] = {}
    for case in tagged():
        groups.setdefault(min(60, int(case.topic["score"] // 5 * 5)), Counter())[case.right] += 1
    bars = [(f"{at}+", found[True], found.total()) for at, found in sorted(groups.items())]
    return curves.reliability("Topics in a category that they belong in, by score", "score", bars)


def _miss(case: Tagged) -> Miss:
    row, topic = case.row, case.topic
    homes = " or ".join(sorted(HOMES[topic["id"]]))
    texts = []
    for name, field in (("headline", "title"), ("text", "body")):
        marks: list[tuple[Span, str]] = [
            ((piece["start"], piece["end"]), piece["pattern"]) for piece in topic["evidence"] if piece["field"] == field
        ]
        texts.append(Shown(name, row[name], tuple(sorted(marks))))
    return Miss(f"{NAME}.precision.{case.language}", topic["score"], row["headline"], f"filed under {row['category']}",
                f"{topic['id']} with {topic['score']} points, which belongs under {homes}", tuple(texts))  # fmt: skip
