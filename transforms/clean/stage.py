"""Clean: entries to articles; what cannot be one is a dead letter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput

from transforms import metrics
from transforms.batches import InARow
from transforms.clean.article import clean
from transforms.records import Article, DeadLetter, Entry


class Clean(beam.PTransform):
    """`Entry` in; outputs `articles` and `dead`."""

    def expand(self, entries: Any) -> Any:
        return entries | "Clean" >> beam.ParDo(_Clean(_sorted)).with_outputs("dead", main="articles")


class _Clean(InARow):
    def settle(self, elements: Sequence[Entry]) -> Sequence[Any]:
        metrics.count("entries", len(elements))
        return super().settle(elements)


def _sorted(entry: Entry) -> Article | TaggedOutput:
    result = clean(entry)
    return TaggedOutput("dead", result) if isinstance(result, DeadLetter) else result
