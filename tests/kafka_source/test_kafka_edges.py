"""What needs no broker: secrets stay where they are, and restrictions do what a runner asks of them."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
from apache_beam.io.restriction_trackers import OffsetRange

from transforms.errors import DataError
from transforms.kafka import client
from transforms.kafka.buffer import Buffer
from transforms.kafka.discover import Announced, Announcing, Partition
from transforms.kafka.read import ENDLESS, Offsets
from transforms.kafka.record import Record
from transforms.kafka.specs import KafkaSpec, partition_of
from transforms.records import Source

PASSWORD = "correct horse battery"
SASL = {
    "security_protocol": "SASL_SSL", "sasl_mechanism": "SCRAM-SHA-512", "sasl_plain_username": "news",
    "sasl_plain_password": PASSWORD, "ssl_cafile": "/etc/ca.pem", "ssl_certfile": "/etc/me.pem",
    "ssl_keyfile": "/etc/me.key", "ssl_password": PASSWORD,
}  # fmt: skip
PARTITION = Partition("no-such-job", "k", "kafka:k:news:0", "news", 0, 17)


def made(**more: Any) -> KafkaSpec:
    given = {"id": "k", "brokers": ("localhost:1",), "source": Source("k"), "topics": ("news",)}
    return KafkaSpec(**{**given, **more})


def test_secrets_are_neither_shown_nor_pickled_nor_logged(tmp_path: Path) -> None:
    files = {name: str(tmp_path / name) for name in client.FILES}
    for path in files.values():
        Path(path).write_text("PEM")
    spec = made(security={**SASL, **files})
    assert PASSWORD not in repr(spec)
    with pytest.raises(TypeError, match="does not travel"):
        pickle.dumps(spec)
    settings = client.settings(spec.brokers, spec.security)
    assert settings["sasl_plain_password"] == PASSWORD, "the broker gets it"
    # kafka-python's admin client logs its settings at the level of debugging, as `%s` of the whole.
    assert PASSWORD not in str(settings)
    assert "SCRAM-SHA-512" in str(settings)


@pytest.mark.parametrize("key", ["sasl_mechanism", "sasl_plain_username", "sasl_plain_password"])
def test_half_given_credentials_are_an_editors_mistake(key: str) -> None:
    with pytest.raises(DataError, match=key):
        client.settings(("localhost:1",), {name: value for name, value in SASL.items() if name != key})


@pytest.mark.parametrize(
    "wrong",
    [{"topics": ()}, {"pattern": "n.*"}, {"brokers": ()}, {"start": "newest"}, {"max_in_flight": 0}],
)
def test_a_source_that_cannot_be_read_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="kafka k"):
        made(**wrong)


def test_a_pattern_takes_whole_names_and_never_kafkas_own_topics() -> None:
    spec = made(topics=(), pattern="news.*|.*offsets")
    assert [name for name in ("news-ar", "old-news", "offsets", "__consumer_offsets") if spec.wants(name)] == [
        "news-ar", "offsets"
    ]  # fmt: skip


@pytest.mark.parametrize("source", ["k", "a:b"])
def test_a_readers_name_tells_source_topic_and_partition(source: str) -> None:
    assert partition_of(made(id=source).reader("news.ar_1-x", 12)) == (source, "news.ar_1-x", 12)


def test_a_checkpoint_is_the_next_offset_and_nothing_else_splits() -> None:
    provider = Offsets()
    tracker = provider.create_tracker(provider.initial_restriction(PARTITION))
    assert tracker.current_restriction() == OffsetRange(17, ENDLESS)
    assert tracker.try_claim(17)
    assert tracker.try_claim(40), "offsets have gaps"
    assert tracker.try_split(0.5) is None
    split = tracker.try_split(0)
    assert split == (OffsetRange(17, 41), OffsetRange(41, ENDLESS))
    assert not tracker.try_claim(41)
    tracker.check_done()
    assert not tracker.is_bounded()


def test_a_drain_ends_partitions_and_the_search_for_them() -> None:
    assert Offsets().truncate(PARTITION, OffsetRange(17, ENDLESS)) is None
    assert Announcing().truncate(0, Announced()) is None
    assert Offsets().restriction_size(PARTITION, OffsetRange(17, ENDLESS)) == 0, "nothing was heard of it here"


def test_what_was_announced_is_in_the_checkpoint() -> None:
    tracker = Announcing().create_tracker(Announced(frozenset({"a"})))
    assert tracker.try_claim("b")
    primary, residual = tracker.try_split(0) or (None, None)
    assert residual == Announced(frozenset({"a", "b"}))
    assert primary == Announced(frozenset({"a", "b"}), over=True)
    assert not tracker.try_claim("c")
    tracker.check_done()
    with pytest.raises(ValueError, match="does not end"):
        Announcing().create_tracker(Announced()).check_done()


def record(offset: int) -> Record:
    return Record("news", 0, offset, 1, None, b"x" * 100)


def test_a_buffer_counts_what_is_in_flight_over_gaps_jumps_and_commits() -> None:
    buffer = Buffer()
    buffer.jump(10)
    buffer.seek = False
    buffer.fetched([record(offset) for offset in (10, 12, 15)])
    buffer.stand_at(20)
    chunk = buffer.chunk(10, 2)
    assert ([r.offset for r in chunk.records], chunk.end) == ([10, 12], 13)
    assert buffer.chunk(13, 9).end == 20
    buffer.commit(13)
    assert [offset for offset, _ in buffer.pending] == [15]
    assert not buffer.chunk(5, 9).records, "the consumer must seek"
    assert (buffer.seek, buffer.position, len(buffer.pending), buffer.pending_bytes) == (True, 5, 0, 0)
