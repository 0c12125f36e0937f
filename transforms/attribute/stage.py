"""Attribute: the agencies that a text credits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import apache_beam as beam

from transforms.attribute.agencies import Agencies
from transforms.batches import InARow
from transforms.records import Article, replace


def with_credit(article: Article, agencies: Agencies) -> Article:
    """`article` with its wire credit and the version of the data that found it."""
    wire = agencies.credits(article.title, article.body, article.author, article.language)
    return replace(article, wire=wire, tagged_by={**article.tagged_by, "agencies": agencies.version})


class Attribute(beam.PTransform):
    """`Article` in and out."""

    def __init__(self, open_agencies: Callable[[], Agencies]) -> None:
        super().__init__()
        self.open_agencies = open_agencies

    def expand(self, articles: Any) -> Any:
        open_agencies = self.open_agencies
        return articles | "Credit" >> beam.ParDo(InARow(lambda article: with_credit(article, open_agencies())))
