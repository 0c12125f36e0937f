"""ReadFiles: article JSON lines as a bounded stream of entries, each with its arrival as timestamp."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.transforms.window import TimestampedValue
from apache_beam.utils.timestamp import Timestamp

from transforms.files.lines import read_file
from transforms.records import Source


@dataclass(frozen=True, slots=True)
class FileSpec:
    """One file of article JSON lines, and what is said of a source that a record does not name."""

    path: str
    source: Source


class ReadFiles(beam.PTransform):
    """PBegin in, `Entry` and `DeadLetter` out."""

    def __init__(self, files: Sequence[FileSpec]) -> None:
        super().__init__()
        self.files = list(files)

    def expand(self, begin: Any) -> Any:
        return (
            begin | "Files" >> beam.Create(self.files) | "Spread" >> beam.Reshuffle() | "Lines" >> beam.FlatMap(_read)
        )


def _read(file: FileSpec) -> Iterator[TimestampedValue]:
    for item in read_file(file.path, source=file.source):
        yield TimestampedValue(item, Timestamp(item.arrived))
