"""The sets that are measured, each once in a process."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from tests.eval import anercorp, credit, extraction, impresso, masakhanews, saudinewsnet, semeval2022, sib200
from tests.eval.model import Measured

SETS: dict[str, Callable[[], Measured]] = {
    "saudinewsnet": saudinewsnet.measure,
    "semeval2022": semeval2022.measure,
    "impresso": impresso.measure,
    "credit": credit.measure,
    "anercorp": anercorp.measure,
    "masakhanews": masakhanews.measure,
    "sib200": sib200.measure,
    "extraction": extraction.measure,
}


@cache
def measured(name: str) -> Measured:
    """The set `name`, measured with the product as it is. MissingPart where its data is absent."""
    return SETS[name]()
