"""InOrder: what one reader brought goes on one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import apache_beam as beam
from apache_beam.coders import BytesCoder
from apache_beam.transforms.userstate import ReadModifyWriteStateSpec

from transforms.records import Entry


class InOrder(beam.PTransform):
    """`Entry` in, the same out. A runner may work on several bundles of a stage at once, and the later one may be
    through first; then a text would stand in the index that a newer record had replaced. Of one key a stage with state
    works on one bundle at a time, and the stages up to the next shuffle belong to it."""

    def expand(self, entries: Any) -> Any:
        keyed = entries | "ByReader" >> beam.Map(lambda entry: (entry.origin.reader, entry)).with_output_types(
            tuple[str, Any]
        )
        return keyed | "One" >> beam.ParDo(_One()).with_output_types(Any)


class _One(beam.DoFn):
    # Never written: that it is declared makes the stage one with state.
    TURN = ReadModifyWriteStateSpec("turn", BytesCoder())

    def process(self, element: tuple[str, Entry], turn: Any = beam.DoFn.StateParam(TURN)) -> Iterator[Entry]:
        yield element[1]
