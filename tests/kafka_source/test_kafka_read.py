"""The source and the committer in a graph, on a real Prism, with a real Kafka."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.coders import VarIntCoder
from apache_beam.transforms.timeutil import TimeDomain
from apache_beam.transforms.userstate import ReadModifyWriteStateSpec, TimerSpec, on_timer

from tests.kafka_source.kafka_jobs import article, committed, new_run, read_once, send, spec, streaming, until
from transforms.kafka import client, running
from transforms.kafka.starts import lag
from transforms.records import Extent

pytestmark = [pytest.mark.servers, pytest.mark.prism]
Topic = Callable[..., str]


def contiguous(extents: list[Extent], start: int = 0) -> int:
    """Where extents that follow each other without a gap end."""
    for extent in sorted(extents, key=lambda extent: extent.start):
        assert extent.start == start
        start = extent.end
    return start


def test_every_record_of_many_partitions_is_read_once_and_committed(
    kafka_brokers: str, topic: Topic, tmp_path: Path
) -> None:
    name, each = topic(partitions=12), 400
    for partition in range(12):
        send(kafka_brokers, name, [article(number) for number in range(each)], partition)
    with streaming(new_run(spec(kafka_brokers, name)), tmp_path) as run:
        until(lambda: lag(run.spec) == {(name, partition): (each, each) for partition in range(12)}, 30, run.stats)
        for partition in range(12):
            assert run.offsets(partition) == list(range(each))
            reader = run.spec.reader(name, partition)
            assert contiguous([extent for extent in run.extents if extent.reader == reader]) == each
        send(kafka_brokers, name, [article(number) for number in range(5)], 3)
        until(lambda: run.offsets(3) == list(range(each + 5)))
        until(lambda: running.settled(run.job))
        stats = run.stats()
        assert (stats["records"], stats["committed"], stats["in_flight"]) == (12 * each + 5, 12 * each + 5, 0)
        assert (stats["stalls"], stats["gaps"], stats["trouble"]) == (0, 0, None)
        entry = run.entries[0]
        assert (entry.source.id, entry.method, entry.title) == ("wire", "kafka", "Ferry 0")


def test_what_holds_no_article_is_passed_by_and_garbage_becomes_a_letter(
    kafka_brokers: str, topic: Topic, tmp_path: Path
) -> None:
    name = topic()
    values = [article(0), None, b"\xff\x00 garbage", article(3), None]
    send(kafka_brokers, name, values, keys=[b"a", b"b", b"c", b"d", b"e"])
    producer = client.producer((kafka_brokers,), {}, transactional_id=uuid.uuid4().hex)
    producer.init_transactions()
    for ends in (producer.commit_transaction, producer.abort_transaction, producer.commit_transaction):
        producer.begin_transaction()
        for number in range(3):
            producer.send(name, article(number), partition=0)
        producer.flush()
        ends()
    producer.close()
    with streaming(new_run(spec(kafka_brokers, name)), tmp_path) as run:
        # 5 records, then three transactions of 3 records and a mark each; the second was aborted.
        until(lambda: committed(run.spec, name) == 17, what=lambda: (run.stats(), run.extents))
        assert run.offsets() == [0, 3, 5, 6, 7, 13, 14, 15]
        assert [(letter.origin.batch, letter.stage) for letter in run.letters] == [(2, "kafka")]
        assert run.letters[0].input["offset"] == 2
        assert contiguous(run.extents) == 17
        until(lambda: run.stats()["lag"] == 0)


def test_a_gap_that_compaction_left_is_no_loss(kafka_brokers: str, topic: Topic, tmp_path: Path) -> None:
    name = topic(**{"cleanup.policy": "compact", "segment.ms": "100", "min.cleanable.dirty.ratio": "0.01"})
    send(kafka_brokers, name, [article(number) for number in range(50)], keys=[b"%d" % (n % 5) for n in range(50)])
    time.sleep(0.3)
    send(kafka_brokers, name, [article(50), None], keys=[b"new", b"4"])
    consumer = client.consumer(spec(kafka_brokers, name))
    consumer.close()
    with streaming(new_run(spec(kafka_brokers, name)), tmp_path) as run:
        until(lambda: committed(run.spec, name) == 52)
        assert contiguous(run.extents) == 52


def test_a_kill_leaves_the_prefix_committed_and_the_next_start_begins_there(
    kafka_brokers: str, topic: Topic, tmp_path: Path
) -> None:
    name = topic(partitions=2)
    for partition in (0, 1):
        send(kafka_brokers, name, [article(number) for number in range(300)], partition)
    given = spec(kafka_brokers, name)
    held = {(0, 120), (0, 121), (1, 0)}

    def hold(item: Any) -> bool:
        return (int(item.origin.reader[-1]), item.origin.batch) in held

    with streaming(new_run(given, hold=hold), tmp_path) as run:
        until(lambda: (len(run.entries), committed(given, name)) == (600, 120), 20, run.stats)
        assert not running.settled(run.job)
        running.stop_reading(run.job)
        send(kafka_brokers, name, [article(1)])
        time.sleep(0.7)
        assert len(run.entries) == 600, "nothing new after a stop"
    assert (committed(given, name, 0), committed(given, name, 1)) == (120, 0)
    with streaming(new_run(given), tmp_path) as again:
        until(lambda: (committed(given, name, 0), committed(given, name, 1)) == (301, 300))
        assert again.offsets(0) == list(range(120, 301))
        assert again.offsets(1) == list(range(300))


def test_while_receipts_fail_to_come_no_more_is_read_than_may_be_in_flight(
    kafka_brokers: str, topic: Topic, tmp_path: Path
) -> None:
    name, holding = topic(partitions=3), [True]
    for partition in range(3):
        send(kafka_brokers, name, [article(number) for number in range(500)], partition)
    run = new_run(spec(kafka_brokers, name, max_in_flight=200), hold=lambda _: holding[0])
    with streaming(run, tmp_path):
        until(lambda: len(run.entries) == 200)
        time.sleep(1.5)
        assert (len(run.entries), run.stats()["in_flight"]) == (200, 200)
    holding[0] = False
    with streaming(new_run(run.spec), tmp_path) as again:
        until(lambda: all(done == end for done, end in lag(run.spec).values()), 30, again.stats)
        assert len(again.entries) == 1500


def test_partitions_and_topics_that_come_later_are_read(kafka_brokers: str, topic: Topic, tmp_path: Path) -> None:
    name, mark = topic(), uuid.uuid4().hex[:6]
    admin = client.admin((kafka_brokers,), {})
    with streaming(new_run(spec(kafka_brokers, pattern=f"{name}|{mark}.*", start="latest")), tmp_path) as run:
        until(lambda: run.job and running.stats(run.job).get(run.spec.id, {}).get("partitions") == 1)
        admin.create_partitions({name: 2})
        admin.create_topics([f"{mark}-more"])
        send(kafka_brokers, name, [article(0)], 0)
        send(kafka_brokers, name, [article(1)], 1)
        send(kafka_brokers, f"{mark}-more", [article(2)], 0)
        until(lambda: len(run.entries) == 3, what=run.stats)
        assert {entry.origin.reader for entry in run.entries} == {
            run.spec.reader(name, 0), run.spec.reader(name, 1), run.spec.reader(f"{mark}-more", 0)
        }  # fmt: skip
        until(lambda: running.settled(run.job) and set(lag(run.spec).values()) == {(1, 1)})
    admin.delete_topics([f"{mark}-more"])
    admin.close()


_FIRED: dict[str, list[float]] = {}


class Alarm(beam.DoFn):
    """Sets a timer by watermark at the time of the first element, and notes when it fires."""

    TIMER = TimerSpec("alarm", TimeDomain.WATERMARK)
    SET = ReadModifyWriteStateSpec("set", VarIntCoder())

    def __init__(self, name: str, after_s: float) -> None:
        self.name, self.after_s = name, after_s

    def process(
        self,
        element: tuple[str, Any],
        timestamp: Any = beam.DoFn.TimestampParam,
        already: Any = beam.DoFn.StateParam(SET),
        alarm: Any = beam.DoFn.TimerParam(TIMER),
    ) -> Iterator[Any]:
        if not already.read():
            already.write(1)
            alarm.set(timestamp + self.after_s)
        yield from ()

    @on_timer(TIMER)
    def rings(self) -> None:
        _FIRED.setdefault(self.name, []).append(time.monotonic())


class Watch(beam.PTransform):
    """An alarm for all that is read."""

    def __init__(self, name: str, after_s: float) -> None:
        super().__init__()
        self.name, self.after_s = name, after_s

    def expand(self, items: Any) -> Any:
        keyed = items | beam.Map(lambda item: ("all", item)).with_output_types(tuple[str, Any])
        return keyed | beam.ParDo(Alarm(self.name, self.after_s))


def test_the_watermark_follows_record_time_and_idle_partitions_hold_up_nobody(
    kafka_brokers: str, topic: Topic, tmp_path: Path
) -> None:
    name, alarm = topic(partitions=3), uuid.uuid4().hex
    day = 86_400_000
    past = int(time.time() * 1000) - 10 * day
    send(kafka_brokers, name, [article(0)], 0, timestamp_ms=past)
    given = spec(kafka_brokers, name, disorder_s=60, idle_s=1.0, discover_s=0.5)
    with streaming(new_run(given), tmp_path, Watch(alarm, 3600)) as run:
        until(lambda: len(run.entries) == 1)
        # The clock is ten days on; while partition 0 is fed with older records, its time is theirs.
        began = time.monotonic()
        for number in range(12):
            send(kafka_brokers, name, [article(number + 1)], 0, timestamp_ms=past + number)
            send(kafka_brokers, name, [b"\xff garbage %d" % number], 0)
            time.sleep(0.2)
        until(lambda: len(run.letters) == 12)
        assert alarm not in _FIRED, "an hour after the first record did not come yet, and garbage has no time"
        send(kafka_brokers, name, [article(99)], 0, timestamp_ms=past + day)
        until(lambda: alarm in _FIRED, 5)
        assert time.monotonic() - began < 8


def test_once_all_are_idle_the_watermark_is_the_clocks(kafka_brokers: str, topic: Topic, tmp_path: Path) -> None:
    name, alarm = topic(partitions=2), uuid.uuid4().hex
    send(kafka_brokers, name, [article(0)], 0)
    with streaming(new_run(spec(kafka_brokers, name, disorder_s=0, idle_s=0.5)), tmp_path, Watch(alarm, 1.0)) as run:
        until(lambda: len(run.entries) == 1)
        until(lambda: alarm in _FIRED, 8)


@pytest.mark.parametrize("runner", ["FnApiRunner", "PrismRunner"])
def test_once_reads_each_partition_to_where_it_ended_and_ends(
    kafka_brokers: str, topic: Topic, tmp_path: Path, runner: str
) -> None:
    name = topic(partitions=3)
    for partition in (0, 1):
        send(kafka_brokers, name, [article(number) for number in range(1300)], partition)
    given = spec(kafka_brokers, name, max_in_flight=100)
    run = read_once(new_run(given), tmp_path, runner)
    assert [len(run.offsets(partition)) for partition in range(3)] == [1300, 1300, 0]
    assert lag(given) == {(name, 0): (1300, 1300), (name, 1): (1300, 1300), (name, 2): (0, 0)}
    send(kafka_brokers, name, [article(1)], 2)
    again = read_once(new_run(given), tmp_path, runner)
    assert [len(again.offsets(partition)) for partition in range(3)] == [0, 0, 1]
