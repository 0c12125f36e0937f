"""WriteKafka: the documents that decisions touched, to topics; each decision goes on only after the broker has them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue

from transforms.batches import Batched
from transforms.fold.decision import Decision
from transforms.index.interface import Index
from transforms.kafka.publish import publisher
from transforms.kafka.specs import OutputSpec
from transforms.records import DeadLetter


class WriteKafka(beam.PTransform):
    """`Decision` in; outputs `decisions`, the same once all that they touched is acknowledged, and `dead`.

    The letters are beside the decisions, not in their place: what is too large for a topic is in the index all the
    same, and has its alerts. Their origins are no record's, so they count for no receipt.
    """

    def __init__(self, open_spec: Callable[[], OutputSpec], open_index: Callable[[], Index]) -> None:
        super().__init__()
        self.open_spec, self.open_index = open_spec, open_index

    def expand(self, decisions: Any) -> Any:
        done = beam.ParDo(Publish(self.open_spec, self.open_index))
        return decisions | "Publish" >> done.with_outputs("dead", main="decisions")


class Publish(Batched):
    """Publishes a batch of decisions together."""

    def __init__(self, open_spec: Callable[[], OutputSpec], open_index: Callable[[], Index]) -> None:
        self.open_spec, self.open_index = open_spec, open_index
        self._letters: list[DeadLetter] = []

    def start_bundle(self) -> None:
        super().start_bundle()
        self._letters = []

    def settle(self, elements: Sequence[Decision]) -> Sequence[Decision]:
        spec = self.open_spec()
        if elements and (spec.articles or spec.stories):
            self._letters += publisher(spec).publish(self.open_index(), elements)
        return elements

    def _flush(self) -> Iterator[Any]:
        at = self._held[-1][1] if self._held else None
        outputs = list(super()._flush())
        letters, self._letters = self._letters, []
        # Letters first: once its decision has gone on, nothing would read the record again.
        for letter in letters:
            yield TaggedOutput("dead", WindowedValue(letter, at, [GlobalWindow()]))
        yield from outputs
