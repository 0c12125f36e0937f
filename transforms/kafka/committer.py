"""Commits offsets to Kafka in a thread of its own, one per job and source, so that no bundle waits for a broker.

What is handed over is complete, and stays handed over until the broker has it: while it is away the thread tries again.
If the process dies meanwhile, the group's offset stays where it was, and the next start reads from there: all that is
indexed is known, gets its receipts at once, and is committed then.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from kafka.structs import OffsetAndMetadata, TopicPartition

from transforms.kafka import client, offsets
from transforms.kafka.progress import Progress
from transforms.kafka.specs import KafkaSpec, partition_of

log = logging.getLogger(__name__)
ANSWER_MS = 5000
# Between two commits: what comes meanwhile goes with the next.
PAUSE_S, LONGEST_PAUSE_S = 0.1, 2.0
# A client that failed this often in a row is made anew.
ANEW_AFTER = 3
# Kafka drops an offset of a group without members a week after its last commit; so what stands is committed again.
KEEP_S = 6 * 3600.0


class Committer:
    """Moves the group's offsets forward, never back. `want` and `complete` return at once."""

    def __init__(self, spec: KafkaSpec, job: str, open_consumer: Callable[[KafkaSpec], Any] = client.consumer) -> None:
        self.spec, self._job, self._open_consumer = spec, job, open_consumer
        self._wanted: dict[str, int] = {}
        self._asked: dict[str, Progress] = {}
        self._changed, self._closing = threading.Condition(), threading.Event()
        self._consumer: Any = None
        self._failures, self._since, self._kept = 0, 0.0, time.monotonic()
        self._problem: str | None = None
        self.commits = 0
        self._thread = threading.Thread(target=self._run, name=f"kafka-commit-{spec.id}", daemon=True)
        self._thread.start()

    def want(self, reader: str, offset: int) -> None:
        """All records of `reader` below `offset` have their receipts."""
        if offset <= (offsets.known(self._job, reader) or 0):
            return
        with self._changed:
            self._wanted[reader] = max(offset, self._wanted.get(reader, 0))
            self._changed.notify()

    def complete(self, reader: str, progress: Progress) -> None:
        """The progress of a reader of which this process does not know where it began: the group is asked, and what is
        complete from there on is committed."""
        with self._changed:
            self._asked[reader] = progress
            self._changed.notify()

    @property
    def idle(self) -> bool:
        """Nothing waits to be committed."""
        with self._changed:
            return not self._wanted and not self._asked

    @property
    def trouble(self) -> str | None:
        """Why nothing can be committed, and since when; None while all is well."""
        problem = self._problem
        return f"{problem}; waiting since {time.monotonic() - self._since:.0f} s" if problem else None

    def close(self, wait_s: float = 5.0) -> None:
        """End it; what waits is not committed."""
        self._closing.set()
        with self._changed:
            self._changed.notify()
        self._thread.join(wait_s)

    def _run(self) -> None:
        while not self._closing.is_set():
            with self._changed:
                while not (self._wanted or self._asked or self._closing.is_set() or self._keep()):
                    self._changed.wait(KEEP_S)
            if self._closing.is_set():
                break
            try:
                self._commit()
                self._failures, self._problem = 0, None
            except Exception as error:
                self._failed(error)
            self._closing.wait(min(PAUSE_S * 2 ** min(self._failures, 8), LONGEST_PAUSE_S))
        self._drop_consumer()

    def _keep(self) -> bool:
        """Under the lock: whether it is time to commit again what is committed; then that is wanted."""
        if time.monotonic() < self._kept + KEEP_S:
            return False
        self._kept = time.monotonic()
        standing = offsets.standing(self._job, self.spec.reader_prefix)
        self._wanted = {**standing, **self._wanted}
        return bool(standing)

    def _failed(self, error: Exception) -> None:
        if self._problem is None:
            self._since = time.monotonic()
            log.warning("kafka %s: cannot commit for group %s: %s", self.spec.id, self.spec.group, error)
        self._failures += 1
        self._problem = f"commits to Kafka at {','.join(self.spec.brokers)}: {client.said(error)}"
        if self._failures % ANEW_AFTER == 0:
            self._drop_consumer()

    def _drop_consumer(self) -> None:
        former, self._consumer = self._consumer, None
        if former is not None:
            client.close(former)

    def _commit(self) -> None:
        if self._consumer is None:
            self._consumer = self._open_consumer(self.spec)
        with self._changed:
            wanted, asked = dict(self._wanted), dict(self._asked)
        for reader, progress in asked.items():
            self._begin(reader, progress, wanted)
        forward: dict[TopicPartition, OffsetAndMetadata] = {}
        for reader, offset in wanted.items():
            committed = self._committed(reader)
            if committed is None or committed <= offset:
                forward[_partition(reader)] = OffsetAndMetadata(offset, "", -1)
        if forward:
            self._consumer.commit(forward, timeout_ms=ANSWER_MS)
            self.commits += 1
        for reader, offset in wanted.items():
            offsets.tell(self._job, reader, offset)
        with self._changed:
            self._wanted = {name: at for name, at in self._wanted.items() if at > wanted.get(name, -1)}

    def _begin(self, reader: str, progress: Progress, wanted: dict[str, int]) -> None:
        began = self._committed(reader)
        if began is not None:
            offsets.tell(self._job, reader, began)
            progress.begin(began)
            wanted[reader] = max(progress.advance() or 0, wanted.get(reader, 0))
            with self._changed:
                if self._asked.get(reader) is progress:
                    del self._asked[reader]
                self._wanted[reader] = max(wanted[reader], self._wanted.get(reader, 0))

    def _committed(self, reader: str) -> int | None:
        return self._consumer.committed(_partition(reader), timeout_ms=ANSWER_MS)


def _partition(reader: str) -> TopicPartition:
    _, topic, number = partition_of(reader)
    return TopicPartition(topic, number)


_COMMITTERS: dict[tuple[str, str], Committer] = {}
_LOCK = threading.Lock()


def committer_of(job: str, spec: KafkaSpec) -> Committer:
    """The committer of a job's source in this process, made when first asked for."""
    with _LOCK:
        if (job, spec.id) not in _COMMITTERS:
            _COMMITTERS[job, spec.id] = Committer(spec, job)
        return _COMMITTERS[job, spec.id]


def committers(job: str) -> list[Committer]:
    """Those of a job in this process."""
    with _LOCK:
        return [committer for (name, _), committer in _COMMITTERS.items() if name == job]


def close_committers(job: str) -> None:
    """End those of a job; what waits to be committed is left to the next start."""
    for committer in committers(job):
        committer.close()
    with _LOCK:
        for key in [key for key in _COMMITTERS if key[0] == job]:
            del _COMMITTERS[key]
