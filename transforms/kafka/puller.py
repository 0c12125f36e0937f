"""Fetches from Kafka in a thread of its own, so that no bundle ever waits for a broker.

One manually assigned consumer for all partitions of a source that are asked for in this process. It stays ahead of what
is asked for by a bounded number of records, and stops when too much is on its way that the group has not committed. A
broker that is away is waited for; `trouble` tells.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from kafka.errors import (
    CorruptRecordError,
    KafkaError,
    LogTruncationError,
    OffsetOutOfRangeError,
    UnsupportedCodecError,
)
from kafka.structs import TopicPartition

from transforms.errors import DataError
from transforms.kafka import client, offsets
from transforms.kafka.buffer import Chunk
from transforms.kafka.record import Record
from transforms.kafka.shelf import Shelf
from transforms.kafka.specs import KafkaSpec
from transforms.kafka.starts import Offsets, starts, wanted_partitions
from transforms.kafka.unpack import Ruined
from transforms.records import Json

log = logging.getLogger(__name__)
POLL_S, LOOK_S, ASK_COMMITTED_S, LONGEST_PAUSE_S = 0.1, 1.0, 2.0, 2.0
ANSWER_MS = 5000
# A thread that did not come round for so long waits for a broker.
QUIET_S = 10.0
# A client that failed this often in a row is made anew.
ANEW_AFTER = 5


class Puller:
    """Pulls for one source of one job; `chunk` hands on. `whole` lifts the bound of what is not committed.

    `open_consumer` makes the client, and is called again for one that stalled.
    """

    def __init__(
        self,
        spec: KafkaSpec,
        job: str,
        whole: bool = False,
        open_consumer: Callable[[KafkaSpec], Any] = client.consumer,
    ) -> None:
        self.spec, self._job, self._open_consumer = spec, job, open_consumer
        self.shelf = Shelf(spec, job, whole)
        self._found: Offsets | None = None
        self._closing = threading.Event()
        self._consumer: Any = None
        self._due = {"discover": 0.0, "look": 0.0, "committed": 0.0}
        self._failures, self._stalls, self._gaps = 0, 0, 0
        self._problem: str | None = None
        self._since = self._came_round = time.monotonic()
        self._missing: str | None = None
        self._beyond: dict[TopicPartition, str] = {}
        self._bug: DataError | None = None
        self._thread = threading.Thread(target=self._run, name=f"kafka-pull-{spec.id}", daemon=True)
        self._thread.start()

    def partitions(self) -> Offsets | None:
        """Where reading begins, by partition, of all that were found so far; None while no broker has answered.

        Raises DataError where the config asks for what is not there.
        """
        if self._bug is not None:
            raise self._bug
        return self._found

    @property
    def mistake(self) -> DataError | None:
        """What the config asks for and cannot be had; nothing is read then."""
        return self._bug

    def chunk(self, at: TopicPartition, offset: int, limit: int) -> Chunk:
        """What is there from `offset` on, without waiting; empty where nothing is, or after `stop`."""
        return self.shelf.chunk(at, offset, limit)

    def stop(self) -> None:
        """Hand on nothing more; what was handed on can still be written and committed."""
        self.shelf.stopped = True

    def close(self, wait_s: float = 5.0) -> None:
        """End the thread."""
        self.stop()
        self._closing.set()
        self._thread.join(wait_s)

    @property
    def trouble(self) -> str | None:
        """Why nothing comes, and since when; None while all is well."""
        now = time.monotonic()
        if self._problem is not None:
            return f"{self._problem}; waiting since {now - self._since:.0f} s"
        if now - self._came_round > QUIET_S and self._thread.is_alive():
            return f"Kafka at {','.join(self.spec.brokers)}: no answer; waiting since {now - self._came_round:.0f} s"
        return next(iter(self._beyond.values()), self._missing)

    def stats(self) -> Json:
        """What it did and where it stands: counts, and `trouble`."""
        found = self._found or {}
        committed = {at: offsets.known(self._job, self.spec.reader(at.topic, at.partition)) or 0 for at in found}
        return {
            **asdict(self.shelf.standing()),
            "partitions": len(found),
            "committed": sum(max(0, committed[at] - start) for at, start in found.items()),
            "stalls": self._stalls,
            "gaps": self._gaps,
            "trouble": self.trouble,
        }

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self._step()
                self._failures, self._problem = 0, None
                self._came_round = time.monotonic()
            except DataError as error:
                self._bug = error
                break
            except Exception as error:
                self._failed(error)
        self._drop_consumer()

    def _failed(self, error: Exception) -> None:
        """Whatever the client raises is waited out: it is of the broker, of the network, or of one bad batch."""
        if self._problem is None:
            self._since = time.monotonic()
            log.warning("kafka %s: %s", self.spec.id, client.said(error), exc_info=not isinstance(error, KafkaError))
        self._failures += 1
        self._problem = f"Kafka at {','.join(self.spec.brokers)}: {client.said(error)}"
        # Perhaps a topic is gone.
        self._due["discover"] = 0.0
        # After an error while it unpacks a batch kafka-python's consumer turns in a loop for ever when asked again.
        unpacking = not isinstance(error, KafkaError) or isinstance(error, CorruptRecordError | UnsupportedCodecError)
        if unpacking or self._failures % ANEW_AFTER == 0:
            self._drop_consumer()
        self._watch()
        self._closing.wait(min(POLL_S * 2 ** min(self._failures, 8), LONGEST_PAUSE_S))

    def _drop_consumer(self) -> None:
        former, self._consumer = self._consumer, None
        if former is not None:
            client.close(former)

    def _step(self) -> None:
        if self._consumer is None:
            self._consumer = self._open_consumer(self.spec)
            self.shelf.begin_anew()
        if self._is_due("discover"):
            self._discover()
            self._put_off("discover", self.spec.discover_s)
        room = self._arrange()
        self._poll(room)
        if self._is_due("look"):
            self._look()
            self._put_off("look", LOOK_S)
        if self._is_due("committed"):
            self._ask_committed()
            self._put_off("committed", ASK_COMMITTED_S)
        self._watch()

    def _is_due(self, name: str) -> bool:
        return time.monotonic() >= self._due[name]

    def _put_off(self, name: str, seconds: float) -> None:
        self._due[name] = time.monotonic() + seconds

    def _discover(self) -> None:
        there, former = wanted_partitions(self._consumer, self.spec), self._found or {}
        missing = sorted(set(self.spec.topics) - {at.topic for at in there})
        self._missing = f"no topic {', '.join(missing)} yet" if missing else None
        if self.spec.pattern and not there:
            self._missing = f"no topic matches {self.spec.pattern} yet"
        new = starts(self._consumer, self.spec, there - set(former), later=self._found is not None)
        for at, offset in new.items():
            offsets.tell(self._job, self.spec.reader(at.topic, at.partition), offset)
            if self._found is not None:
                log.info("kafka %s: %s[%d] is new; reading from %d", self.spec.id, at.topic, at.partition, offset)
        self.shelf.set_found(new, set(former) - there)
        self._found = {**former, **new}

    def _arrange(self) -> int:
        """Assign, seek, pause and resume as the shelf asks; returns how many records may come."""
        wanted, has = self.shelf.arrange(), self._consumer.assignment()
        seeks = set(wanted.seeks)
        if set(wanted.positions) != has:
            # Each position is sought before the next poll: left alone, the consumer would look for one itself.
            self._consumer.assign(sorted(wanted.positions))
            seeks |= set(wanted.positions) - has
        for at in seeks:
            self._consumer.seek(at, wanted.positions[at])
        paused, held = self._consumer.paused(), set(wanted.held)
        if held - paused:
            self._consumer.pause(*(held - paused))
        if paused - held:
            self._consumer.resume(*(paused - held))
        return wanted.room

    def _poll(self, room: int) -> None:
        if not self._consumer.assignment():
            self._closing.wait(POLL_S)
            return
        try:
            came = self._consumer.poll(timeout_ms=round(POLL_S * 1000), max_records=max(1, room))
        except OffsetOutOfRangeError as error:
            self._out_of_range(error.args[0])
        except LogTruncationError as error:
            self._truncated(error.divergent_offsets)
        else:
            for at, raws in came.items():
                self.shelf.take(at, [_record(raw) for raw in raws])

    def _out_of_range(self, positions: Offsets) -> None:
        """Retention passed us: what is gone is gone, and reading goes on at the first that is left."""
        for at, first in self._consumer.beginning_offsets(list(positions), timeout_ms=ANSWER_MS).items():
            position = positions[at]
            if position < first:
                log.warning(
                    "kafka %s: %s[%d]: the records from %d to %d were deleted before they were read",
                    self.spec.id, at.topic, at.partition, position, first,
                )  # fmt: skip
                self._gaps += first - position
                self._consumer.seek(at, first)
                self.shelf.stand_at(at, first)
            else:
                log.warning(
                    "kafka %s: %s[%d]: offset %d lies beyond the end: the topic was made anew or its log was cut; "
                    "restart to read it from its beginning", self.spec.id, at.topic, at.partition, position,
                )  # fmt: skip
                self._beyond[at] = f"{at.topic}[{at.partition}]: offset {position} lies beyond the end; restart"
                self.shelf.beyond(at)

    def _truncated(self, divergent: dict[TopicPartition, Any]) -> None:
        """The log was cut below our position (an unclean election): offsets never go back here, so go on from it."""
        for at in divergent:
            position = self._consumer.position(at, timeout_ms=0)
            log.warning("kafka %s: %s[%d]: the log was cut below %s", self.spec.id, at.topic, at.partition, position)
            if position is None:
                # It does not know itself; the shelf says where to go on, at the next look.
                self._drop_consumer()
                return
            self._consumer.seek(at, position)

    def _look(self) -> None:
        """Hear how far partitions reach, and of those that lag whether only offsets without records lie ahead."""
        assigned = self._consumer.assignment()
        if not assigned:
            return
        lagging = self.shelf.hear_ends(self._consumer.end_offsets(list(assigned), timeout_ms=ANSWER_MS))
        for at in set(lagging) - self._consumer.paused():
            position = self._consumer.position(at, timeout_ms=0)
            if position is not None:
                self.shelf.stand_at(at, position)
        self._beyond = {at: told for at, told in self._beyond.items() if self.shelf.is_beyond(at)}

    def _ask_committed(self) -> None:
        """Ask the group what it has committed, for where the committer is in another process."""
        for at in self.shelf.unsure():
            committed = self._consumer.committed(at, timeout_ms=ANSWER_MS)
            if committed is not None:
                offsets.tell(self._job, self.spec.reader(at.topic, at.partition), committed)

    def _watch(self) -> None:
        """A consumer that gets nothing although there is something, or hears nothing, is made anew."""
        stalled = self.shelf.stalled()
        if not stalled or self._consumer is None:
            return
        self._stalls += 1
        log.warning(
            "kafka %s: for %s[%d] (and %d more) neither a record nor word of its end came for %.0f s; connecting anew",
            self.spec.id, *stalled[0], len(stalled) - 1, self.spec.stall_s,
        )  # fmt: skip
        self._drop_consumer()


def _record(raw: Any) -> Record:
    ruin = raw.value.reason if isinstance(raw.value, Ruined) else None
    headers = tuple(raw.headers or ())
    return Record(raw.topic, raw.partition, raw.offset, raw.timestamp, raw.key, raw.value, headers, ruin)
