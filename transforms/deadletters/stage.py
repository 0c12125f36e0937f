"""WriteDeadLetters: what could not be processed is kept whole; then it has its receipt."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue

from transforms.deadletters.store import append
from transforms.records import DeadLetter, Receipt

BATCH = 200


class WriteDeadLetters(beam.PTransform):
    """`DeadLetter` in, `Receipt` out, after the letter is on disk.

    `path` is a JSON-lines file; `open_secrets` gives the texts that must not reach it.
    """

    def __init__(self, path: str, open_secrets: Callable[[], Collection[str]]) -> None:
        super().__init__()
        self.path, self.open_secrets = path, open_secrets

    def expand(self, letters: Any) -> Any:
        return letters | "Append" >> beam.ParDo(_Append(self.path, self.open_secrets))


class _Append(beam.DoFn):
    """Appends up to 200 letters at a time: each append waits for the disk."""

    def __init__(self, path: str, open_secrets: Callable[[], Collection[str]]) -> None:
        self.path, self.open_secrets = path, open_secrets
        self._held: list[tuple[DeadLetter, Any]] = []

    def start_bundle(self) -> None:
        self._held = []

    def process(self, letter: DeadLetter, timestamp: Any = beam.DoFn.TimestampParam) -> Iterator[Any]:
        self._held.append((letter, timestamp))
        if len(self._held) >= BATCH:
            yield from self._flush()

    def finish_bundle(self) -> Iterator[Any]:
        yield from self._flush()

    def _flush(self) -> Iterator[Any]:
        held, self._held = self._held, []
        append(self.path, [letter for letter, _ in held], self.open_secrets())
        for letter, timestamp in held:
            yield WindowedValue(Receipt(letter.origin, "dead"), timestamp, [GlobalWindow()])
