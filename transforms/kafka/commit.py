"""CommitOffsets: a partition's offset is committed only when each record below it has all its terminal receipts."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.coders import BytesCoder
from apache_beam.transforms.userstate import ReadModifyWriteStateSpec
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue

from transforms.kafka import offsets
from transforms.kafka.committer import committer_of, committers
from transforms.kafka.progress import Progress
from transforms.kafka.specs import READER, KafkaSpec, partition_of
from transforms.records import Extent, Receipt

# A broker that is away longer is left to the next start, which finds all of it known.
WAIT_S = 30.0
log = logging.getLogger(__name__)
Specs = Callable[[], Sequence[KafkaSpec]]


class CommitOffsets(beam.PTransform):
    """(Extents, receipts) in; the offsets of their partitions go to Kafka. Nothing comes out. `waits`: each bundle
    waits for its commits, for where nobody is left to do so after the last one."""

    def __init__(self, open_specs: Specs, job: str, waits: bool = False) -> None:
        super().__init__()
        self.open_specs, self.job, self.waits = open_specs, job, waits

    def expand(self, both: tuple[Any, Any]) -> Any:
        extents, receipts = both
        return (
            (extents, receipts | "OfKafka" >> beam.Filter(lambda receipt: receipt.origin.reader.startswith(READER)))
            | "Together" >> beam.Flatten()
            | "Gather" >> beam.ParDo(Gather()).with_output_types(tuple[str, bytes])
            | "Commit" >> beam.ParDo(Commit(self.open_specs, self.job, self.waits))
        )


class Gather(beam.DoFn):
    """Extents and receipts in; (reader, what a bundle tells of it) out, so that few elements need the state."""

    def start_bundle(self) -> None:
        self._told: dict[str, Progress] = {}
        self._newest: Any = None

    def process(self, item: Extent | Receipt, timestamp: Any = beam.DoFn.TimestampParam) -> None:
        self._newest = timestamp if self._newest is None else max(timestamp, self._newest)
        if isinstance(item, Extent):
            self._told.setdefault(item.reader, Progress()).add_extent(item)
        else:
            self._told.setdefault(item.origin.reader, Progress()).add_receipt(item)

    def finish_bundle(self) -> Iterator[WindowedValue]:
        for reader, told in self._told.items():
            yield WindowedValue((reader, bytes(told)), self._newest, [GlobalWindow()])


class Commit(beam.DoFn):
    """(reader, what is told of it) in; what is complete without a gap is handed to the committer at the bundle's end.

    It is complete although the bundle may fail: receipts are given after the last write.
    """

    PROGRESS = ReadModifyWriteStateSpec("progress", BytesCoder())

    def __init__(self, open_specs: Specs, job: str, waits: bool = False) -> None:
        self.open_specs, self.job, self.waits = open_specs, job, waits

    def start_bundle(self) -> None:
        self._moved: dict[str, Progress] = {}

    def process(self, element: tuple[str, bytes], stored: Any = beam.DoFn.StateParam(PROGRESS)) -> None:
        reader, told = element
        progress = Progress.of(stored.read())
        progress.merge(Progress.of(told))
        committed = offsets.known(self.job, reader)
        if committed is not None:
            progress.begin(committed)
        progress.advance()
        stored.write(bytes(progress))
        self._moved[reader] = progress

    def finish_bundle(self) -> None:
        specs = {spec.id: spec for spec in self.open_specs()} if self._moved else {}
        for reader, progress in self._moved.items():
            spec = specs.get(partition_of(reader)[0])
            if spec is None:
                log.warning("%s is no source of the config any more; its offsets are not committed", reader)
            elif progress.next is not None:
                committer_of(self.job, spec).want(reader, progress.next)
            else:
                committer_of(self.job, spec).complete(reader, progress)
        until = time.monotonic() + (WAIT_S if self.waits and self._moved else 0)
        while time.monotonic() < until and not all(committer.idle for committer in committers(self.job)):
            time.sleep(0.02)
        self._moved = {}
