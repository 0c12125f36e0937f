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


class Lag:
    """How far a group is behind in a topic, as Kafka tells it. Its clients are made once: to make them anew for each
    look takes time from what is looked at."""

    def __init__(self, brokers: str, topic: str, group: str) -> None:
        self._topic, self._group = topic, group
        self._consumer = KafkaConsumer(bootstrap_servers=brokers)
        self._admin = KafkaAdminClient(bootstrap_servers=brokers)
        self._parts = [TopicPartition(topic, number) for number in self._consumer.partitions_for_topic(topic)]

    def __call__(self) -> int:
        return sum(self._consumer.end_offsets(self._parts).values()) - self.committed()

    def committed(self) -> int:
        """How many records of the topic the group has committed."""
        try:
            told = self._admin.list_group_offsets({self._group: None}).get(self._group, {})
        except KafkaError:
            # Nobody coordinates a group before it commits for the first time.
            return 0
        return sum(offset.offset for part, offset in told.items() if part.topic == self._topic)


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
