"""A drain (Dataflow's) ends the sources: each truncates what has no end to nothing, and what follows is done."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner
from apache_beam.transforms.core import RestrictionProvider

from transforms.attend import _Keep
from transforms.feeds.poller import Poller
from transforms.feeds.read import DrainPoller, Polling
from transforms.kafka.discover import Discover, Partition, Reading
from transforms.kafka.read import ReadPartition
from transforms.kafka.specs import KafkaSpec
from transforms.turns import Endless

ENDS_S = 30.0


def never_opened(*_: Any) -> Any:
    """What is drained reads nothing more: whoever opens a source then fails the job."""
    raise AssertionError("opened while it is drained")


def open_poller(once: bool) -> Poller:
    never_opened()
    raise AssertionError


def open_spec() -> KafkaSpec:
    never_opened()
    raise AssertionError


SOURCES = {
    "the house": (b"", _Keep("job", never_opened)),
    "feeds": (b"", DrainPoller(Polling("job", open_poller))),
    "kafka, partitions": (b"", Discover(Reading("job", open_spec))),
    "kafka, records": (Partition("job", "s", "s/news/0", "news", 0, 7), ReadPartition(Reading("job", open_spec))),
}


class _Untruncated(Endless):
    """As Beam has it where nobody says what a drain leaves: all of a range."""

    truncate = RestrictionProvider.truncate


_ENDLESS = _Untruncated()


class _NeverTruncated(beam.DoFn):
    @beam.DoFn.unbounded_per_element()
    def process(self, _: Any, tracker: Any = beam.DoFn.RestrictionParam(_ENDLESS)) -> Iterator[Any]:
        never_opened()
        yield 0


def drained(element: Any, source: beam.DoFn) -> BaseException | None:
    """Run the source as a drain does; what it failed with. Fails where it does not end."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            with beam.Pipeline(runner=FnApiRunner(is_drain=True), options=PipelineOptions(["--streaming"])) as pipeline:
                pipeline | beam.Create([element]) | "Source" >> beam.ParDo(source) | beam.Map(lambda _: never_opened())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(ENDS_S)
    assert not thread.is_alive(), "the drain does not end"
    return failed[0] if failed else None


@pytest.mark.parametrize("name", SOURCES)
def test_a_drain_ends_a_source(name: str) -> None:
    assert drained(*SOURCES[name]) is None


def test_a_source_that_does_not_truncate_would_read_on() -> None:
    """So that the test above can fail: Beam hands such a source all that is left."""
    assert "opened while it is drained" in str(drained(b"", _NeverTruncated()))
