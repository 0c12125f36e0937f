"""Wire credit measured: counts of right, wrong and missed agencies over labelled sets. For tests and `make eval`.

The `..._scores` give one `Score` a row of the table that a person reads; the `..._rows` give what stands behind them,
so that misses can be looked at. The evaluation data is found by `shared`, so a test that calls one skips where the
data is absent, and fails in CI.
"""

from __future__ import annotations

import gzip
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.running import shared
from transforms.attribute import load_agencies
from transforms.attribute.data import DEFAULT, read
from transforms.text import fold

HERE = Path(__file__).parent
FOUR = ("reuters", "afp", "dpa", "spa")
ENOUGH = 50
# The labels of impresso for our slugs, where they differ. "unk" (an agency that the labels do not name) has none.
_SLUGS = {"ats-sda": "ats", "up-upi": "upi", "ag": "agencies", "spk-smp": "spk", "ddp-dapd": "ddp"}
# Agencies that the labels leave unknown, wholly or at times: to find one is neither right nor wrong.
_UNLABELLED = frozenset(["pat", "spk", "telegraphen-union", "transocean", "rosta", "avala", "fournier"])


@dataclass(frozen=True)
class Score:
    """How many agencies were credited rightly, wrongly, and not though they should have been."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0

    @property
    def f1(self) -> float:
        whole = 2 * self.right + self.wrong + self.missed
        return 2 * self.right / whole if whole else 1.0

    def __str__(self) -> str:
        counts = f"{self.right} right, {self.wrong} wrong, {self.missed} missed"
        return f"F1 {self.f1:.3f}, precision {self.precision:.3f}, recall {self.recall:.3f}: {counts}"


@dataclass(frozen=True)
class Row:
    """One text: its name in its set (an id, a number), the slugs that it truly credits, and those that were found."""

    name: str
    true: frozenset[str]
    found: frozenset[str]

    @property
    def missed(self) -> bool:
        return self.true != self.found


def score(rows: Iterable[Row], slug: str | None = None) -> Score:
    """The score of `rows`, or of one agency in them."""
    right = wrong = missed = 0
    for row in rows:
        only = {slug} if slug else row.true | row.found
        right += len(row.true & row.found & only)
        wrong += len((row.found - row.true) & only)
        missed += len((row.true - row.found) & only)
    return Score(right, wrong, missed)


def credited(title: str, body: str, author: str | None, language: str) -> frozenset[str]:
    """The slugs that the product credits."""
    return frozenset(load_agencies().credits(title, body, author, language)["agencies"])


def labelled_bylines() -> dict[int, frozenset[str]]:
    """Id of a SaudiNewsNet article to the slugs that its byline credits, as read by eye."""
    lines = (HERE / "bylines_labelled.tsv").read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith(("#", "id\t"))]
    return {int(name): frozenset(filter(None, slugs.split(","))) for name, slugs in rows}


def saudinewsnet() -> Iterator[dict[str, Any]]:
    """The articles as they come, with `id`, `author` and `content`."""
    with gzip.open(shared("saudinewsnet", "articles.jsonl.gz"), "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def byline_rows() -> list[Row]:
    """Arabic bylines as input, against the labels."""
    labels = labelled_bylines()
    articles = (row for row in saudinewsnet() if row["id"] in labels)
    return [Row(str(row["id"]), labels[row["id"]], credited("", "", row["author"], "ar")) for row in articles]


def byline_scores() -> dict[str, Score]:
    """By agency, and "all": every agency together."""
    rows = byline_rows()
    return {**{slug: score(rows, slug) for slug in FOUR}, "all": score(rows)}


def _names() -> dict[str, re.Pattern[str]]:
    """Of each agency its full Arabic and general names, wherever they stand. Short ones are adjectives as well."""
    patterns = {}
    for agency in read(DEFAULT).agencies:
        names = [fold(name) for language, name in agency.spellings if language in ("ar", "any")]
        forms = [
            r"\W{0,3}".join(name.split()) if re.fullmatch(r"\w( \w)+", name) else re.escape(name) for name in names
        ]
        if forms:
            patterns[agency.slug] = re.compile(rf"(?<!\w)[ولب]?(?:{'|'.join(forms)})(?!\w)")
    return patterns


def body_rows() -> Iterator[Row]:
    """The body's own credit with the byline hidden, the byline as truth: articles where both name an agency.

    True is what the byline credits and the body names, though perhaps only as who was told something.
    """
    patterns = _names()
    for row in saudinewsnet():
        if byline := credited("", "", row["author"] or "", "ar"):
            found, folded = credited("", row["content"], None, "ar"), fold(row["content"])
            named = {slug for slug in byline if slug in found or (slug in patterns and patterns[slug].search(folded))}
            if named or found:
                yield Row(str(row["id"]), frozenset(named), found)


def body_scores() -> dict[str, Score]:
    """By agency with at least 50 cases: texts that name it in byline and body, or were found to credit it."""
    rows = list(body_rows())
    slugs = sorted({slug for row in rows for slug in row.true | row.found})
    scores = {slug: score(rows, slug) for slug in slugs}
    return {slug: of for slug, of in scores.items() if of.right + of.wrong + of.missed >= ENOUGH}


def mention_cases() -> Iterator[tuple[str, dict[str, Any]]]:
    """Cases of our own, half credits and half mentions, each with the name of its set."""
    for path in sorted((HERE / "credit_or_mention").glob("*.yaml")):
        data = yaml.safe_load(path.read_text("utf-8"))
        for case in data["cases"]:
            yield path.stem, {"language": data.get("language"), "title": "", "author": None, **case}


def mention_rows() -> dict[str, list[Row]]:
    """Credits told from mentions, by language."""
    rows: dict[str, list[Row]] = defaultdict(list)
    for number, (name, case) in enumerate(mention_cases()):
        found = credited(case["title"], case["body"], case["author"], case["language"])
        rows[case["language"]].append(Row(f"{name}-{number}", frozenset(case["agencies"]), found))
    return rows


def mention_scores() -> dict[str, Score]:
    """By language, and "all"."""
    rows = mention_rows()
    by_language = {language: score(of) for language, of in sorted(rows.items())}
    return {**by_language, "all": score(row for of in rows.values() for row in of)}


def impresso_pages(language: str) -> Iterator[tuple[str, set[str]]]:
    """The text of each page, lines as printed, and the slugs of the agencies labelled in it."""
    text, gold = "", set[str]()
    path = shared("impresso", f"newsagency-data-dev-{language}.tsv")
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("# language"):
            if text:
                yield text, gold
            text, gold = "", set()
        cells = line.split("\t")
        if line.startswith("#") or len(cells) < 10:
            continue
        text += cells[0] + ("\n" if "EndOfLine" in line else "" if "NoSpaceAfter" in line else " ")
        label = cells[3].rpartition("pressagency.")[2].lower()
        if label != cells[3].lower() and label != "unk":
            gold.add(_SLUGS.get(label, label))
    yield text, gold


def impresso_rows(language: str) -> Iterator[Row]:
    """Agencies by page of old newspapers, "fr" or "de", against the labels; pages are named by number, from 0."""
    for number, (text, gold) in enumerate(impresso_pages(language)):
        yield Row(f"{language}-{number}", frozenset(gold), credited("", text, None, language) - _UNLABELLED)


def impresso_score(language: str) -> Score:
    """All pages of a language."""
    return score(impresso_rows(language))
