"""On Flink no source is a splittable DoFn that defers: what it would leave behind is never given up."""

from __future__ import annotations

import time
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.portability.api import beam_runner_api_pb2
from apache_beam.runners.portability.flink_runner import FlinkRunner
from apache_beam.runners.portability.prism_runner import PrismRunner

from pipeline import config as configs
from pipeline import graph, parts
from tests.running import configure
from tests.stream import plan as plans
from tests.stream.feeds import serving
from tests.stream.plan import host, name
from transforms.feeds.poller import Poller
from transforms.feeds.read import Polling, stop_polling, take
from transforms.feeds.specs import FeedSpec, FetchPolicy
from transforms.index.embedded import EmbeddedIndex
from transforms.records import Poll, Source

SOURCES = [
    {"kind": "rss", "url": "http://127.0.0.1:9/feed.xml"},
    {"kind": "kafka", "brokers": ["127.0.0.1:9"], "topics": ["news"], "group": "news"},
]


def splittable(runner: beam.runners.PipelineRunner, folder: Path) -> set[str]:
    """The steps of the graph of a stream that are splittable DoFns."""
    assembled = parts.assemble(configs.read(configure(folder, SOURCES)), once=False, owner="somebody")
    pipeline = beam.Pipeline(runner=runner)
    graph.build(pipeline, assembled)
    found = set()
    for step in pipeline.to_runner_api().components.transforms.values():
        if step.spec.urn == "beam:transform:pardo:v1":
            payload = beam_runner_api_pb2.ParDoPayload.FromString(step.spec.payload)
            if payload.restriction_coder_id:
                found.add(step.unique_name.split("/")[0])
    return found


def test_no_step_is_splittable_on_flink_alone(tmp_path: Path) -> None:
    assert splittable(PrismRunner(), tmp_path) >= {"ReadFeeds", "Attend"}
    assert splittable(FlinkRunner(), tmp_path) == set()


def await_poll(polling: Polling, place: int | None) -> int:
    """Turns from a place on until a poll came; the place after it."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        turn = take(polling, 0, place)
        place = turn.place
        if any(isinstance(item.value, Poll) for item in turn.items):
            return place
        time.sleep(0.02)
    pytest.fail("no poll came")


def test_a_turn_from_an_earlier_place_gives_up_what_was_in_flight(tmp_path: Path) -> None:
    index = EmbeddedIndex(str(tmp_path / "news.db"))
    with serving(plans.make(1)) as (feeds, _):
        spec = FeedSpec(name(0), f"http://{host(0)}/", Source(name(0)), 0.2)
        policy = FetchPolicy(("127.0.0.0/8",), feeds.hosts(), use_proxies=False)
        polling = Polling("turned", lambda once: Poller([spec], index, policy, once))
        place = await_poll(polling, None)
        asked = len(feeds.requests)
        # Its poll is on its way and not committed, so it is not asked again, until the runner goes back.
        time.sleep(0.6)
        assert take(polling, 0, place).items == []
        assert len(feeds.requests) == asked
        await_poll(polling, 0)
        assert len(feeds.requests) > asked
        stop_polling("turned")
    index.close()
