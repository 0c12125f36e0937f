"""The article's text from 181 news pages as saved by a browser; the gold text was marked by people.

Counted as the set's own benchmark does: multisets of running words, four at a time; precision and recall are means over
pages, and F1 is of these two means (https://github.com/scrapinghub/article-extraction-benchmark).
"""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from statistics import mean

from tests.eval import curves, data
from tests.eval.model import Figure, Measured, Miss, Shown
from tests.eval.overlap import marks, shingles
from transforms.clean.article import clean
from transforms.feeds.pages import extract
from transforms.records import Article, Entry, Origin, Source

NAME, WIDTH = "extraction", 4


@dataclass(frozen=True, slots=True)
class Page:
    """A page's name, its text as people marked it, and as the product reads it."""

    name: str
    gold: str
    found: str

    @property
    def scores(self) -> tuple[float, float]:
        """Precision and recall of the running words."""
        gold, found = _shingles(self.gold), _shingles(self.found)
        common = (gold & found).total()
        whole = 1.0 if gold == found else 0.0
        return common / found.total() if found else whole, common / gold.total() if gold else whole


def _shingles(text: str) -> Counter[tuple[str, ...]]:
    words = re.findall(r"\w+", text)
    width = min(WIDTH, len(words))
    return Counter(tuple(words[at : at + width]) for at in range(len(words) - width + 1)) if words else Counter()


@cache
def pages() -> tuple[Page, ...]:
    """All pages, read and cleaned as those of a feed are."""
    base = data.folder(NAME)
    gold = json.loads((base / "ground-truth.json").read_text("utf-8"))
    return tuple(
        Page(name, truth["articleBody"], _read(gzip.decompress((base / "html" / f"{name}.html.gz").read_bytes()), name))
        for name, truth in gold.items()
    )


def _read(page: bytes, name: str) -> str:
    text = extract(page.decode("utf-8", "replace"))
    entry = Entry(Origin("feed:extraction"), Source("page"), 0, guid=name, body=text or "", method="page")
    article = clean(entry)
    return article.body if isinstance(article, Article) else ""


def measure() -> Measured:
    """Precision, recall and F1, with the pages that came out worst."""
    scores = {page.name: page.scores for page in pages()}
    precision, recall = (mean(pair[at] for pair in scores.values()) for at in (0, 1))
    by = {name: 2 * p * r / (p + r) if p + r else 0.0 for name, (p, r) in scores.items()}
    figures = (
        Figure(f"{NAME}.f1", "all", 2 * precision * recall / (precision + recall), len(scores), "of running words"),
        Figure(f"{NAME}.precision", "all", precision, len(scores), "what was read that is the article's"),
        Figure(f"{NAME}.recall", "all", recall, len(scores), "what is the article's that was read"),
    )
    misses = tuple(_miss(page, *scores[page.name]) for page in pages() if by[page.name] < 0.9)
    title = "How well a page's text is read"
    return Measured(
        NAME, figures, misses, {"f1": curves.histogram(title, "F1 of a page", {"pages": list(by.values())})}
    )


def _miss(page: Page, precision: float, recall: float) -> Miss:
    gold = Shown("as people marked it", page.gold, tuple((s, "shared") for s in marks(page.gold, shingles(page.found))))
    found = Shown("as it was read", page.found, tuple((s, "shared") for s in marks(page.found, shingles(page.gold))))
    told = f"precision {precision:.2f}, recall {recall:.2f}"
    return Miss(f"{NAME}.f1", 1 - min(precision, recall), page.name[:12], "the text at the left", told, (gold, found))
