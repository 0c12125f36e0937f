"""A broker that dies and comes back while documents are published: none is missing, none stands there twice."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.kafka_out.kafka_out_parts import DAM, WIRE, Newsroom, in_background, latest, read_topic
from tests.servers.fixtures import missing
from tests.servers.kafka_server import Kafka
from transforms.errors import MissingPart
from transforms.kafka import outlets
from transforms.kafka.client import admin
from transforms.kafka.publish import Publisher
from transforms.kafka.specs import OutputSpec

pytestmark = [pytest.mark.servers, pytest.mark.slow]


@pytest.fixture
def broker() -> Iterator[Kafka]:
    try:
        own = Kafka()
        own.start()
    except MissingPart as error:
        missing(error)
    yield own
    own.close()


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, outlets.trouble()
        time.sleep(0.05)


def test_a_broker_that_is_killed_and_comes_back(broker: Kafka, tmp_path: Path) -> None:
    from kafka.admin import NewTopic

    client = admin((broker.brokers,), {})
    client.create_topics([NewTopic("articles", 3, 1)])
    client.close()
    room = Newsroom(tmp_path)
    publisher = Publisher(OutputSpec((broker.brokers,), articles="articles"))
    published: list[int] = []
    over: list[bool] = []

    def work() -> None:
        while not over:
            text = f"{DAM if len(published) % 2 else WIRE} Note {len(published)}."
            publisher.publish(room.index, [room.take(f"paper{len(published)}", text)])
            published.append(len(published))

    thread, failed = in_background(work)
    until(lambda: len(published) > 20)
    broker.kill9()
    until(lambda: outlets.trouble() is not None)
    assert broker.brokers in (outlets.trouble() or "")
    stood = len(published)
    broker.start()
    until(lambda: len(published) > stood + 20)
    over.append(True)
    thread.join(30)
    assert failed == [None]
    assert outlets.trouble() is None
    messages = read_topic(broker.brokers, "articles")
    assert latest(messages) == {document["id"]: document for document in room.index.export()}
    seen: dict[str, str] = {}
    for message in messages:
        value = json.dumps(message.value)
        assert seen.get(message.key) != value
        seen[message.key] = value
    room.index.close()
