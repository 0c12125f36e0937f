"""Records of a real topic: keys, tombstones, headers, and batches in every codec."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from typing import Any

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import UnsupportedCodecError

from transforms.kafka.record import Record, read_record
from transforms.records import Entry, Source

pytestmark = pytest.mark.servers
NEEDED = {"gzip": "gzip", "zstd": "zstandard", "snappy": "snappy", "lz4": "lz4"}
COUNT = 40


def send(brokers: str, topic: str, messages: list[tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]]) -> None:
    producer = KafkaProducer(bootstrap_servers=brokers)
    for key, value, headers in messages:
        producer.send(topic, value, key, headers)
    producer.flush(20)
    producer.close()


def poll(brokers: str, topic: str, count: int) -> list[Record]:
    """The first records of a topic. Whoever gets an exception from `poll` must not call it again: it would spin."""
    consumer = KafkaConsumer(bootstrap_servers=brokers)
    try:
        part = TopicPartition(topic, 0)
        consumer.assign([part])
        consumer.seek_to_beginning(part)
        found: list[Any] = []
        until = time.monotonic() + 20
        while len(found) < count and time.monotonic() < until:
            found += consumer.poll(timeout_ms=500).get(part, [])
        return [Record(r.topic, r.partition, r.offset, r.timestamp, r.key, r.value, tuple(r.headers)) for r in found]
    finally:
        consumer.close()


def test_keys_tombstones_and_headers_come_through(kafka_brokers: str, topic: Callable[..., str]) -> None:
    name = topic()
    send(kafka_brokers, name, [
        (b"dam", b'{"title": "Dam at Halm opens"}', []),
        (b"dam", None, []),
        (None, b'{"guid": "g", "title": "Ferry resumes"}', [("ce_specversion", b"1.0"), ("ce_id", b"1")]),
    ])  # fmt: skip
    before = int(time.time())
    read = [read_record(record, Source("wire"), "kafka:k:t:0", before + 60) for record in poll(kafka_brokers, name, 3)]
    assert [len(items) for items in read] == [1, 0, 1]
    first, last = read[0][0], read[2][0]
    assert isinstance(first, Entry)
    assert isinstance(last, Entry)
    assert (first.guid, last.guid) == ("dam", "g")
    assert (first.origin.batch, last.origin.batch) == (0, 2)
    assert abs(first.arrived - before) < 60


@pytest.mark.parametrize("codec", list(NEEDED))
def test_a_compressed_batch_is_read(kafka_brokers: str, topic: Callable[..., str], codec: str) -> None:
    # The broker compresses anew where the topic says so: no library is needed for writing.
    name = topic(**{"compression.type": codec})
    send(kafka_brokers, name, [(b"%d" % n, b'{"guid": "%d", "title": "Dam %d"}' % (n, n), []) for n in range(COUNT)])
    if importlib.util.find_spec(NEEDED[codec]) is None:
        with pytest.raises(UnsupportedCodecError, match=codec):
            poll(kafka_brokers, name, COUNT)
        return
    found = [item for record in poll(kafka_brokers, name, COUNT) for item in read_record(record, Source("w"), "r", 0)]
    assert [entry.guid for entry in found if isinstance(entry, Entry)] == [str(n) for n in range(COUNT)]
