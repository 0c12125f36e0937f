"""WriteIndex: decisions into the index, in batches; each goes on only after it is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import apache_beam as beam

from transforms.batches import Batched
from transforms.fold.memory import Decision
from transforms.index.interface import Index


class WriteIndex(beam.PTransform):
    """`Decision` in, the same out once all its writes are in the index."""

    def __init__(self, open_index: Callable[[], Index]) -> None:
        super().__init__()
        self.open_index = open_index

    def expand(self, decisions: Any) -> Any:
        return decisions | "Write" >> beam.ParDo(Write(self.open_index))


class Write(Batched):
    """Writes up to a hundred decisions in one transaction."""

    def __init__(self, open_index: Callable[[], Index]) -> None:
        self.open_index = open_index

    def settle(self, elements: Sequence[Decision]) -> Sequence[Decision]:
        self.open_index().apply([write for decision in elements for write in decision.writes])
        return elements
