"""The pullers and committers of a job in this process: found by the Beam ends, asked and ended by whoever runs it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from transforms.attended import when
from transforms.errors import DataError
from transforms.kafka import offsets
from transforms.kafka.committer import close_committers, committer_of, committers
from transforms.kafka.puller import Puller
from transforms.kafka.specs import KafkaSpec
from transforms.records import Json

_PULLERS: dict[tuple[str, str], Puller] = {}
_LOCK = threading.Lock()


def puller_of(job: str, spec: KafkaSpec, whole: bool, stop_asked: Callable[[], bool] | None = None) -> Puller:
    """The puller of a job's source, started when first asked for; with it the committer, which keeps offsets alive.
    `stop_asked`, where workers may be other processes than the job's starter, tells whether reading is to end."""
    with _LOCK:
        if (job, spec.id) not in _PULLERS:
            puller = _PULLERS[job, spec.id] = Puller(spec, job, whole)
            committer_of(job, spec)
            if stop_asked is not None:
                when(stop_asked, puller.stop)
        return _PULLERS[job, spec.id]


def found_puller(job: str, source: str) -> Puller | None:
    """The puller of a job's source if this process has one."""
    with _LOCK:
        return _PULLERS.get((job, source))


def _pullers(job: str) -> dict[str, Puller]:
    with _LOCK:
        return {source: puller for (name, source), puller in _PULLERS.items() if name == job}


def stop_reading(job: str) -> None:
    """Hand on no more records; what was handed on can still be written and committed."""
    for puller in _pullers(job).values():
        puller.stop()


def settled(job: str) -> bool:
    """Whether all that was handed on is committed."""
    return all(puller.shelf.settled() for puller in _pullers(job).values()) and all(c.idle for c in committers(job))


def give_up(job: str) -> None:
    """End all threads of the job. What is not committed by now is read again by the next start."""
    for puller in _pullers(job).values():
        puller.close()
    close_committers(job)
    offsets.forget(job)
    with _LOCK:
        for key in [key for key in _PULLERS if key[0] == job]:
            del _PULLERS[key]


def mistake(job: str) -> DataError | None:
    """What the config of a source of the job asks for and cannot be had: why the job failed, in words for a person."""
    return next((puller.mistake for puller in _pullers(job).values() if puller.mistake), None)


def stats(job: str) -> dict[str, Json]:
    """Of each source of the job, since its start: records, bytes, partitions, committed (offsets), lag, in_flight,
    bytes_in_flight, commits, stalls, gaps (offsets lost to retention), trouble (None, or why nothing moves)."""
    found: dict[str, Json] = {source: puller.stats() for source, puller in _pullers(job).items()}
    for committer in committers(job):
        if committer.spec.id in found:
            own = found[committer.spec.id]
            own["commits"] = committer.commits
            own["trouble"] = own["trouble"] or committer.trouble
    return found
