"""Where reading begins: at the group's committed offset, else as the source says. All ask a broker."""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import Any

from kafka.structs import OffsetAndMetadata, TopicPartition

from transforms.errors import DataError
from transforms.kafka import client
from transforms.kafka.specs import KafkaSpec

log = logging.getLogger(__name__)
ANSWER_MS = 5000
Offsets = dict[TopicPartition, int]


def wanted_partitions(consumer: Any, spec: KafkaSpec) -> set[TopicPartition]:
    """All partitions of the topics that the source names or whose names match, as the cluster has them now."""
    found = consumer.topics()
    return {
        TopicPartition(topic, number)
        for topic in found
        if spec.wants(topic)
        for number in consumer.partitions_for_topic(topic) or ()
    }


def committed_offsets(consumer: Any, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int | None]:
    """What the group has committed."""
    return {partition: consumer.committed(partition, timeout_ms=ANSWER_MS) for partition in partitions}


def lag(spec: KafkaSpec) -> dict[tuple[str, int], tuple[int | None, int]]:
    """(topic, partition) to what the group has committed (None: nothing) and the partition's end. Raises KafkaError."""
    consumer = client.consumer(spec)
    try:
        partitions = sorted(wanted_partitions(consumer, spec))
        committed = committed_offsets(consumer, partitions)
        ends = consumer.end_offsets(partitions, timeout_ms=ANSWER_MS) if partitions else {}
        return {(at.topic, at.partition): (committed[at], ends[at]) for at in partitions}
    finally:
        client.close(consumer)


def check(spec: KafkaSpec) -> dict[tuple[str, int], tuple[int | None, int]]:
    """`lag`, of a source that can be read as the config says; DataError for one that cannot."""
    found = lag(spec)
    missing = set(spec.topics) - {topic for topic, _ in found}
    if missing:
        name = sorted(missing)[0]
        raise DataError(f"kafka {spec.id}", "topics", f'the cluster has no topic "{name}"', "create it, or correct it")
    _demand_a_commit(spec, [committed for committed, _ in found.values()])
    return found


def _demand_a_commit(spec: KafkaSpec, committed: Collection[int | None]) -> None:
    if spec.start == "committed" and all(offset is None for offset in committed):
        problem = f'the group "{spec.group}" has committed nothing'
        raise DataError(f"kafka {spec.id}", "start", problem, "begin with earliest, latest or a time")


def starts(consumer: Any, spec: KafkaSpec, partitions: set[TopicPartition], later: bool) -> Offsets:
    """Where to begin in each partition; the group has it committed when this returns, so that a crash before the first
    commit does not move the beginning, and whoever looks sees the lag.

    `later`: these were found while running, and begin at their first offset, as do those of a topic of whose other
    partitions the group has committed something: they are new.
    """
    committed = committed_offsets(consumer, partitions)
    if not later:
        _demand_a_commit(spec, committed.values())
    known_topics = {at.topic for at, offset in committed.items() if offset is not None}
    fresh = {at for at, offset in committed.items() if offset is None}
    new = {at for at in fresh if later or at.topic in known_topics}
    first = consumer.beginning_offsets(list(partitions), timeout_ms=ANSWER_MS) if partitions else {}
    end = consumer.end_offsets(list(partitions), timeout_ms=ANSWER_MS) if partitions else {}
    found: Offsets = {at: first[at] for at in new} | _by_policy(consumer, spec, fresh - new, first, end)
    ahead = {at for at, offset in committed.items() if offset is not None and offset > end[at]}
    if ahead:
        end |= _true_ends(spec, ahead)
    for at, offset in committed.items():
        if offset is not None:
            found[at] = _still_there(spec, at, offset, first[at], end[at])
    moved = {at: OffsetAndMetadata(offset, "", -1) for at, offset in found.items() if offset != committed[at]}
    if moved:
        consumer.commit(moved, timeout_ms=ANSWER_MS)
    return found


def _by_policy(consumer: Any, spec: KafkaSpec, fresh: set[TopicPartition], first: Offsets, end: Offsets) -> Offsets:
    if not fresh:
        return {}
    if isinstance(spec.start, int):
        found = consumer.offsets_for_times({at: spec.start for at in fresh}, timeout_ms=ANSWER_MS)
        return {at: found[at].offset if found[at] else end[at] for at in fresh}
    return {at: end[at] if spec.start == "latest" else first[at] for at in fresh}


def _true_ends(spec: KafkaSpec, partitions: set[TopicPartition]) -> Offsets:
    """The ends with what belongs to transactions that are still open."""
    consumer = client.consumer(spec, isolation_level="read_uncommitted")
    try:
        ends: Offsets = consumer.end_offsets(list(partitions), timeout_ms=ANSWER_MS)
        return ends
    finally:
        client.close(consumer)


def _still_there(spec: KafkaSpec, at: TopicPartition, committed: int, first: int, end: int) -> int:
    if first <= committed <= end:
        return committed
    why = f"records up to {first} were deleted" if committed < first else f"the partition ends at {end}"
    log.warning(
        "kafka %s: %s[%d]: offset %d of group %s is gone (%s); reading from %d",
        spec.id, at.topic, at.partition, committed, spec.group, why, first,
    )  # fmt: skip
    return first
