"""Wire credit on French and German newspaper pages of 1840 to 2000, read by OCR; the labels are human.

A page counts once per agency: its labels, whatever stands around them, against what the product credits. Only agencies
that the labels have a name for count.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from tests.eval import curves, data
from tests.eval.model import Figure, Measured, Miss, Shown
from tests.eval.overlap import Span
from transforms.attribute import load_agencies

NAME, LANGUAGES = "impresso", ("fr", "de")
# The labels' names for our slugs. "unk" (an agency that the labels do not name) has none.
SLUGS = {"ats-sda": "ats", "up-upi": "upi", "ag": "agencies", "spk-smp": "spk", "ddp-dapd": "ddp"}
_LABEL = re.compile(r"[BI]-org\.ent\.pressagency\.(\S+)")


@dataclass(frozen=True, slots=True)
class Page:
    """A page: lines as printed, the slugs labelled in it, and where each label stands."""

    name: str
    text: str
    gold: frozenset[str]
    marks: tuple[tuple[Span, str], ...]


@cache
def nameable() -> frozenset[str]:
    """Our slugs of the agencies that the labels have a name for.

    Any other is labelled "unk" at best, so that to credit it is neither right nor wrong.
    """
    labels = json.loads((data.folder(NAME) / "label_map.json").read_text("utf-8"))
    named = {found[1].lower() for label in labels if (found := _LABEL.fullmatch(label))}
    return frozenset(SLUGS.get(name, name) for name in named) - {"unk"}


@cache
def pages(language: str) -> tuple[Page, ...]:
    """The pages in `language`."""
    path = data.folder(NAME) / f"newsagency-data-dev-{language}.tsv"
    lines = path.read_text("utf-8").splitlines()
    starts = [at for at, line in enumerate(lines) if line.startswith("# language")]
    return tuple(_page(lines[a:b]) for a, b in zip(starts, [*starts[1:], len(lines)], strict=True))


def _page(lines: list[str]) -> Page:
    name, text, marks = "", "", []
    for line in lines:
        if line.startswith("# document_id = "):
            name = line.removeprefix("# document_id = ")
        cells = line.split("\t")
        if line.startswith("#") or len(cells) < 10:
            continue
        if label := _LABEL.fullmatch(cells[3]):
            slug = label[1].lower()
            marks.append(((len(text), len(text) + len(cells[0])), SLUGS.get(slug, slug)))
        text += cells[0] + ("\n" if "EndOfLine" in line else "" if "NoSpaceAfter" in line else " ")
    return Page(name, text, frozenset(slug for _, slug in marks if slug != "unk"), tuple(marks))


@dataclass(frozen=True, slots=True)
class Credited:
    """What the product credits on a page, beside its labels."""

    page: Page
    found: frozenset[str]
    marks: tuple[tuple[Span, str], ...]


@cache
def credited(language: str) -> tuple[Credited, ...]:
    """All pages in `language` through the product."""
    found = []
    for page in pages(language):
        wire = load_agencies().credits("", page.text, None, language)
        marks = tuple(((item["start"], item["end"]), f"credit: {item['agency']}") for item in wire["evidence"])
        found.append(Credited(page, frozenset(wire["agencies"]) & nameable(), marks))
    return tuple(found)


def counts(language: str) -> dict[str, Counter[str]]:
    """By agency: how many pages are right, wrong (credited and not labelled) and missed."""
    by: dict[str, Counter[str]] = {}
    for one in credited(language):
        gold = one.page.gold
        for kind, slugs in (("right", one.found & gold), ("wrong", one.found - gold), ("missed", gold - one.found)):
            for slug in slugs:
                by.setdefault(slug, Counter())[kind] += 1
    return by


def f1(found: Counter[str]) -> float:
    """Of counts of right, wrong and missed."""
    return 2 * found["right"] / max(1, 2 * found["right"] + found["wrong"] + found["missed"])


def measure() -> Measured:
    """Document F1 in each language, and by agency."""
    figures, misses, pictures, listed = [], list[Miss](), {}, {}
    for language in LANGUAGES:
        by = counts(language)
        whole = sum(by.values(), Counter[str]())
        cases = whole["right"] + whole["missed"]
        tells = "agencies credited on a page against those labelled, F1"
        figures.append(Figure(f"{NAME}.f1.{language}", language, f1(whole), cases, tells))
        misses += _misses(language)
        rows = sorted(by.items(), key=lambda pair: (-pair[1]["right"] - pair[1]["missed"], pair[0]))
        groups = [(slug, found["right"], found["right"] + found["wrong"]) for slug, found in rows if found["right"]]
        title = f"{language}: of the pages on which an agency is credited, those that are labelled with it"
        pictures[f"credit-{language}"] = curves.reliability(title, "agency", groups[:14])
        listed[f"agencies_{language}"] = [{"agency": slug, "f1": round(f1(found), 4), **found} for slug, found in rows]
    return Measured(NAME, tuple(figures), tuple(misses), pictures, listed)


def _misses(language: str) -> Iterator[Miss]:
    for one in credited(language):
        page = one.page
        wrong, missed = sorted(one.found - page.gold), sorted(page.gold - one.found)
        if not wrong and not missed:
            continue
        told = {slug for slug in (*wrong, *missed)}
        marks = [(span, f"label: {slug}") for span, slug in page.marks if slug in told or slug == "unk"]
        marks += [(span, label) for span, label in one.marks if label.removeprefix("credit: ") in told]
        found = "; ".join([f"credits {slug}, which is not labelled" for slug in wrong]
                          + [f"does not credit {slug}" for slug in missed])  # fmt: skip
        expected = f"credits {', '.join(sorted(page.gold)) or 'nobody'}"
        shown = Shown(page.name, page.text, tuple(sorted(marks)))
        yield Miss(f"{NAME}.f1.{language}", len(told), page.name, expected, found, (shown,))
