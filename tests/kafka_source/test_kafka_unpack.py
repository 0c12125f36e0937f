"""Records and batches that kafka-python cannot unpack: each is told as one record, and the partition goes on."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kafka import KafkaProducer
from kafka.record.default_records import DefaultRecordBatchBuilder
from kafka.structs import TopicPartition

from tests.kafka_source.kafka_jobs import article, send, spec, until
from tests.servers.fixtures import missing
from tests.servers.kafka_server import Kafka
from tests.servers.parts import MissingPart
from transforms.kafka.puller import Puller
from transforms.kafka.record import Record, read_record, replayed_record
from transforms.kafka.unpack import Batch, Ruined
from transforms.records import DeadLetter, Entry, Source

BASE = 40
# Where a batch says what it is compressed with, and its last offset.
ATTRIBUTES, LAST_DELTA, FIRST_RECORD = 21, 23, 61
WIRE = Source("wire", "Wire", "wire.example")


class Odd(str):
    """A header name that a producer sends as bytes which are not UTF-8."""

    __slots__ = ()

    def encode(self, *_: Any) -> bytes:
        return b"caf\xe9"


def written(values: list[bytes], headers: Any = (), codec: int = 0) -> bytearray:
    """A batch as a broker stores it, its first record at BASE."""
    made = DefaultRecordBatchBuilder(
        magic=2, compression_type=codec, is_transactional=False, producer_id=-1, producer_epoch=-1, base_sequence=-1,
        batch_size=1 << 20,
    )  # fmt: skip
    for place, value in enumerate(values):
        made.append(place, 1_772_400_000_000 + place, b"k%d" % place, value, list(headers))
    batch = bytearray(made.build())
    batch[:8] = BASE.to_bytes(8, "big")
    return batch


def resealed(batch: bytearray) -> bytes:
    """With the checksum of what it holds now."""
    from kafka.record.util import calc_crc32c

    batch[17:21] = calc_crc32c(memoryview(batch)[21:]).to_bytes(4, "big")
    return bytes(batch)


def read(data: bytes, asked: int = BASE) -> list[Any]:
    return list(Batch(data, asked))


@pytest.mark.parametrize("codec", [0, 1, 2, 3, 4])
def test_a_sound_batch_is_read_as_ever(codec: int) -> None:
    found = read(bytes(written([b"one", b"two"], [("a", b"1")], codec)))
    assert [(r.offset, r.key, r.value, r.headers) for r in found] == [
        (40, b"k0", b"one", [("a", b"1")]),
        (41, b"k1", b"two", [("a", b"1")]),
    ]


@pytest.mark.parametrize("codec", [0, 1])
def test_a_header_name_that_is_no_text_spoils_nothing(codec: int) -> None:
    found = read(bytes(written([b"one", b"two"], [("a", b"1"), (Odd("x"), None)], codec)))
    assert [(r.offset, r.value, r.headers) for r in found] == [
        (40, b"one", [("a", b"1"), ("caf\\xe9", None)]),
        (41, b"two", [("a", b"1"), ("caf\\xe9", None)]),
    ]
    assert [r.timestamp for r in found] == [1_772_400_000_000, 1_772_400_000_001]


def test_a_wrong_checksum_makes_one_record_of_the_batch() -> None:
    data = written([b"one", b"two", b"three"])
    data[-2] ^= 0xFF
    batch = Batch(bytes(data), BASE)
    (found,) = list(batch)
    assert (found.offset, found.key, bytes(found.value)) == (40, None, bytes(data))
    assert found.value.reason == "the checksum of its batch is wrong"
    assert batch.next_offset == 43


def test_a_ruined_batch_is_told_also_where_reading_begins_within_it() -> None:
    data = written([b"one", b"two", b"three"])
    data[-2] ^= 0xFF
    (found,) = read(bytes(data), asked=42)
    assert found.offset == 42, "kafka-python drops what lies below"
    assert isinstance(found.value, Ruined)


@pytest.mark.parametrize("told", [-5, 1, 2**31 - 1])
def test_a_ruined_batch_is_not_believed_how_far_it_reaches(told: int) -> None:
    data = written([b"one", b"two", b"three"])
    data[LAST_DELTA : LAST_DELTA + 4] = told.to_bytes(4, "big", signed=True)
    assert Batch(bytes(data), 41).next_offset == 42
    assert Batch(bytes(data), 40).next_offset == 41


def test_what_cannot_be_decompressed_is_one_record() -> None:
    data = written([b"one" * 50, b"two" * 50], codec=1)
    data[FIRST_RECORD : FIRST_RECORD + 8] = b"\0" * 8
    (found,) = read(resealed(data))
    assert isinstance(found.value, Ruined)
    assert "cannot be decompressed" in found.value.reason


def test_a_record_that_is_nonsense_is_stepped_over() -> None:
    data = written([b"one", b"two", b"three"])
    at = bytes(data).index(b"two") - 1
    data[at] = 0x7F  # its value's length, beyond its end
    found = read(resealed(data))
    assert [r.offset for r in found] == [40, 41, 42]
    assert isinstance(found[1].value, Ruined)
    assert [bytes(found[0].value), bytes(found[2].value)] == [b"one", b"three"]


def test_bytes_of_any_kind_never_raise_and_never_end_before_they_begin() -> None:
    chance = random.Random(4)
    for _ in range(3000):
        data = written([b"one", b"two", b"three"], [("a", b"1")])
        for _ in range(chance.randint(1, 6)):
            data[chance.randrange(ATTRIBUTES, len(data))] = chance.randrange(256)
        data[ATTRIBUTES : ATTRIBUTES + 2] = b"\0\0"
        batch = Batch(resealed(data) if chance.random() < 0.7 else bytes(data), BASE)
        assert len(list(batch)) <= len(data)
        assert batch.next_offset > BASE or batch._ruin is None


def test_a_ruined_record_is_a_letter_with_its_bytes_and_stays_one() -> None:
    record = Record("news", 3, 40, -1, None, b"\xffbytes", (), "the checksum of its batch is wrong")
    (letter,) = read_record(record, WIRE, "kafka:main:news:3", 1_772_500_000)
    assert isinstance(letter, DeadLetter)
    assert letter.reason == "cannot be unpacked: the checksum of its batch is wrong"
    assert {"topic", "partition", "offset", "value"} <= letter.input.keys()
    assert replayed_record(letter) == [letter]


@contextlib.contextmanager
def taking(brokers: str, topic: str) -> Iterator[Callable[[int], list[Record]]]:
    """Asks a puller for all up to an offset."""
    given = spec(brokers, topic)
    puller, at = Puller(given, given.id), TopicPartition(topic, 0)

    def take(end: int) -> list[Record]:
        records: list[Record] = []
        place = 0

        def there() -> bool:
            nonlocal place
            chunk = puller.chunk(at, place, 500)
            records.extend(chunk.records)
            place = chunk.end
            return place >= end

        until(there)
        return records

    try:
        until(lambda: puller.partitions() is not None)
        yield take
    finally:
        puller.close()


@pytest.mark.servers
def test_a_real_partition_goes_on_behind_an_odd_header(kafka_brokers: str, topic: Callable[..., str]) -> None:
    name = topic()
    send(kafka_brokers, name, [article(1)])
    producer = KafkaProducer(bootstrap_servers=kafka_brokers)
    producer.send(name, value=article(2), headers=[(Odd("x"), b"y")], partition=0).get(30)
    producer.close()
    send(kafka_brokers, name, [article(3)])
    with taking(kafka_brokers, name) as take:
        records = take(3)
    assert [(record.offset, record.headers) for record in records] == [(0, ()), (1, (("caf\\xe9", b"y"),)), (2, ())]
    assert all(isinstance(read_record(r, WIRE, "r", 1_772_500_000)[0], Entry) for r in records)


@pytest.mark.servers
@pytest.mark.slow
def test_a_real_partition_goes_on_behind_a_damaged_log() -> None:
    try:
        server = Kafka()
    except MissingPart as error:
        missing(error)
    server.start()
    try:
        for first in (1, 3, 5):
            send(server.brokers, "news", [article(first), article(first + 1)], linger_ms=200)
        (log,) = (server.folder / "data" / "news-0").glob("*.log")
        with log.open("r+b") as file:
            file.seek(file.read().index(b"Ferry 4"))
            file.write(b"Fairy")
        with taking(server.brokers, "news") as take:
            records = take(6)
    finally:
        server.close()
    sound = [record.offset for record in records if record.ruin is None]
    (ruined,) = [record for record in records if record.ruin is not None]
    assert ruined.offset == 2
    assert b"Fairy 4" in (ruined.value or b"")
    assert sound == [0, 1, 4, 5]
