"""Running Fold on Prism with a real index, and watching what it decides and what it then remembers."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import apache_beam as beam
from apache_beam.coders import PickleCoder
from apache_beam.testing.test_stream import TestStream
from apache_beam.transforms.window import TimestampedValue
from apache_beam.utils.timestamp import Timestamp

from pipeline.runners import Chosen
from tests.fold.fold_play import TTL, owner
from transforms.fold import stage
from transforms.fold.decision import Decision
from transforms.fold.stage import Fold, Folding
from transforms.index.interface import Index
from transforms.index.open import open_index
from transforms.index.write import WriteIndex
from transforms.records import Article


@dataclass
class Seen:
    """One decision, and the ids in memory after it."""

    id: str
    outcome: str
    role: str | None
    original: str | None
    memory: frozenset[str]


@dataclass
class Run:
    """What was seen of one job, in this process; `then` is called with each decision once it is written."""

    seen: list[Seen] = field(default_factory=list)
    then: Callable[[str, Decision], None] | None = None


RUNS: dict[str, Run] = {}


class Watch(beam.DoFn):
    """Notes decisions in `RUNS`: the worker is this process."""

    def __init__(self, job: str) -> None:
        self.job = job

    def process(self, decision: Decision) -> None:
        story = decision.story or {}
        kept = stage._KEPT.get((self.job, "all"))
        memory = frozenset(kept.memory.members if kept else ())
        run = RUNS[self.job]
        run.seen.append(
            Seen(decision.article.id, decision.outcome, story.get("role"), story.get("original_id"), memory)
        )
        if run.then is not None:
            run.then(self.job, decision)


def folding(path: str, epoch: int | None = None) -> Folding:
    """A start over the index at `path`, with an epoch of its own."""
    opener = functools.partial(open_index, "embedded", path)
    return Folding(uuid.uuid4().hex, TTL, epoch or opener().start_epoch(), opener, owner)


def fold(chosen: Chosen, source: Any, part: Folding, shards: int = 1, written: bool = True,
         then: Callable[[str, Decision], None] | None = None) -> list[Seen]:  # fmt: skip
    """Run articles of `source` through Fold and into the index (unless not `written`); returns what was decided."""
    assert chosen.name == "PrismRunner"
    run = RUNS[part.job] = Run(then=then)
    with beam.Pipeline(runner=chosen.runner, options=chosen.options) as pipeline:
        decisions = pipeline | "Source" >> source | "Fold" >> Fold(part, shards)
        if written:
            decisions = (decisions | "Index" >> WriteIndex(part.open_index)).decisions
        decisions | "Watch" >> beam.ParDo(Watch(part.job))
    return run.seen


def stream(steps: Iterable[Article | int]) -> TestStream:
    """A stream of articles, each at its time of arrival; an int moves the watermark there, and ends a bundle."""
    out = TestStream(coder=PickleCoder())
    for step in steps:
        if isinstance(step, int):
            out = out.advance_watermark_to(step)
        else:
            out = out.add_elements([TimestampedValue(step, step.arrived)])
    return out.advance_watermark_to_infinity()


class Cell:
    """A value state, in this process."""

    def __init__(self) -> None:
        self.value: bytes | None = None

    def read(self) -> bytes | None:
        return self.value

    def write(self, value: bytes) -> None:
        self.value = value


class Bag:
    """A bag state, in this process."""

    def __init__(self) -> None:
        self.values: list[bytes] = []

    def read(self) -> Iterator[bytes]:
        return iter(list(self.values))

    def add(self, value: bytes) -> None:
        self.values.append(value)

    def clear(self) -> None:
        self.values.clear()


class Timer:
    """A timer that only remembers."""

    at: Any = None

    def set(self, at: Any) -> None:
        self.at = at


@dataclass
class Key:
    """The state of one key, and a DoFn over it, without a runner: for faults that no runner makes to order."""

    dofn: stage.Decide
    records: Bag = field(default_factory=Bag)
    token: Cell = field(default_factory=Cell)
    expiry: Timer = field(default_factory=Timer)

    def deliver(
        self, item: Article, hashes: Any, candidates: tuple[str, ...] | None = None, bundle: bool = True
    ) -> Decision:
        """Decide about an article, in a `bundle` of its own or in that of the last."""
        if bundle:
            self.dofn.start_bundle()
        stored = item.id in self.dofn.folding.open_index().known([item.id])
        element = ("all", (item, hashes, stored, candidates))
        (decision,) = self.dofn.process(element, self.records, self.token, self.expiry)
        return decision

    def fire(self, at: int, bundle: bool = True) -> None:
        """The timer, in a `bundle` of its own or in that of the last article."""
        if bundle:
            self.dofn.start_bundle()
        self.dofn.free("all", Timestamp(at), self.records, self.token, self.expiry)

    @property
    def memory(self) -> set[str]:
        """The ids in memory."""
        return set(stage._KEPT[self.dofn.folding.job, "all"].memory.members)


class Counted:
    """An index whose reads for seeding are counted."""

    def __init__(self, index: Index) -> None:
        self.index, self.seeds = index, 0

    def seed(self, since: int, before: int | None = None) -> Any:
        self.seeds += 1
        return self.index.seed(since, before)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.index, name)
