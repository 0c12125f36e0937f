"""The producer of a process: what it is given is acknowledged by the broker, never taken, or to be sent again.

An idempotent producer repeats a request under the same number for as long as the broker is away, so a broker that comes
back stores each message once. Only what the client itself has given up on is sent anew, as a second message.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kafka.errors import (
    InvalidRecordError,
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
)
from kafka.net.compat import KafkaNetClient

from transforms.kafka.client import producer, said
from transforms.kafka.specs import OutputSpec

Headers = tuple[tuple[str, bytes], ...]
# About 24 days: the client never gives a message up because of time alone.
_FOR_EVER_MS = 2**31 - 1
_BLOCK_MS, _LINGER_MS = 2000, 5
_BATCH_BYTES = 512 * 1024
_TICK_S, _PAUSE_S = 0.5, 1.0
# What a broker refuses for the message's own sake, however often it is asked.
_REFUSALS = (MessageSizeTooLargeError, RecordListTooLargeError, InvalidRecordError)


class KafkaAway(RuntimeError):
    """Somebody gave up waiting for a cluster; the text says which and why, without secrets. No data is at fault."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a message will never be taken, in words for a person."""

    reason: str


@dataclass(slots=True)
class Sent:
    """A message that was handed over. `future` is the client's promise, or a Refusal that is known already."""

    topic: str
    size: int
    future: Any
    client: Any = None

    @property
    def done(self) -> bool:
        """Whether its fate is known."""
        return isinstance(self.future, Refusal) or bool(self.future.is_done)

    def fate(self) -> Refusal | Exception | None:
        """Once done: None where the broker has it, a Refusal, or the error after which it must be sent again."""
        if isinstance(self.future, Refusal):
            return self.future
        error = self.future.exception
        return error if error is None or isinstance(error, Exception) else RuntimeError(repr(error))


class Outlet:
    """One cluster. Thread-safe; messages of one key reach it in the order in which they are handed over.

    A client whose broker finds one message too large fails all that it holds, with the same error. So a refusal is
    believed only of a message that was sent alone: the largest of those that failed together, then what is as large.

    `stats` counts: sent (acknowledged), refused, again (the client gave up on it). What was handed over and is not
    acknowledged is held in memory; it is for the caller to hand over a bounded amount before waiting.
    """

    def __init__(self, spec: OutputSpec) -> None:
        self._spec = spec
        self._lock = threading.Lock()
        self._client: Any = None
        self._gone = threading.Event()
        self._waits: dict[int, tuple[float, str]] = {}
        # By topic: from which size on a message is sent alone, and which client's failure told so.
        self._doubts: dict[str, tuple[int, Any]] = {}
        self.stats: Counter[str] = Counter()

    def send(
        self, topic: str, key: bytes, value: bytes | None, headers: Headers = (), within_s: float | None = None
    ) -> Sent:
        """Hand a message over (`value` None: a tombstone). Waits for the cluster, for ever by default.

        Raises KafkaAway once somebody gave up, or after `within_s` seconds.
        """
        size = len(key) + len(value or b"")
        message = {"topic": topic, "value": value, "key": key, "headers": list(headers)}
        began = time.monotonic()
        while True:
            try:
                client = self._open()
                doubt = self._doubts.get(topic)
                if doubt is not None and size >= doubt[0]:
                    return self._send_alone(client, message, size)
                sent = Sent(topic, size, client.send(**message), client)
                fate = sent.fate() if sent.done else None
                if not isinstance(fate, Exception):
                    self._calm()
                    return sent
                reason = said(fate)
            except _REFUSALS as error:
                self._calm()
                return Sent(topic, size, _refusal(topic, size, error))
            except KafkaTimeoutError:
                reason = f"nothing is known of topic {topic} (is it there?)" if self._client else "no broker answers"
            except (KafkaError, ValueError) as error:
                # ValueError: the topic has vanished between two looks at the cluster.
                reason = said(error)
            self._pause(reason, began, within_s)

    def wait(self, sent: Sent, within_s: float | None = None) -> bool:
        """Wait until the fate of `sent` is known, for ever by default; False where it is not after `within_s` seconds.

        Raises KafkaAway once somebody gave up.
        """
        if not self._await(sent, within_s):
            return False
        fate = sent.fate()
        name = "sent" if fate is None else "refused" if isinstance(fate, Refusal) else "again"
        with self._lock:
            self.stats[name] += 1
            if isinstance(fate, _REFUSALS):
                size, client = self._doubts.get(sent.topic, (0, None))
                self._doubts[sent.topic] = (max(size, sent.size) if client is sent.client else sent.size, sent.client)
        if name == "again":
            self._renew(sent.client)
        return True

    def rest(self, reason: str) -> None:
        """A pause before something is sent again. Raises KafkaAway once somebody gave up."""
        self._pause(reason, time.monotonic(), None)
        self._calm()

    @property
    def gone(self) -> bool:
        """Whether somebody gave up."""
        return self._gone.is_set()

    def trouble(self) -> str | None:
        """Why somebody waits at this moment, in words for a person; None where nobody does."""
        waits = list(self._waits.values())
        if not waits:
            return None
        began, reason = min(waits)
        return f"{self._away(reason)}; waiting since {time.monotonic() - began:.0f} s"

    def give_up(self) -> None:
        """Whoever waits, now or later, gets KafkaAway; what is not acknowledged is dropped."""
        self._gone.set()
        self._renew(self._client)

    def _open(self) -> Any:
        with self._lock:
            if self._gone.is_set():
                raise KafkaAway(self._away("given up"))
            if self._client is None:
                self._client = self._make()
            return self._client

    def _make(self) -> Any:
        networks: list[KafkaNetClient] = []

        def network(**options: Any) -> Any:
            networks.append(KafkaNetClient(**options))
            return networks[-1]

        try:
            return self._producer(network)
        except BaseException:
            # The half-made producer would keep its sockets until it is collected, and there is one a second.
            for made in networks:
                made.close()
            raise

    def _producer(self, network: Callable[..., Any]) -> Any:
        return producer(
            self._spec.brokers,
            self._spec.security,
            kafka_client=network,
            compression_type=self._spec.compression,
            max_request_size=self._spec.max_bytes,
            delivery_timeout_ms=_FOR_EVER_MS,
            max_block_ms=_BLOCK_MS,
            bootstrap_timeout_ms=_BLOCK_MS,
            linger_ms=_LINGER_MS,
            batch_size=_BATCH_BYTES,
            metrics_enabled=False,
        )

    def _renew(self, client: Any) -> None:
        """After what a client will not get over: numbers that do not fit, a fenced producer, a message too large."""
        with self._lock:
            if client is None or client is not self._client:
                return
            self._client = None
        _abandon(client)

    def _send_alone(self, shared: Any, message: dict[str, Any], size: int) -> Sent:
        """By a client of its own, after all that was handed over before; its fate is known on return."""
        while not self._gone.is_set():
            with contextlib.suppress(KafkaTimeoutError):
                shared.flush(_TICK_S)
                break
        own = self._make()
        try:
            sent = Sent(message["topic"], size, own.send(**message))
            self._await(sent, None)
        finally:
            _abandon(own)
        fate = sent.fate()
        if isinstance(fate, _REFUSALS):
            return Sent(sent.topic, size, _refusal(sent.topic, size, fate))
        if fate is None:
            with self._lock:
                self._doubts[sent.topic] = (size + 1, None)
        return sent

    def _await(self, sent: Sent, within_s: float | None) -> bool:
        began = time.monotonic()
        try:
            while not sent.done:
                if self._gone.is_set():
                    raise KafkaAway(self._away("not acknowledged"))
                waited = time.monotonic() - began
                if within_s is not None and waited >= within_s:
                    return False
                if waited > _PAUSE_S:
                    self._waits.setdefault(threading.get_ident(), (began, "a message is not acknowledged"))
                # What it failed with is its fate.
                with contextlib.suppress(Exception):
                    sent.future.get(timeout=_TICK_S)
        finally:
            self._calm()
        return True

    def _pause(self, reason: str, began: float, within_s: float | None) -> None:
        self._waits[threading.get_ident()] = (began, reason)
        late = within_s is not None and time.monotonic() - began >= within_s
        if late or self._gone.wait(_PAUSE_S):
            self._calm()
            raise KafkaAway(self._away(reason))

    def _calm(self) -> None:
        self._waits.pop(threading.get_ident(), None)

    def _away(self, reason: str) -> str:
        return f"Kafka at {', '.join(self._spec.brokers)}: {reason}"


def _abandon(client: Any) -> None:
    """Close a producer without its messages: were they still sent, an old state could come after a newer one."""
    if client is None:
        return
    with contextlib.suppress(KafkaError):
        client.close(timeout=0)
    with contextlib.suppress(AttributeError):
        # `close` waits for a flush first, and does nothing more where that takes too long.
        client._sender.force_close()


def _refusal(topic: str, size: int, error: Exception) -> Refusal:
    if isinstance(error, InvalidRecordError):
        return Refusal(f"topic {topic} does not take the message: {said(error)}")
    return Refusal(f"a message of {size:,} bytes is too large for topic {topic}")
