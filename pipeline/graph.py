"""The whole flow, in one place.

sources -> clean -> language -> attribute -> tag -> fold -> index -> alert -> commit
             \\______________________ dead letters _________________________/
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import apache_beam as beam

from pipeline.parts import Parts
from transforms.alert.stage import RaiseAlerts
from transforms.attend import Attend
from transforms.attribute.stage import Attribute
from transforms.clean.stage import Clean
from transforms.deadletters.stage import WriteDeadLetters
from transforms.feeds.commit import CommitPolls
from transforms.feeds.read import ReadFeeds
from transforms.files.read import ReadFiles
from transforms.fold.stage import Fold
from transforms.index.write import WriteIndex
from transforms.inorder import InOrder
from transforms.kafka.commit import CommitOffsets
from transforms.kafka.read import ReadKafka
from transforms.kafka.write import WriteKafka
from transforms.language.stage import DetectLanguage
from transforms.records import DeadLetter, Entry, Extent, Poll
from transforms.tag.stage import Tag


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the sources gave, sorted by kind."""

    entries: Any
    unread: Any
    polls: Any
    extents: Any


def build(pipeline: beam.Pipeline, parts: Parts) -> None:
    """The graph of `parts` on `pipeline`."""
    inputs = read(pipeline, parts)
    cleaned = inputs.entries | "InOrder" >> InOrder() | "Clean" >> Clean()
    indexed = (
        cleaned.articles
        | "Language" >> DetectLanguage()
        | "Attribute" >> Attribute(parts.agencies)
        | "Tag" >> Tag(parts.gazetteer, parts.topics)
        | "Fold" >> Fold(parts.folding, parts.shards)
        | "Index" >> WriteIndex(parts.index)
    )
    told = publish(indexed.decisions, parts)
    receipts = told.decisions | "Alert" >> RaiseAlerts(parts.index, parts.rules, parts.alert_outputs)
    dead = (inputs.unread, cleaned.dead, indexed.dead, *told.dead) | "AllDead" >> beam.Flatten()
    buried = dead | "DeadLetters" >> WriteDeadLetters(parts.dead_letters, parts.secrets)
    settled = (receipts, buried) | "AllReceipts" >> beam.Flatten()
    (inputs.polls, settled) | "Commit" >> CommitPolls(parts.index)
    if parts.kafka:
        (inputs.extents, settled) | "CommitOffsets" >> CommitOffsets(parts.kafkas, parts.job, parts.leaves_at_end)
    if parts.house:
        pipeline | "Attend" >> Attend(parts.job, parts.house)


def read(pipeline: beam.Pipeline, parts: Parts) -> Inputs:
    """All sources of the config, as entries, what could not be read, polls, and extents of partitions."""
    streams = []
    if parts.feeds:
        streams.append(pipeline | "ReadFeeds" >> ReadFeeds(parts.polling, parts.once))
    if parts.files:
        streams.append(pipeline | "ReadFiles" >> ReadFiles(parts.files))
    for name, open_spec in parts.kafka.items():
        streams.append(
            pipeline | f"ReadKafka {name}" >> ReadKafka(open_spec, parts.job, parts.once, parts.polling.stop_asked)
        )
    if parts.letters:
        streams.append(pipeline | "ReadLetters" >> beam.Create(parts.letters))
    everything = streams | "AllSources" >> beam.Flatten()
    return Inputs(
        everything | "Entries" >> beam.Filter(lambda item: isinstance(item, Entry)),
        everything | "Unread" >> beam.Filter(lambda item: isinstance(item, DeadLetter)),
        everything | "Polls" >> beam.Filter(lambda item: isinstance(item, Poll)),
        everything | "Extents" >> beam.Filter(lambda item: isinstance(item, Extent)),
    )


@dataclass(frozen=True, slots=True)
class Told:
    """Decisions that every output has taken, and what an output will never take."""

    decisions: Any
    dead: tuple[Any, ...]


def publish(decisions: Any, parts: Parts) -> Told:
    """Decisions to each output of the config, one after the other."""
    dead = []
    for number, open_spec in enumerate(parts.outputs):
        written = decisions | f"Publish {number}" >> WriteKafka(open_spec, parts.index)
        decisions = written.decisions
        dead.append(written.dead)
    return Told(decisions, tuple(dead))
