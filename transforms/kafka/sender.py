"""Alerts to a topic: the sender of a channel, at least once, with the alert's id as the key."""

from __future__ import annotations

from collections.abc import Callable

from transforms.alert.delivery import DELIVERED, Outcome
from transforms.index.interface import Parcel
from transforms.kafka.outlet import KafkaAway, Refusal, Sent
from transforms.kafka.outlets import open_outlet
from transforms.kafka.publish import HEADERS, document_bytes
from transforms.kafka.specs import OutputSpec


class KafkaSender:
    """Sends alert documents to `spec.alerts`; the header idempotency-key is the same at every attempt.

    An attempt waits `patience_s` seconds. What is on its way after that is waited for by the next attempt, and is not
    sent a second time while this process lives.
    """

    max_attempts = 10_000

    def __init__(self, open_spec: Callable[[], OutputSpec], patience_s: float = 10.0) -> None:
        self._open_spec, self._patience_s = open_spec, patience_s
        self._on_its_way: dict[str, Sent] = {}

    def deliver(self, parcel: Parcel) -> Outcome:
        """Send it, or see what became of it. A cluster that is away is tried again, a refusal is final."""
        spec = self._open_spec()
        outlet = open_outlet(spec)
        topic = spec.alerts or ""
        sent = self._on_its_way.pop(parcel.key, None)
        try:
            if sent is None:
                headers = (*HEADERS, ("idempotency-key", parcel.key.encode()))
                key, value = str(parcel.alert["id"]).encode(), document_bytes(parcel.alert)
                sent = outlet.send(topic, key, value, headers, within_s=self._patience_s)
            if not outlet.wait(sent, self._patience_s):
                self._on_its_way[parcel.key] = sent
                return Outcome(delivered=False, reason=f"topic {topic}: not acknowledged yet", again=True)
        except KafkaAway as error:
            return Outcome(delivered=False, reason=str(error), again=True)
        fate = sent.fate()
        if isinstance(fate, Refusal):
            return Outcome(delivered=False, reason=fate.reason)
        if fate is not None:
            return Outcome(delivered=False, reason=f"topic {topic}: {type(fate).__name__}", again=True)
        return DELIVERED
