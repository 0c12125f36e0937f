"""A pipeline that streams from a topic, and how far its group is behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from tests.running import environment


def committed(brokers: str, group: str, topic: str) -> int:
    """How many records of the topic the group has committed."""
    admin = KafkaAdminClient(bootstrap_servers=brokers)
    try:
        told = admin.list_group_offsets({group: None}).get(group, {})
    except KafkaError:
        # Nobody coordinates a group before it commits for the first time.
        told = {}
    finally:
        admin.close()
    return sum(offset.offset for part, offset in told.items() if part.topic == topic)


@dataclass
class Lag:
    """How far a group is behind in a topic, as Kafka tells it."""

    brokers: str
    topic: str
    group: str

    def __call__(self) -> int:
        consumer = KafkaConsumer(bootstrap_servers=self.brokers)
        parts = [TopicPartition(self.topic, n) for n in consumer.partitions_for_topic(self.topic)]
        ends = consumer.end_offsets(parts)
        consumer.close()
        return sum(ends.values()) - committed(self.brokers, self.group, self.topic)


@dataclass(frozen=True)
class Alive:
    """A `run` in its own process."""

    process: subprocess.Popen[bytes]
    log: Path

    def check(self) -> None:
        """It still runs."""
        assert self.process.poll() is None, self.log.read_text("utf-8")[-4000:]


@contextmanager
def running(config: Path, *args: str, python: str = sys.executable, **more: str) -> Iterator[Alive]:
    """`run` with `args` until the block ends, then Ctrl-C; asserts a clean end. `more` goes into its environment."""
    path = config.parent / "run.log"
    with path.open("wb") as log, subprocess.Popen(
        [python, "-m", "pipeline", "run", "--quiet", *args],
        cwd=config.parent, env=environment(config, **more), stdout=log, stderr=log,
    ) as process:  # fmt: skip
        try:
            yield Alive(process, path)
            process.send_signal(signal.SIGINT)
            assert process.wait(120) == 0, path.read_text("utf-8")[-4000:]
        finally:
            if process.poll() is None:
                process.kill()


def settled(alive: Alive, lag: Callable[[], int], limit_s: float = 400) -> None:
    """Wait until nothing is left to commit."""
    until = time.monotonic() + limit_s
    while (left := lag()) > 0:
        alive.check()
        assert time.monotonic() < until, f"{left} records are not committed after {limit_s} s"
        time.sleep(0.3)
