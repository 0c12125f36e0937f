"""Folding 14,524 Arabic articles of 13 outlets, among them the Saudi Press Agency's own (`was`).

Gold is exhaustive overlap of word-5-shingles, hence by definition and not by hand: a pair of different outlets, dated
at most three days apart, with containment of .6 or more is a repost; with a Jaccard index below .3 a truncated one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from tests.eval import curves, data
from tests.eval.model import Figure, Measured, Miss, Shown, share
from tests.eval.overlap import compare
from tests.eval.stream import DAY, Folding, folded, prepared
from transforms.clean.walls import is_wall
from transforms.fold.memory import Memory
from transforms.records import Article, Entry, Origin, Source, rfc3339, seconds

NAME, LANGUAGE = "saudinewsnet", "ar"
CONTAINED, CUT, FAR_S, LEAST = 0.6, 0.3, 3 * DAY, 0.5
# Outlets that are an agency's own, by our slug of it.
OWN = {"was": "spa"}


@dataclass(frozen=True, slots=True)
class Pair:
    """Two articles of different outlets that share text, as the data's labels have it."""

    one: str
    other: str
    containment: float
    jaccard: float

    @property
    def gold(self) -> bool:
        return self.containment >= CONTAINED


@dataclass(frozen=True, slots=True)
class Corpus:
    """The articles in order of arrival, their texts as given by id, and the pairs of different outlets."""

    articles: tuple[Article, ...]
    given: dict[str, str]
    pairs: tuple[Pair, ...]

    def folded(self, order: Iterable[Article] | None = None) -> Memory:
        """The product's memory after all articles; `order` is that of arrival unless given."""
        return folded(self.articles if order is None else order)


@cache
def corpus() -> Corpus:
    """The set, read once. The moment of extraction is both arrival and date: papers do not tell theirs."""
    base = data.folder(NAME)
    articles, given = [], {}
    for number, row in enumerate(data.json_lines(base / "articles.jsonl.gz")):
        at, outlet = row["date_extracted"], row["source"]
        entry = Entry(
            Origin("file:saudinewsnet", 0, number), Source(outlet, outlet, "", OWN.get(outlet)), seconds(at) or 0,
            url=row["url"], title=row["title"], body=row["content"], author=row["author"], published=at, method="file",
        )  # fmt: skip
        given[str(row["id"])] = row["content"]
        article = prepared(entry, str(row["id"]))
        if isinstance(article, Article):
            articles.append(article)
    pairs = []
    for row in data.table(base / "overlap_pairs.tsv.gz"):
        apart = abs((seconds(row["date1"]) or 0) - (seconds(row["date2"]) or 0))
        if row["source1"] != row["source2"] and apart <= FAR_S:
            pairs.append(Pair(row["id1"], row["id2"], float(row["containment"]), float(row["jaccard"])))
    return Corpus(tuple(sorted(articles, key=lambda article: article.arrived)), given, tuple(pairs))


@cache
def folding() -> Folding:
    """The set folded in order of arrival, once."""
    return Folding(corpus().folded(), corpus().given)


@cache
def _articles() -> dict[str, Article]:
    return {article.id: article for article in corpus().articles}


def _outlet(name: str) -> str:
    return _articles()[name].source.id


def between(links: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The links of `links` that join two outlets, each pair once, whichever way it is named."""
    joined = {(min(pair), max(pair)) for pair in links}
    return sorted(pair for pair in joined if _outlet(pair[0]) != _outlet(pair[1]))


def _found(pairs: Iterable[Pair]) -> Counter[bool]:
    return Counter(folding().hit(pair.one, pair.other) for pair in pairs)


def measure() -> Measured:
    """Recall, precision and election, with what was missed."""
    gold = [pair for pair in corpus().pairs if pair.gold]
    cut = [pair for pair in gold if pair.jaccard < CUT]
    copied = _contained(between(folding().copied_from()))
    joined = _contained(between([*folding().copied_from(), *folding().originals()]))
    far, far_joined = ([pair for pair, held in found.items() if held < LEAST] for found in (copied, joined))
    holding, elected = election()
    figures = [
        _figure("recall", share(_found(gold)[True], len(gold)), len(gold), "gold pairs in one story, or linked"),
        _figure("recall_truncated", share(_found(cut)[True], len(cut)), len(cut), "those with Jaccard < .3"),
        _figure("links_contained", share(len(copied) - len(far), len(copied)), len(copied),
                "links of `copied_from` between outlets with containment ≥ .5"),
        _figure("links_far", len(far), len(copied), "links of `copied_from` below that", least=False, count=True),
        _figure("joined_contained", share(len(joined) - len(far_joined), len(joined)), len(joined),
                "the same, with every repost's original"),
        _figure("joined_far", len(far_joined), len(joined), "those below that", least=False, count=True),
        _figure("taken_for_walls", sum(map(is_wall, corpus().given.values())), len(corpus().given),
                "articles that cleaning takes for a cookie notice or the like", least=False, count=True),
        _figure("own_original", share(len(elected), len(holding)), len(holding),
                "stories with reposts that hold an article of the Saudi Press Agency, with such a one as original"),
    ]  # fmt: skip
    misses = [
        *_unfound(gold),
        *_wrong("links_far", joined, far),
        *_wrong("joined_far", joined, [pair for pair in far_joined if pair not in copied]),
        *_usurped(set(holding) - set(elected)),
    ]
    listed = {"links_far": [{"ids": pair, "containment": round(joined[pair], 4), "named": pair in copied}
                            for pair in sorted(far_joined, key=joined.__getitem__)]}  # fmt: skip
    return Measured(NAME, tuple(figures), tuple(misses), pictures(copied), listed)


def _figure(name: str, value: float, cases: int, tells: str, *, least: bool = True, count: bool = False) -> Figure:
    return Figure(f"{NAME}.{name}", LANGUAGE, value, cases, tells, least, count)


def _contained(links: Iterable[tuple[str, str]]) -> dict[tuple[str, str], float]:
    """The containment of each link, on whole sets of the shingles of the texts as given."""
    held = folding()
    return {pair: compare(held.shingles(pair[0]), held.shingles(pair[1])).containment for pair in links}


def election() -> tuple[list[str], list[str]]:
    """The stories of several articles that hold an agency's own, and those of them that have it as original."""
    holding, elected = [], []
    for story in folding().memory.stories.values():
        outlets = {member.id: _outlet(member.id) for member in story.group.members}
        if len(outlets) > 1 and set(outlets.values()) & OWN.keys():
            holding.append(story.id)
            elected += [story.id] * (outlets[original(story.id)] in OWN)
    return holding, elected


def original(story: str) -> str:
    """The id of the original of a story of several articles."""
    first = folding().memory.stories[story].group.members[0].id
    return str(folding().placements[first]["original_id"])


def pictures(copied: dict[tuple[str, str], float]) -> dict[str, str]:
    """Precision and recall by what one calls a repost; and how similar pairs and links are."""
    pairs = [(pair.containment, folding().hit(pair.one, pair.other)) for pair in corpus().pairs]
    precision, recall = [], []
    for step in range(20, 101, 2):
        at = step / 100
        called = [hit for held, hit in pairs if held >= at]
        recall.append((at, sum(called) / max(1, len(called))))
        precision.append((at, sum(held >= at for held in copied.values()) / max(1, len(copied))))
    return {
        "thresholds": curves.lines(
            "Folding, by the containment from which two texts are called one", "containment",
            {"precision of links": precision, "recall of pairs": recall}, CONTAINED),
        "precision-recall": curves.lines(
            "Precision by recall, a point a threshold", "recall",
            {"containment from .2 to 1": [(x, y) for (_, x), (_, y) in zip(recall, precision, strict=True)]}),
        "similarity": curves.histogram(
            "How much of the smaller text is in the other", "containment",
            {"gold pairs": [pair.containment for pair in corpus().pairs if pair.gold],
             "links made": list(copied.values()),
             "pairs not linked": [held for held, hit in pairs if not hit]}),
    }  # fmt: skip


def _shown(name: str, other: str | None = None) -> Shown:
    article = _articles().get(name)
    head = f"{name}: refused by cleaning" if article is None else (
        f"{name} · {article.source.id} · {rfc3339(article.published)} · {folding().verdict(name)} · {article.title}"
    )  # fmt: skip
    # An article without a body was folded by its title.
    return Shown(
        head, corpus().given[name] or (article.title if article else ""), folding().marks(name, other) if other else ()
    )


def _unfound(gold: list[Pair]) -> list[Miss]:
    return [
        Miss(f"{NAME}.recall", pair.containment, f"{pair.one} and {pair.other}",
             f"one text: containment {pair.containment:.2f}, Jaccard {pair.jaccard:.2f}", "no story or link joins them",
             (_shown(pair.one, pair.other), _shown(pair.other, pair.one)))
        for pair in gold if not folding().hit(pair.one, pair.other)
    ]  # fmt: skip


def _wrong(figure: str, held: dict[tuple[str, str], float], far: list[tuple[str, str]]) -> list[Miss]:
    return [
        Miss(f"{NAME}.{figure}", 1 - held[pair], " and ".join(pair), f"no link below containment {LEAST}",
             f"linked at {held[pair]:.2f}", (_shown(*pair), _shown(*reversed(pair))))
        for pair in far
    ]  # fmt: skip


def _usurped(stories: set[str]) -> list[Miss]:
    misses = []
    for name in sorted(stories):
        members, first = folding().memory.stories[name].group.members, original(name)
        own = next(member for member in members if _outlet(member.id) in OWN)
        misses.append(
            Miss(f"{NAME}.own_original", len(members), f"a story of {len(members)}", f"the original is {own.id}",
                 f"the original is {first}; {own.id} credits {', '.join(own.credits) or 'nobody'}",
                 (_shown(first, own.id), _shown(own.id, first)))
        )  # fmt: skip
    return misses
