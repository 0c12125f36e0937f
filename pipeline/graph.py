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
from transforms.attribute.stage import Attribute
from transforms.clean.stage import Clean
from transforms.deadletters.stage import WriteDeadLetters
from transforms.feeds.commit import CommitPolls
from transforms.feeds.read import ReadFeeds
from transforms.files.read import ReadFiles
from transforms.fold.stage import Fold
from transforms.index.write import WriteIndex
from transforms.language.stage import DetectLanguage
from transforms.records import DeadLetter, Entry, Poll
from transforms.tag.stage import Tag


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the sources gave, sorted by kind."""

    entries: Any
    unread: Any
    polls: Any


def build(pipeline: beam.Pipeline, parts: Parts) -> None:
    """The graph of `parts` on `pipeline`."""
    inputs = read(pipeline, parts)
    cleaned = inputs.entries | "Clean" >> Clean()
    receipts = (
        cleaned.articles
        | "Language" >> DetectLanguage()
        | "Attribute" >> Attribute(parts.agencies)
        | "Tag" >> Tag(parts.gazetteer, parts.topics)
        | "Fold" >> Fold(parts.folding, parts.shards)
        | "Index" >> WriteIndex(parts.index)
        | "Alert" >> RaiseAlerts(parts.index, parts.rules)
    )
    dead = (inputs.unread, cleaned.dead) | "AllDead" >> beam.Flatten()
    buried = dead | "DeadLetters" >> WriteDeadLetters(parts.dead_letters, parts.secrets)
    settled = (receipts, buried) | "AllReceipts" >> beam.Flatten()
    (inputs.polls, settled) | "Commit" >> CommitPolls(parts.index)


def read(pipeline: beam.Pipeline, parts: Parts) -> Inputs:
    """All sources of the config, as entries, what could not be read, and polls."""
    streams = []
    if parts.feeds:
        streams.append(pipeline | "ReadFeeds" >> ReadFeeds(parts.polling, parts.once))
    if parts.files:
        streams.append(pipeline | "ReadFiles" >> ReadFiles(parts.files))
    if parts.letters:
        streams.append(pipeline | "ReadLetters" >> beam.Create(parts.letters))
    everything = streams | "AllSources" >> beam.Flatten()
    return Inputs(
        everything | "Entries" >> beam.Filter(lambda item: isinstance(item, Entry)),
        everything | "Unread" >> beam.Filter(lambda item: isinstance(item, DeadLetter)),
        everything | "Polls" >> beam.Filter(lambda item: isinstance(item, Poll)),
    )
