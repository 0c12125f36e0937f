"""Wire credit on labelled bylines and on bodies of SaudiNewsNet, and credits told from mentions in cases of our own.

Bylines: 300 ids labelled by hand. Bodies: the byline is hidden, and is the truth where the body names the same agency.
`tests/attribute/measure.py` counts; this makes figures and misses of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tests.attribute import measure as counted
from tests.attribute.measure import Row, Score
from tests.eval import data
from tests.eval.model import JUDGED, Figure, Measured, Miss, Shown
from transforms.attribute import load_agencies

NAME = "credit"


def measure() -> Measured:
    """F1 of bylines by agency, precision and recall of bodies by agency, and of cases by language."""
    data.folder("saudinewsnet")
    figures = [_figure("bylines", slug, "ar", "f1", score) for slug, score in counted.byline_scores().items()]
    for slug, score in counted.body_scores().items():
        figures += [_figure("body", slug, "ar", part, score) for part in ("precision", "recall")]
    for language, score in counted.mention_scores().items():
        figures.append(_figure("mentions", language, language, "precision", score))
    return Measured(NAME, tuple(figures), tuple(_misses()))


def _figure(name: str, row: str, language: str, part: str, score: Score) -> Figure:
    key = f"{NAME}.{name}_{part}" if row == "all" else f"{NAME}.{name}_{part}.{row}"
    told = {"bylines": "agencies of labelled bylines", "body": "agencies of bodies, the byline hidden",
            "mentions": "credits told from mentions, cases of our own"}[name]  # fmt: skip
    return Figure(key, language, getattr(score, part), score.right + score.wrong + score.missed, f"{told}: {part}")


def _misses() -> Iterator[Miss]:
    articles = {str(row["id"]): row for row in counted.saudinewsnet()}
    bylines = ((row, articles[row.name]["author"], "author") for row in counted.byline_rows())
    yield from _wrong("bylines_f1", "ar", bylines)
    bodies = ((row, articles[row.name]["content"], "body") for row in counted.body_rows())
    yield from _wrong("body_precision", "ar", bodies)
    bodies = {f"{stem}-{number}": case["body"] for number, (stem, case) in enumerate(counted.mention_cases())}
    for language, rows in counted.mention_rows().items():
        yield from _wrong(f"mentions_precision.{language}", language, ((row, bodies[row.name], "body") for row in rows))


def _wrong(figure: str, language: str, rows: Iterable[tuple[Row, str, str]]) -> Iterator[Miss]:
    for row, text, field in rows:
        if not row.missed:
            continue
        author, body = (text, "") if field == "author" else (None, text)
        wire = load_agencies().credits("", body, author, language)
        marks = tuple(sorted(((item["start"], item["end"]), f"{JUDGED}{item['agency']}") for item in wire["evidence"]))
        # To credit one that is none does more harm than to miss one.
        weight = 10 * len(row.found - row.true) + len(row.true - row.found)
        yield Miss(f"{NAME}.{figure}", weight, row.name, f"credits {', '.join(sorted(row.true)) or 'nobody'}",
                   f"credits {', '.join(sorted(row.found)) or 'nobody'}", (Shown(field, text, marks),))  # fmt: skip
