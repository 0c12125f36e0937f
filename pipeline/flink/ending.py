"""How a run ends whose workers are other processes: told to read no more, drained, then cancelled."""

from __future__ import annotations

import contextlib
import time

from kafka.errors import KafkaError

from pipeline import opening, servers
from pipeline.config import Ref
from pipeline.flink.job import FlinkJob
from pipeline.house import DRAIN_S
from pipeline.parts import Parts
from pipeline.settled import settled
from transforms.index.interface import IndexAway
from transforms.kafka.starts import lag
from transforms.records import Json

# Offsets that did not move for so long after a stop are where they will be.
STILL_S = 3.0


def end(ref: Ref, job: FlinkJob, parts: Parts) -> Json:
    """Begin nothing more, let what is in flight be written, committed and delivered, then end the job. What was not
    is done again by the next start. Returns what the job counted."""
    if not parts.bounded and job.running:
        with contextlib.suppress(IndexAway):
            servers.ask_stop(ref, parts.job)
            _drain(ref, job)
    counted = job.metrics()
    job.cancel()
    return counted


def _drain(ref: Ref, job: FlinkJob) -> None:
    # Workers hear of a stop within a second or two; what was read then is through, or is not, within DRAIN_S.
    index = opening.index_of(ref, patient=False)
    until, standing, since = time.monotonic() + DRAIN_S, _committed(ref), time.monotonic()
    while time.monotonic() < until and not job.over(0.5):
        if (now := _committed(ref)) != standing:
            standing, since = now, time.monotonic()
        still = time.monotonic() - since > STILL_S
        if still and settled(index) and not index.parcels(int(time.time()), 1):
            return


def _committed(ref: Ref) -> list[object]:
    """What the groups of all Kafka sources have committed."""
    told: list[object] = []
    for spec in servers.kafkas_of(ref):
        with contextlib.suppress(KafkaError):
            told.append(sorted((at, committed) for at, (committed, _) in lag(spec).items()))
    return told
