"""WriteIndex: decisions into the index, in batches; each goes on only after it is written, or is a dead letter."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput

from transforms import metrics
from transforms.batches import Batched
from transforms.clean.replay import entry_document
from transforms.fold.decision import Decision
from transforms.index.interface import Index, Rejection
from transforms.records import Article, DeadLetter, Entry, rfc3339

STAGE = "index"


class WriteIndex(beam.PTransform):
    """`Decision` in; outputs `decisions`, the same once all its writes are in the index, and `dead`."""

    def __init__(self, open_index: Callable[[], Index]) -> None:
        super().__init__()
        self.open_index = open_index

    def expand(self, decisions: Any) -> Any:
        return decisions | "Write" >> beam.ParDo(Write(self.open_index)).with_outputs("dead", main="decisions")


class Write(Batched):
    """Writes a batch of decisions together. What the store will never take makes its decision a dead letter: nothing
    that stands behind it in the graph may tell of what is not there."""

    def __init__(self, open_index: Callable[[], Index]) -> None:
        self.open_index = open_index

    def settle(self, elements: Sequence[Decision]) -> Sequence[Decision | TaggedOutput]:
        index, began = self.open_index(), time.monotonic()
        told = index.apply([write for decision in elements for write in decision.writes])
        outcomes = iter(told)
        settled: list[Decision | TaggedOutput] = []
        for decision in elements:
            refused = [
                (write, outcome)
                for write, outcome in zip(decision.writes, outcomes, strict=False)
                if isinstance(outcome, Rejection)
            ]
            if refused:
                write, why = refused[0]
                of = "" if write.id == decision.article.id else f" (of {write.id}, which it places)"
                settled.append(TaggedOutput("dead", letter(decision.article, f"{why.reason}{of}")))
            else:
                settled.append(decision)
        if elements:
            metrics.count_batch(len(elements), told, time.monotonic() - began, index.retried())
            metrics.count_decisions([one for one in settled if isinstance(one, Decision)])
        return settled


def letter(article: Article, reason: str) -> DeadLetter:
    """The dead letter of an article that the index refused: its replay goes through the whole graph again."""
    return DeadLetter(STAGE, reason, "entry", entry_document(entry_of(article)), article.origin, article.arrived)


def entry_of(article: Article) -> Entry:
    """A cleaned article as an entry that cleans to the same article."""
    return Entry(
        origin=article.origin,
        source=article.source,
        arrived=article.arrived,
        url=article.url,
        guid=article.guid,
        title=article.title,
        body=article.body,
        author=article.author,
        published=rfc3339(article.published),
        language=article.language,
        method=article.method,
        extra=article.extra,
    )
