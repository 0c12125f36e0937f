"""WriteDeadLetters: what could not be processed is kept whole; then it has its receipt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import apache_beam as beam

from transforms.deadletters.store import append
from transforms.records import DeadLetter, Receipt


class WriteDeadLetters(beam.PTransform):
    """`DeadLetter` in, `Receipt` out, after the letter is on disk. `path` is a JSON-lines file."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path

    def expand(self, letters: Any) -> Any:
        return letters | "Append" >> beam.ParDo(_Append(self.path))


class _Append(beam.DoFn):
    def __init__(self, path: str) -> None:
        self.path = path

    def process(self, letter: DeadLetter) -> Iterator[Receipt]:
        append(self.path, [letter])
        yield Receipt(letter.origin, "dead")
