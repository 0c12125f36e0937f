"""The parts that the graph is made of, from the config: each as a function that a worker can call by name."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import partial as bind

from pipeline import house, opening, servers
from pipeline.config import Ref, resolve, secrets
from transforms.alert.rules import Rules
from transforms.attribute.agencies import Agencies
from transforms.feeds.read import Polling
from transforms.files.read import FileSpec
from transforms.fold.stage import Folding
from transforms.index.interface import Index
from transforms.kafka.specs import KafkaSpec, OutputSpec
from transforms.records import DeadLetter, Entry
from transforms.tag.entities import Gazetteer
from transforms.tag.topics import Topics


@dataclass(frozen=True, slots=True)
class Parts:
    """What `graph.build` puts together."""

    job: str
    feeds: bool
    files: list[FileSpec]
    kafka: dict[str, Callable[[], KafkaSpec]]
    kafkas: Callable[[], list[KafkaSpec]]
    outputs: list[Callable[[], OutputSpec]]
    alert_outputs: tuple[str, ...]
    once: bool
    shards: int
    dead_letters: str
    secrets: Callable[[], tuple[str, ...]]
    index: Callable[[], Index]
    agencies: Callable[[], Agencies]
    gazetteer: Callable[[], Gazetteer]
    topics: Callable[[], Topics]
    rules: Callable[[], Rules]
    folding: Folding
    polling: Polling
    letters: list[Entry | DeadLetter] = field(default_factory=list)
    # What runs beside the graph, where no worker is in the process that starts it.
    house: Callable[[], AbstractContextManager[object]] | None = None

    @property
    def leaves_at_end(self) -> bool:
        """Whether the workers are gone as soon as the graph has ended."""
        return self.bounded and self.polling.stop_asked is not None

    @property
    def bounded(self) -> bool:
        """Whether the graph ends by itself."""
        return self.once or not (self.feeds or self.kafka)


def assemble(
    ref: Ref,
    once: bool,
    letters: list[Entry | DeadLetter] | None = None,
    due_only: bool = False,
    owner: str | None = None,
) -> Parts:
    """The parts of one start: takes a new epoch from the index. With `letters`, only those are read. `owner` is who
    holds the index for workers that are other processes than this one; None: there are none."""
    config = resolve(ref)
    job = uuid.uuid4().hex[:12]
    stop_asked = bind(servers.stop_asked, ref, job) if owner else None
    parts = Parts(
        job=job,
        feeds=letters is None and bool(opening.feeds_of(ref)),
        files=[] if letters is not None else [FileSpec(*file) for file in opening.files_of(ref)],
        kafka={} if letters is not None else kafka_parts(ref),
        kafkas=bind(servers.kafkas_of, ref),
        outputs=[bind(servers.output_of, ref, at) for at in range(len(config.outputs))],
        alert_outputs=tuple(servers.output_senders(ref)),
        once=once,
        shards=config.dedupe.shards,
        dead_letters=opening.dead_letters_of(ref),
        secrets=bind(secrets, ref),
        index=bind(opening.index_of, ref),
        agencies=bind(opening.agencies_of, ref),
        gazetteer=bind(opening.gazetteer_of, ref),
        topics=bind(opening.topics_of, ref),
        rules=bind(opening.rules_of, ref),
        folding=Folding(
            job,
            int(config.dedupe.ttl),
            opening.index_of(ref).start_epoch(),
            bind(opening.index_of, ref),
            bind(opening.own_agency, ref),
            bind(opening.agency_names, ref),
        ),
        polling=Polling(job, bind(opening.poller_of, ref, due_only), stop_asked),
        letters=letters or [],
    )
    return replace(parts, house=bind(house.keeping, ref, parts, owner)) if owner and not parts.bounded else parts


def kafka_parts(ref: Ref) -> dict[str, Callable[[], KafkaSpec]]:
    """The Kafka sources of the config by id, each as a worker opens it: secrets stay out of the graph."""
    return {servers.kafka_of(ref, at).id: bind(servers.kafka_of, ref, at) for at in servers.kafka_sources(ref)}
