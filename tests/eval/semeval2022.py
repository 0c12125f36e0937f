"""Folding on pairs that people rated from 1 (the same story) to 4 (different): SemEval 2022 task 8.

The texts were taken from pages as they came, so cookie walls, paywalls and templates are in them: of two articles that
tell different things nothing but furniture is alike. Each article is of its own host, as its address says; all of them
are folded together, in the order of the file, as if they came within the hour.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from tests.eval import curves, data
from tests.eval.model import Figure, Measured, Miss, Shown, share
from tests.eval.overlap import compare
from tests.eval.stream import Folding, folded, prepared
from transforms.records import Article, DeadLetter, Entry, Origin, Source
from transforms.yamls import read_yaml

NAME = "semeval2022"
DIFFERENT, SAME = 3.0, 2.0
ARRIVED = 1_640_995_200


@dataclass(frozen=True, slots=True)
class Pair:
    """Two articles by id, the language of both, and the rating: 1 is the same story, 4 a different one."""

    name: str
    ids: tuple[str, str]
    language: str
    rating: float


@dataclass(frozen=True, slots=True)
class Corpus:
    """The articles that cleaning let through, in order, the reason for each that it did not, the texts as given, and
    the pairs of one language."""

    articles: tuple[Article, ...]
    refused: dict[str, str]
    given: dict[str, str]
    hosts: dict[str, str]
    pairs: tuple[Pair, ...]


@cache
def corpus() -> Corpus:
    """The set, read once. An article that stands in several pairs with one text comes once."""
    names: dict[tuple[str, str], str] = {}
    articles: list[Article] = []
    refused, given, hosts, pairs = {}, {}, {}, []
    for row in data.json_lines(data.folder(NAME) / "pairs_text.jsonl.gz"):
        ids = []
        for side, part in enumerate(row["pair_id"].split("_"), 1):
            url, text = row[f"url{side}"], row[f"text{side}"]
            name = names.setdefault((url, text), part if part not in given else f"{part}-{row['pair_id']}")
            ids.append(name)
            if name in given:
                continue
            given[name], hosts[name] = text, urlsplit(url).hostname or ""
            article = _article(name, url, text, len(given))
            if isinstance(article, DeadLetter):
                refused[name] = article.reason
            else:
                articles.append(article)
        if row["lang1"] == row["lang2"]:
            pairs.append(Pair(row["pair_id"], (ids[0], ids[1]), row["lang1"], row["overall"]))
    return Corpus(tuple(articles), refused, given, hosts, tuple(pairs))


def _article(name: str, url: str, text: str, number: int) -> Article | DeadLetter:
    host = urlsplit(url).hostname or ""
    entry = Entry(Origin(f"feed:{host}", number), Source(host, host, host), ARRIVED + number, url=url, body=text,
                  method="page")  # fmt: skip
    return prepared(entry, name)


@cache
def folding() -> Folding:
    """All articles folded together, once."""
    return Folding(folded(corpus().articles), corpus().given)


def _linked(pairs: Iterable[Pair]) -> list[Pair]:
    return [pair for pair in pairs if folding().hit(*pair.ids)]


def measure() -> Measured:
    """Links among different articles, and among the same."""
    pairs = corpus().pairs
    figures = []
    for language in ("all", *sorted({pair.language for pair in pairs})):
        different = [p for p in pairs if p.rating >= DIFFERENT and language in ("all", p.language)]
        end = "" if language == "all" else f".{language}"
        tells = "pairs rated 3 or more that are linked"
        found = len(_linked(different))
        figures.append(
            Figure(f"{NAME}.different_linked{end}", language, found, len(different), tells, least=False, count=True)
        )
    same = [pair for pair in pairs if pair.rating < SAME]
    tells = "pairs rated below 2 that are linked"
    figures.append(Figure(f"{NAME}.same_linked", "all", len(_linked(same)), len(same), tells, count=True))
    refused, walls = corpus().refused, labelled()
    found = len(walls & refused.keys())
    tells = "cookie notices, paywalls, robot checks (ids labelled by hand) that cleaning refuses"
    figures.append(Figure(f"{NAME}.walls_refused", "all", share(found, len(walls)), len(walls), tells))
    others = len(corpus().given) - len(walls)
    tells = "other texts that it refuses"
    figures.append(
        Figure(f"{NAME}.articles_refused", "all", len(refused) - found, others, tells, least=False, count=True)
    )
    listed = {
        "different_linked": [{"pair": p.name, "language": p.language, "rating": p.rating,
                              "containment": round(_containment(p), 4)}
                             for p in _linked(p for p in pairs if p.rating >= DIFFERENT)],
        "refused": [{"id": name, "reason": reason} for name, reason in sorted(refused.items())],
    }  # fmt: skip
    return Measured(NAME, tuple(figures), tuple(_misses()), _pictures(), listed)


@cache
def labelled() -> frozenset[str]:
    """The ids of texts that a person found to be walls."""
    read = read_yaml(Path(__file__).with_name("semeval_walls.yaml"), "semeval_walls.yaml")
    return frozenset(map(str, read["walls"]))


def _containment(pair: Pair) -> float:
    held = folding()
    return compare(held.shingles(pair.ids[0]), held.shingles(pair.ids[1])).containment


def _misses() -> list[Miss]:
    misses = []
    for pair in _linked(pair for pair in corpus().pairs if pair.rating >= DIFFERENT):
        one, other = pair.ids
        expected = f"rated {pair.rating:.2g}: different"
        found = f"linked; containment {_containment(pair):.2f} as given"
        texts = (_shown(one, other), _shown(other, one))
        key = f"{NAME}.different_linked.{pair.language}"
        misses.append(Miss(key, pair.rating, pair.name, expected, found, texts))
    for pair in corpus().pairs:
        held = _containment(pair)
        if pair.rating < SAME and held >= 0.3 and not folding().hit(*pair.ids):
            one, other = pair.ids
            misses.append(
                Miss(f"{NAME}.same_linked", held, pair.name, f"rated {pair.rating:g}: the same story",
                     f"not linked, though containment is {held:.2f}", (_shown(one, other), _shown(other, one)))
            )  # fmt: skip
    refused = corpus().refused.keys()
    for key, names, found in (("walls_refused", labelled() - refused, "taken for an article"),
                              ("articles_refused", refused - labelled(), "refused")):  # fmt: skip
        expected = "an article" if key == "articles_refused" else "no article, by the labels"
        misses += [Miss(f"{NAME}.{key}", 1, name, expected, found, (_shown(name),)) for name in sorted(names)]
    return misses


def _shown(name: str, other: str | None = None) -> Shown:
    head = f"{name} · {corpus().hosts[name]} · {folding().verdict(name)}"
    return Shown(head, corpus().given[name], folding().marks(name, other) if other else ())


def _pictures() -> dict[str, str]:
    """Precision and recall by containment, with people's ratings as gold, and how similar pairs of each rating are."""
    pairs = [(pair, _containment(pair)) for pair in corpus().pairs]
    rated = [(pair.rating, held) for pair, held in pairs if pair.rating < SAME or pair.rating >= DIFFERENT]
    precision, recall = [], []
    for step in range(5, 101, 5):
        taken = Counter(rating < SAME for rating, held in rated if held >= step / 100)
        precision.append((step / 100, taken[True] / max(1, taken.total())))
        recall.append((step / 100, taken[True] / max(1, sum(rating < SAME for rating, _ in rated))))
    return {
        "thresholds": curves.lines(
            "Containment alone as verdict, people's ratings as gold", "containment",
            {"precision (below 2, not 3 or more)": precision, "recall (below 2)": recall}, 0.6),
        "similarity": curves.histogram(
            "How much of the smaller text is in the other", "containment",
            {"rated below 2": [held for pair, held in pairs if pair.rating < SAME],
             "rated 3 or more": [held for pair, held in pairs if pair.rating >= DIFFERENT],
             "linked": [held for pair, held in pairs if folding().hit(*pair.ids)]}),
    }  # fmt: skip
