"""WriteIndex: decisions into the index, in batches; each goes on only after it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue

from transforms.fold.memory import Decision
from transforms.index.interface import Index

BATCH = 100


class WriteIndex(beam.PTransform):
    """`Decision` in, the same out once all its writes are in the index."""

    def __init__(self, open_index: Callable[[], Index]) -> None:
        super().__init__()
        self.open_index = open_index

    def expand(self, decisions: Any) -> Any:
        return decisions | "Write" >> beam.ParDo(Write(self.open_index))


class Write(beam.DoFn):
    """Holds decisions back until 100 are there or the bundle ends, and writes them in one transaction."""

    def __init__(self, open_index: Callable[[], Index]) -> None:
        self.open_index = open_index
        self._held: list[tuple[Decision, Any]] = []

    def start_bundle(self) -> None:
        self._held = []

    def process(self, decision: Decision, timestamp: Any = beam.DoFn.TimestampParam) -> Iterator[Any]:
        self._held.append((decision, timestamp))
        if len(self._held) >= BATCH:
            yield from self._flush()

    def finish_bundle(self) -> Iterator[Any]:
        yield from self._flush()

    def _flush(self) -> Iterator[Any]:
        held, self._held = self._held, []
        self.open_index().apply([write for decision, _ in held for write in decision.writes])
        for decision, timestamp in held:
            yield WindowedValue(decision, timestamp, [GlobalWindow()])
