"""Clean: entries to articles; what cannot be one is a dead letter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput

from transforms.clean.article import clean
from transforms.records import DeadLetter, Entry


class Clean(beam.PTransform):
    """`Entry` in; outputs `articles` and `dead`."""

    def expand(self, entries: Any) -> Any:
        return entries | "Clean" >> beam.ParDo(_Clean()).with_outputs("dead", main="articles")


class _Clean(beam.DoFn):
    def process(self, entry: Entry) -> Iterator[Any]:
        result = clean(entry)
        yield TaggedOutput("dead", result) if isinstance(result, DeadLetter) else result
