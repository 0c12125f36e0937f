"""Clean: entries to articles; what cannot be one is a dead letter."""

from __future__ import annotations

from typing import Any

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput

from transforms.batches import InARow
from transforms.clean.article import clean
from transforms.records import Article, DeadLetter, Entry


class Clean(beam.PTransform):
    """`Entry` in; outputs `articles` and `dead`."""

    def expand(self, entries: Any) -> Any:
        return entries | "Clean" >> beam.ParDo(InARow(_sorted)).with_outputs("dead", main="articles")


def _sorted(entry: Entry) -> Article | TaggedOutput:
    result = clean(entry)
    return TaggedOutput("dead", result) if isinstance(result, DeadLetter) else result
