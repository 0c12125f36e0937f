"""WriteDeadLetters: what could not be processed is kept whole; then it has its receipt."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import apache_beam as beam

from transforms import metrics
from transforms.batches import Batched
from transforms.deadletters.store import append
from transforms.records import DeadLetter, Receipt


class WriteDeadLetters(beam.PTransform):
    """`DeadLetter` in, `Receipt` out, after the letter is on disk.

    `path` is a JSON-lines file; `open_secrets` gives the texts that must not reach it.
    """

    def __init__(self, path: str, open_secrets: Callable[[], Collection[str]]) -> None:
        super().__init__()
        self.path, self.open_secrets = path, open_secrets

    def expand(self, letters: Any) -> Any:
        return letters | "Append" >> beam.ParDo(_Append(self.path, self.open_secrets))


class _Append(Batched):
    """Appends many letters at a time: each append waits for the disk."""

    def __init__(self, path: str, open_secrets: Callable[[], Collection[str]]) -> None:
        self.path, self.open_secrets = path, open_secrets

    def settle(self, elements: Sequence[DeadLetter]) -> Sequence[Receipt]:
        append(self.path, elements, self.open_secrets())
        metrics.count_letters(elements)
        return [Receipt(letter.origin, "dead") for letter in elements]
