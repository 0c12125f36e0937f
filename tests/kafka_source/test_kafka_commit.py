"""Offsets go forward only, behind receipts only, through a broker that is away, and Kafka's own tool sees them."""

from __future__ import annotations

import contextlib
import subprocess
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.testing.test_pipeline import TestPipeline
from kafka.structs import OffsetAndMetadata, TopicPartition

from tests.kafka_source import kafka_jobs
from tests.kafka_source.kafka_jobs import article, committed, send, spec, until
from tests.kafka_source.kafka_relay import relaying
from transforms.kafka import client, committer, offsets
from transforms.kafka.commit import CommitOffsets
from transforms.kafka.committer import Committer, close_committers, committers
from transforms.kafka.progress import Progress
from transforms.kafka.specs import KafkaSpec
from transforms.records import Extent, Origin, Receipt

pytestmark = pytest.mark.servers
Topic = Callable[..., str]


@contextlib.contextmanager
def committing(given: KafkaSpec, job: str) -> Iterator[Committer]:
    """A committer for the time of the block."""
    made = Committer(given, job)
    try:
        yield made
    finally:
        made.close()


def set_offset(given: KafkaSpec, topic: str, offset: int) -> None:
    """As the group, from outside."""
    consumer = client.consumer(given)
    consumer.commit({TopicPartition(topic, 0): OffsetAndMetadata(offset, "", -1)})
    consumer.close()


def test_offsets_go_forward_and_never_below_what_the_group_has(kafka_brokers: str, topic: Topic) -> None:
    name, job = topic(), uuid.uuid4().hex
    given = spec(kafka_brokers, name)
    reader = given.reader(name, 0)
    with committing(given, job) as made:
        made.want(reader, 5)
        until(lambda: made.idle)
        assert committed(given, name) == offsets.known(job, reader) == 5
        made.want(reader, 3)
        assert made.idle
        set_offset(given, name, 20)
        made.want(reader, 12)
        until(lambda: made.idle)
        assert committed(given, name) == 20, "another has committed more"
        made.want(reader, 21)
        until(lambda: made.idle)
        assert committed(given, name) == 21


def test_what_cannot_be_committed_waits_for_the_broker(kafka_brokers: str, topic: Topic) -> None:
    name, job = topic(), uuid.uuid4().hex
    with relaying() as relay:
        given = spec(kafka_brokers, name, security={"proxy_url": relay.url, "request_timeout_ms": 2000})
        reader = given.reader(name, 0)
        with committing(given, job) as made:
            made.want(reader, 1)
            until(lambda: made.idle)
            relay.go_away()
            made.want(reader, 2)
            made.want(reader, 3)
            until(lambda: made.trouble, 15)
            assert f"commits to Kafka at {kafka_brokers}" in (made.trouble or "")
            assert not made.idle
            made.want(reader, 4)
            relay.come_back()
            until(lambda: made.idle and made.trouble is None, 20)
        assert committed(given, name) == 4


def test_where_reading_began_is_asked_of_the_group_where_nobody_here_knows(kafka_brokers: str, topic: Topic) -> None:
    name, job = topic(), uuid.uuid4().hex
    given = spec(kafka_brokers, name)
    set_offset(given, name, 7)
    reader = given.reader(name, 0)
    told = Progress()
    told.add_extent(Extent(reader, 7, 11, {8: 1, 10: 1}))
    told.add_receipt(Receipt(Origin(reader, 8), "indexed"))
    with committing(given, job) as made:
        made.complete(reader, told)
        until(lambda: made.idle)
    assert committed(given, name) == 10


def test_what_stands_is_committed_again_before_kafka_drops_it(
    kafka_brokers: str, topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, job = topic(), uuid.uuid4().hex
    given = spec(kafka_brokers, name)
    set_offset(given, name, 7)
    offsets.tell(job, given.reader(name, 0), 7)
    monkeypatch.setattr(committer, "KEEP_S", 0.5)
    with committing(given, job) as made:
        until(lambda: made.commits >= 2, 5)
    assert committed(given, name) == 7


def graph(run: kafka_jobs.Run, extents: list[Extent], receipts: list[Receipt]) -> None:
    """A bounded run of the committer alone."""
    with TestPipeline(runner="FnApiRunner") as pipeline:
        both = (pipeline | "E" >> beam.Create(extents), pipeline | "R" >> beam.Create(receipts))
        both | "Commit" >> CommitOffsets(open_one, run.job)


_ONE: list[KafkaSpec] = []


def open_one() -> list[KafkaSpec]:
    """What travels with the graph."""
    return _ONE


def test_the_stage_commits_the_prefix_of_each_partition_and_leaves_other_readers_alone(
    kafka_brokers: str, topic: Topic
) -> None:
    name = topic(partitions=2)
    given = spec(kafka_brokers, name)
    _ONE[:] = [given]
    run = kafka_jobs.new_run(given)
    first, second = given.reader(name, 0), given.reader(name, 1)
    for reader in (first, second):
        offsets.tell(run.job, reader, 0)
    extents = [
        Extent(first, 2, 4, {2: 2, 3: 0}), Extent(first, 0, 2, {0: 1, 1: 1}), Extent(second, 0, 3, {0: 1, 2: 1}),
    ]  # fmt: skip
    receipts = [Receipt(Origin(first, at, seq), "indexed") for at, seq in ((1, 0), (2, 1), (0, 0), (2, 0), (0, 0))]
    receipts += [Receipt(Origin(second, 0), "dead"), Receipt(Origin("feed:other", 9), "known")]
    receipts += [Receipt(Origin("kafka:stranger:topic:0", 0), "known")]
    graph(run, extents, receipts)
    until(lambda: all(made.idle for made in committers(run.job)))
    assert (committed(given, name, 0), committed(given, name, 1)) == (4, 2)
    assert [made.spec.id for made in committers(run.job)] == [given.id]
    close_committers(run.job)


def test_kafkas_own_tool_shows_the_lag(kafka_brokers: str, topic: Topic) -> None:
    name, job = topic(), uuid.uuid4().hex
    send(kafka_brokers, name, [article(number) for number in range(10)])
    given = spec(kafka_brokers, name)
    with committing(given, job) as made:
        made.want(given.reader(name, 0), 6)
        until(lambda: made.idle)
    told = described(kafka_brokers, given.group)
    row = next(line.split() for line in told.splitlines() if name in line)
    assert row[:6] == [given.group, name, "0", "6", "10", "4"]


def described(brokers: str, group: str) -> str:
    """What kafka-consumer-groups says of a group."""
    from tests.servers import parts

    jars, java = parts.fetched(parts.KAFKA, lambda _: None), parts.java(parts.KAFKA_JAVA)
    main = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"
    command: list[Any] = [java / "bin" / "java", "-Xmx128m", "-cp", f"{jars}/*", main, "--bootstrap-server", brokers]
    done = subprocess.run([*command, "--describe", "--group", group], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
