"""The thread that fetches, against a real Kafka: where it begins, how far ahead it goes, and what it does when nothing
comes."""

from __future__ import annotations

import contextlib
import logging
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kafka.structs import OffsetAndMetadata, TopicPartition

from tests.kafka_source.kafka_jobs import article, committed, send, spec, until
from tests.kafka_source.kafka_relay import relaying
from transforms.errors import DataError
from transforms.kafka import client, offsets
from transforms.kafka.puller import Puller
from transforms.kafka.record import Record
from transforms.kafka.specs import KafkaSpec
from transforms.kafka.starts import check, lag

pytestmark = pytest.mark.servers
Topic = Callable[..., str]


@contextlib.contextmanager
def pulling(given: KafkaSpec, job: str = "", whole: bool = False) -> Iterator[Puller]:
    """A puller for the time of the block."""
    puller = Puller(given, job or uuid.uuid4().hex, whole)
    try:
        yield puller
    finally:
        puller.close()


def found(puller: Puller) -> dict[TopicPartition, int]:
    """What it finds, once a broker has answered."""
    until(lambda: puller.partitions() is not None)
    return dict(puller.partitions() or {})


class Taker:
    """Takes what a puller has of one partition, as bundles do."""

    def __init__(self, puller: Puller, topic: str, partition: int = 0, start: int = 0) -> None:
        self.puller, self.at, self.position = puller, TopicPartition(topic, partition), start
        self.records: list[Record] = []

    def take(self, limit: int = 500) -> int:
        """One bundle; returns how many came."""
        chunk = self.puller.chunk(self.at, self.position, limit)
        self.records += chunk.records
        self.position = chunk.end
        return len(chunk.records)

    def up_to(self, position: int, seconds: float = 15) -> None:
        """Take until the position is there."""
        until(
            lambda: (self.take(), self.position >= position)[1], seconds, lambda: (self.position, self.puller.stats())
        )

    @property
    def offsets(self) -> list[int]:
        return [record.offset for record in self.records]


def commit(given: KafkaSpec, topic: str, offset: int, partition: int = 0) -> None:
    """As the group, from outside."""
    consumer = client.consumer(given)
    consumer.commit({TopicPartition(topic, partition): OffsetAndMetadata(offset, "", -1)})
    consumer.close()


@pytest.mark.parametrize(("start", "first"), [("earliest", 0), ("latest", 5), (4000, 3), (9000, 5)])
def test_where_it_begins_is_committed_before_anything_is_read(
    kafka_brokers: str, topic: Topic, start: Any, first: int
) -> None:
    name = topic()
    for number in range(5):
        send(kafka_brokers, name, [article(number)], timestamp_ms=1000 * (number + 1))
    given = spec(kafka_brokers, name, start=start)
    with pulling(given) as puller:
        assert found(puller) == {TopicPartition(name, 0): first}
    assert committed(given, name) == first, "a crash now does not move the beginning"
    send(kafka_brokers, name, [article(6)])
    with pulling(given) as puller:
        assert found(puller) == {TopicPartition(name, 0): first}


def test_what_the_group_has_committed_counts_more_than_the_start(kafka_brokers: str, topic: Topic) -> None:
    name = topic(partitions=2)
    for partition in (0, 1):
        send(kafka_brokers, name, [article(number) for number in range(5)], partition)
    given = spec(kafka_brokers, name, start="latest")
    commit(given, name, 2, partition=1)
    with pulling(given) as puller:
        assert found(puller) == {TopicPartition(name, 0): 0, TopicPartition(name, 1): 2}, (
            "the group knows the topic, so partition 0 is new, and read from its first offset"
        )


def test_committed_demands_a_commit(kafka_brokers: str, topic: Topic) -> None:
    name = topic()
    given = spec(kafka_brokers, name, start="committed")
    with pulling(given) as puller, pytest.raises(DataError, match="committed nothing"):
        until(lambda: puller.partitions() is not None)
    with pytest.raises(DataError, match="committed nothing"):
        check(given)
    commit(given, name, 0)
    check(given)


def test_a_committed_offset_that_is_gone_gives_way_to_the_first_that_is_there(
    kafka_brokers: str, topic: Topic, caplog: pytest.LogCaptureFixture
) -> None:
    name = topic(partitions=2)
    for partition in (0, 1):
        send(kafka_brokers, name, [article(number) for number in range(10)], partition)
    given = spec(kafka_brokers, name)
    commit(given, name, 3, partition=0)
    commit(given, name, 99, partition=1)
    delete_up_to(kafka_brokers, name, 6)
    with caplog.at_level(logging.WARNING), pulling(given) as puller:
        assert found(puller) == {TopicPartition(name, 0): 6, TopicPartition(name, 1): 0}
    assert "offset 3 of group" in caplog.text
    assert "records up to 6 were deleted" in caplog.text
    assert (committed(given, name), committed(given, name, 1)) == (6, 0)


def delete_up_to(brokers: str, topic: str, offset: int, partition: int = 0) -> None:
    """As retention does."""
    admin = client.admin((brokers,), {})
    admin.delete_records({TopicPartition(topic, partition): offset})
    admin.close()


def test_retention_that_passes_us_is_a_gap_that_is_counted(
    kafka_brokers: str, topic: Topic, caplog: pytest.LogCaptureFixture
) -> None:
    name = topic()
    send(kafka_brokers, name, [article(number) for number in range(20)])
    delete_up_to(kafka_brokers, name, 12)
    with caplog.at_level(logging.WARNING), pulling(spec(kafka_brokers, name)) as puller:
        found(puller)
        taker = Taker(puller, name, start=4)
        taker.up_to(20)
        assert taker.offsets == list(range(12, 20))
        assert puller.stats()["gaps"] == 8
    assert "the records from 4 to 12 were deleted" in caplog.text


def test_a_topic_that_was_made_anew_is_told_and_not_read_as_if_it_went_on(kafka_brokers: str, topic: Topic) -> None:
    name = topic()
    send(kafka_brokers, name, [article(0)])
    with pulling(spec(kafka_brokers, name)) as puller:
        found(puller)
        taker = Taker(puller, name, start=50)
        until(lambda: (taker.take(), puller.trouble)[1])
        assert "offset 50 lies beyond the end" in (puller.trouble or "")
        assert not taker.records


def test_any_offset_can_be_asked_for_again_and_skipped_to(kafka_brokers: str, topic: Topic) -> None:
    name = topic()
    send(kafka_brokers, name, [article(number) for number in range(3000)])
    with pulling(spec(kafka_brokers, name)) as puller:
        found(puller)
        for start in (0, 700, 2500, 100):
            taker = Taker(puller, name, start=start)
            taker.up_to(min(3000, start + 1200))
            assert taker.offsets == list(range(start, taker.position))
        again = puller.chunk(taker.at, taker.position, 50)
        assert puller.chunk(taker.at, taker.position, 50) == again


def test_no_more_is_in_flight_than_may_be(kafka_brokers: str, topic: Topic) -> None:
    name, job = topic(partitions=2), uuid.uuid4().hex
    for partition in (0, 1):
        send(kafka_brokers, name, [article(number) for number in range(2000)], partition)
    given = spec(kafka_brokers, name, max_in_flight=700)
    with pulling(given, job) as puller:
        found(puller)
        takers = [Taker(puller, name, partition) for partition in (0, 1)]
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline:
            for taker in takers:
                taker.take()
            assert puller.stats()["in_flight"] <= 700
            time.sleep(0.01)
        assert sum(len(taker.records) for taker in takers) == 700
        for taker in takers:
            offsets.tell(job, given.reader(name, taker.at.partition), taker.position)
        until(lambda: sum(taker.take() for taker in takers) and sum(len(t.records) for t in takers) == 1400)
        offsets.tell(job, given.reader(name, 0), takers[0].position)
        commit(given, name, takers[1].position, 1)
        until(lambda: sum(taker.take() for taker in takers) and sum(len(t.records) for t in takers) == 2100)


def test_bytes_in_flight_are_bounded_too_but_one_record_always_may(kafka_brokers: str, topic: Topic) -> None:
    name, job = topic(), uuid.uuid4().hex
    send(kafka_brokers, name, [article(number, body="x" * 50_000) for number in range(40)])
    given = spec(kafka_brokers, name, max_bytes_in_flight=40_000)
    with pulling(given, job) as puller:
        found(puller)
        taker = Taker(puller, name)
        # What comes first is of unknown size: one poll.
        taker.up_to(1)
        until(lambda: puller.stats()["bytes_in_flight"] > 40_000)
        before = puller.stats()["in_flight"]
        time.sleep(1)
        assert puller.stats()["in_flight"] == before
        until(lambda: not taker.take())
        offsets.tell(job, given.reader(name, 0), taker.position)
        taker.up_to(taker.position + 1)


def test_a_partition_at_its_end_is_idle_after_its_time_and_not_before(kafka_brokers: str, topic: Topic) -> None:
    name = topic()
    send(kafka_brokers, name, [article(0)])
    with pulling(spec(kafka_brokers, name, idle_s=1.0)) as puller:
        found(puller)
        taker = Taker(puller, name)
        until(lambda: puller.chunk(taker.at, 0, 1).records and puller.shelf.end(taker.at))
        assert not puller.shelf.idle(taker.at), "a record is still to be taken"
        taker.up_to(1)
        came = time.monotonic()
        until(lambda: (taker.take(), puller.shelf.idle(taker.at))[1], 4)
        assert time.monotonic() - came < 3
        send(kafka_brokers, name, [article(1)])
        taker.up_to(2)
        puller.shelf.mark(taker.at, 5000, time.time())
        assert not puller.shelf.idle(taker.at), "it gave an entry just now"


def test_the_watermark_is_that_of_the_partition_that_is_farthest_behind(kafka_brokers: str, topic: Topic) -> None:
    name, now = topic(partitions=3), time.time()
    for partition in (0, 1):
        send(kafka_brokers, name, [article(number) for number in range(3)], partition)
    with pulling(spec(kafka_brokers, name, idle_s=0.5, disorder_s=60)) as puller:
        found(puller)
        takers = [Taker(puller, name, partition) for partition in range(3)]
        takers[0].up_to(3)
        takers[0].take()
        assert puller.shelf.mark(takers[0].at, 5000, now) is None, "two that were found were not asked for yet"
        takers[1].up_to(1)
        takers[2].take()
        until(lambda: (takers[2].take(), puller.shelf.idle(takers[2].at))[1])
        assert puller.shelf.mark(takers[0].at, None, now) is None, "the second has handed on nothing"
        assert puller.shelf.mark(takers[1].at, 1000, now) == 940
        until(lambda: (takers[1].take(), puller.shelf.idle(takers[0].at) and puller.shelf.idle(takers[1].at))[1])
        assert puller.shelf.mark(takers[1].at, None, now) == now - 60


def test_a_broker_that_is_away_is_waited_for_and_told_of(kafka_brokers: str, topic: Topic) -> None:
    name = topic()
    send(kafka_brokers, name, [article(number) for number in range(5)])
    with relaying() as relay:
        given = spec(kafka_brokers, name, security={"proxy_url": relay.url})
        with pulling(given) as puller:
            found(puller)
            taker = Taker(puller, name)
            taker.up_to(5)
            assert puller.trouble is None
            relay.go_away()
            send(kafka_brokers, name, [article(number) for number in range(5, 9)])
            until(lambda: (taker.take(), puller.trouble)[1], 15)
            assert f"Kafka at {kafka_brokers}" in (puller.trouble or "")
            assert "waiting since" in (puller.trouble or "")
            relay.come_back()
            taker.up_to(9, 20)
            assert taker.offsets == list(range(9))
            until(lambda: puller.trouble is None)


def test_a_connection_that_goes_silent_is_given_up_and_counted(
    kafka_brokers: str, topic: Topic, caplog: pytest.LogCaptureFixture
) -> None:
    name = topic()
    send(kafka_brokers, name, [article(0)])
    with relaying() as relay, caplog.at_level(logging.WARNING):
        network = {"proxy_url": relay.url, "request_timeout_ms": 3000}
        with pulling(spec(kafka_brokers, name, security=network, stall_s=2.0)) as puller:
            found(puller)
            taker = Taker(puller, name)
            taker.up_to(1)
            relay.silence()
            send(kafka_brokers, name, [article(1)])
            taker.up_to(2, 20)
            assert puller.stats()["stalls"] == 1
    assert "connecting anew" in caplog.text


class Deaf:
    """A consumer whose polls bring nothing although the broker answers all else: so kafka-python has stalled before."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def poll(self, **_: Any) -> dict[Any, Any]:
        time.sleep(0.1)
        return {}


def test_a_consumer_that_gets_nothing_although_there_is_lag_is_made_anew(kafka_brokers: str, topic: Topic) -> None:
    name = topic()
    send(kafka_brokers, name, [article(0)])
    made: list[Any] = []

    def opened(given: KafkaSpec) -> Any:
        made.append(client.consumer(given))
        return made[-1] if len(made) > 1 else Deaf(made[-1])

    puller = Puller(spec(kafka_brokers, name, stall_s=1.5), uuid.uuid4().hex, open_consumer=opened)
    try:
        found(puller)
        Taker(puller, name).up_to(1)
        assert (puller.stats()["stalls"], len(made)) == (1, 2)
    finally:
        puller.close()


def test_partitions_and_topics_that_come_later_are_found_and_read_from_their_first_offset(
    kafka_brokers: str, topic: Topic
) -> None:
    mark = uuid.uuid4().hex[:6]
    name = topic()
    given = spec(kafka_brokers, pattern=f"({name}|{mark}-.*)", start="latest")
    admin = client.admin((kafka_brokers,), {})
    try:
        with pulling(given) as puller:
            assert set(found(puller)) == {TopicPartition(name, 0)}
            admin.create_partitions({name: 2})
            send(kafka_brokers, name, [article(0)], 1)
            admin.create_topics([f"{mark}-more", f"not-{mark}-more"])
            send(kafka_brokers, f"{mark}-more", [article(1)], 0)
            wanted = {TopicPartition(name, 1): 0, TopicPartition(f"{mark}-more", 0): 0}
            until(lambda: wanted.items() <= (puller.partitions() or {}).items())
            for at in wanted:
                Taker(puller, at.topic, at.partition).up_to(1)
    finally:
        admin.delete_topics([f"{mark}-more", f"not-{mark}-more"])
        admin.close()


def test_a_topic_that_is_not_there_yet_is_waited_for_and_told_of(kafka_brokers: str) -> None:
    name = f"t{uuid.uuid4().hex[:8]}"
    admin = client.admin((kafka_brokers,), {})
    given = spec(kafka_brokers, name)
    with pytest.raises(DataError, match=name):
        check(given)
    with pulling(given) as puller:
        assert found(puller) == {}
        assert name in (puller.trouble or "")
        assert name not in {at.topic for at in found(puller)}, "nobody creates it by asking"
        admin.create_topics([name])
        until(puller.partitions)
        assert puller.trouble is None
        until(lambda: lag(given) == {(name, 0): (0, 0)})
        admin.delete_topics([name])
        taker = Taker(puller, name)
        until(lambda: (taker.take(), puller.shelf.is_gone(taker.at))[1])
        assert puller.shelf.idle(taker.at), "what is gone holds up nobody"
    admin.close()


@pytest.mark.parametrize("codec", ["gzip", "zstd", "lz4", "snappy"])
def test_compressed_batches_are_read(kafka_brokers: str, topic: Topic, codec: str) -> None:
    name = topic()
    send(kafka_brokers, name, [article(number) for number in range(2000)], compression_type=codec, linger_ms=50)
    with pulling(spec(kafka_brokers, name)) as puller:
        found(puller)
        taker = Taker(puller, name, start=7)
        taker.up_to(2000)
        assert taker.offsets == list(range(7, 2000))
