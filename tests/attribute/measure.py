"""Wire credit measured: counts of right, wrong and missed agencies over labelled sets. For tests and `make eval`.

Each function gives one `Score` a row of the table that a person reads. The evaluation data is found by `shared`, so
a test that calls one skips where the data is absent, and fails in CI.
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


def score(pairs: Iterable[tuple[set[str], set[str]]]) -> Score:
    """The score of pairs of what is true and what was found."""
    right = wrong = missed = 0
    for true, found in pairs:
        right, wrong, missed = right + len(true & found), wrong + len(found - true), missed + len(true - found)
    return Score(right, wrong, missed)


def credited(title: str, body: str, author: str | None, language: str) -> set[str]:
    """The slugs that the product credits."""
    return set(load_agencies().credits(title, body, author, language)["agencies"])


def labelled_bylines() -> dict[int, set[str]]:
    """Id of a SaudiNewsNet article to the slugs that its byline credits, as read by eye."""
    lines = (HERE / "bylines_labelled.tsv").read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith(("#", "id\t"))]
    return {int(name): set(filter(None, slugs.split(","))) for name, slugs in rows}


def saudinewsnet() -> Iterator[dict[str, Any]]:
    """The articles as they come, with `id`, `author` and `content`."""
    with gzip.open(shared("saudinewsnet", "articles.jsonl.gz"), "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def byline_scores() -> dict[str, Score]:
    """Arabic bylines as input, by agency, and "all": every agency together."""
    labels = labelled_bylines()
    found = {row["id"]: credited("", "", row["author"], "ar") for row in saudinewsnet() if row["id"] in labels}
    pairs = [(true, found[name]) for name, true in labels.items()]
    by_agency = {slug: score((true & {slug}, got & {slug}) for true, got in pairs) for slug in FOUR}
    return {**by_agency, "all": score(pairs)}


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


def body_scores() -> dict[str, Score]:
    """The body's own credit with the byline hidden, the byline as truth, by agency with at least 50 cases.

    Counted are articles whose byline credits an agency and whose body names one. Wrong: credited, not in the byline.
    Missed: in the byline and named in the body, though perhaps only as who was told something. Cases are all of them.
    """
    patterns = _names()
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in saudinewsnet():
        if not (true := credited("", "", row["author"] or "", "ar")):
            continue
        found = credited("", row["content"], None, "ar")
        folded = fold(row["content"])
        named = found | {slug for slug in true if slug in patterns and patterns[slug].search(folded)}
        for slug in named:
            counts[slug][(slug not in true) if slug in found else 2] += 1
    return {slug: Score(*found) for slug, found in sorted(counts.items()) if sum(found) >= ENOUGH}


def mention_cases() -> Iterator[tuple[str, dict[str, Any]]]:
    """Cases of our own, half credits and half mentions, each with the name of its set."""
    for path in sorted((HERE / "credit_or_mention").glob("*.yaml")):
        data = yaml.safe_load(path.read_text("utf-8"))
        for case in data["cases"]:
            yield path.stem, {"language": data.get("language"), "title": "", "author": None, **case}


def mention_scores() -> dict[str, Score]:
    """Credits told from mentions, by language, and "all"."""
    pairs: dict[str, list[tuple[set[str], set[str]]]] = defaultdict(list)
    for _, case in mention_cases():
        found = credited(case["title"], case["body"], case["author"], case["language"])
        pairs[case["language"]].append((set(case["agencies"]), found))
    by_language = {language: score(of) for language, of in sorted(pairs.items())}
    return {**by_language, "all": score(pair for of in pairs.values() for pair in of)}


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


def impresso_score(language: str) -> Score:
    """Agencies by page of old newspapers, "fr" or "de", against the labels."""
    pages = impresso_pages(language)
    return score((gold, credited("", text, None, language) - _UNLABELLED) for text, gold in pages)
