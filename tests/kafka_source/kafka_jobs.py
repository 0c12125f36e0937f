"""A graph of the source and the committer alone, on a real Prism, with what it read and how far it is."""

from __future__ import annotations

import contextlib
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest

from pipeline import prism, runners
from transforms.kafka import client, running
from transforms.kafka.commit import CommitOffsets
from transforms.kafka.read import ReadKafka
from transforms.kafka.specs import KafkaSpec
from transforms.records import DeadLetter, Entry, Extent, Receipt, Source

_SPECS: dict[str, KafkaSpec] = {}
_RUNS: dict[str, Run] = {}


@dataclass
class Run:
    """A job in this process. `hold` keeps the receipts of these entries back: (topic's offset) -> bool."""

    job: str
    spec: KafkaSpec
    hold: Callable[[Entry | DeadLetter], bool] = lambda _: False
    entries: list[Entry] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    extents: list[Extent] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def offsets(self, partition: int = 0) -> list[int]:
        """Of the entries of a partition, in order of arrival."""
        with self.lock:
            return [e.origin.batch for e in self.entries if e.origin.reader.endswith(f":{partition}")]

    def stats(self) -> dict[str, Any]:
        """The source's own."""
        return running.stats(self.job)[self.spec.id]


def spec(brokers: str, *topics: str, **more: Any) -> KafkaSpec:
    """A source with an id and a group of its own."""
    own = uuid.uuid4().hex[:8]
    given = {"idle_s": 0.5, "discover_s": 0.5, "group": f"g{own}", "source": Source("wire", "Wire", "wire.example")}
    return KafkaSpec(id=f"k{own}", brokers=(brokers,), topics=topics, **{**given, **more})


def article(number: int, **more: Any) -> bytes:
    """An article as a record's value."""
    told = {"url": f"https://wire.example/{number}", "title": f"Ferry {number}", "body": f"The ferry {number} sailed."}
    return json.dumps({**told, **more}).encode()


def send(brokers: str, topic: str, values: list[bytes | None], partition: int | None = 0, **more: Any) -> None:
    """Produce records, in order; with `key` all have it, with None each has its number."""
    settings = {name: more.pop(name) for name in ("compression_type", "linger_ms") if name in more}
    keys = more.pop("keys", [None] * len(values))
    producer = client.producer((brokers,), {}, **settings)
    for key, value in zip(keys, values, strict=True):
        producer.send(topic, value=value, key=key, partition=partition, **more)
    producer.flush()
    producer.close()


def open_spec(name: str) -> KafkaSpec:
    """What travels with the graph instead of the source."""
    return _SPECS[name]


def open_specs(name: str) -> list[KafkaSpec]:
    """The same, as the committer wants it."""
    return [_SPECS[name]]


def noted(job: str, item: Any) -> list[Receipt]:
    """Put an item into its run; its receipt, unless that is held back."""
    run = _RUNS[job]
    with run.lock:
        kept: list[Any] = run.entries if isinstance(item, Entry) else run.letters
        kept.append(item)
    return [] if run.hold(item) else [Receipt(item.origin, "indexed")]


def noted_extent(job: str, extent: Extent) -> None:
    """Put an extent into its run."""
    run = _RUNS[job]
    with run.lock:
        run.extents.append(extent)


def build(pipeline: Any, run: Run, once: bool, watch: Any = None) -> None:
    """Read, give receipts, commit."""
    read = pipeline | "Read" >> ReadKafka(partial(open_spec, run.job), run.job, once)
    extents = read | "Extents" >> beam.Filter(lambda item: isinstance(item, Extent))
    extents | "NoteExtents" >> beam.Map(partial(noted_extent, run.job))
    items = read | "Items" >> beam.Filter(lambda item: not isinstance(item, Extent))
    receipts = items | "Note" >> beam.FlatMap(partial(noted, run.job))
    (extents, receipts) | "Commit" >> CommitOffsets(partial(open_specs, run.job), run.job)
    if watch is not None:
        items | "Watch" >> watch


def new_run(given: KafkaSpec, **more: Any) -> Run:
    """A run that is not started."""
    run = Run(uuid.uuid4().hex[:8], given, **more)
    _SPECS[run.job], _RUNS[run.job] = given, run
    return run


@contextlib.contextmanager
def streaming(run: Run, folder: Path, watch: Any = None) -> Iterator[Run]:
    """The run on Prism, until the block ends; then it is killed: nothing is waited for."""
    if prism.find() is None:
        pytest.skip("Prism is not here; `make test` gets it")
    with runners.choose("DirectRunner", False, None, [], folder / "prism.log", lambda _: None) as chosen:
        pipeline = beam.Pipeline(runner=chosen.runner, options=chosen.options)
        build(pipeline, run, once=False, watch=watch)
        job = runners.Job(pipeline)
        try:
            yield run
            job.wait(0)
        finally:
            running.give_up(run.job)
            job.cancel()


def read_once(run: Run, folder: Path, runner: str) -> Run:
    """The run in once-mode to its end, on this runner, with all that is complete committed."""
    if runner == "FnApiRunner":
        from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner

        pipeline = beam.Pipeline(runner=FnApiRunner())
        build(pipeline, run, once=True)
        pipeline.run().wait_until_finish()
    else:
        with runners.choose("PrismRunner", True, None, [], folder / "prism.log", lambda _: None) as chosen:
            pipeline = beam.Pipeline(runner=chosen.runner, options=chosen.options)
            build(pipeline, run, once=True)
            pipeline.run().wait_until_finish()
    until(lambda: running.settled(run.job), 10)
    running.give_up(run.job)
    return run


def until(holds: Callable[[], Any], seconds: float = 20, what: Callable[[], Any] = lambda: "") -> None:
    """Wait until it holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"not within {seconds} s: {what()}"
        time.sleep(0.05)


def committed(given: KafkaSpec, topic: str, partition: int = 0) -> int | None:
    """What the group has committed."""
    from transforms.kafka.starts import lag

    return lag(given)[topic, partition][0]
