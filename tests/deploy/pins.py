"""What a savepoint holds on to, taken from the graph: `python -m tests.deploy.pins` writes pins.yaml anew."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path
from typing import Any

import apache_beam as beam
import yaml
from apache_beam.pipeline import AppliedPTransform, PipelineVisitor
from apache_beam.transforms.userstate import get_dofn_specs

from pipeline import config, graph, parts
from transforms import records
from transforms.fold import journal, sharded
from transforms.fold.decision import Decision, Touched
from transforms.kafka import discover, progress

PINS = Path(__file__).with_name("pins.yaml")
Json = dict[str, Any]
# Every kind of source and output, so that every step is in the graph.
CONFIG = """
sources:
  - {kind: rss, url: "https://wire.example.org/feed.xml", id: wire}
  - {kind: files, path: "articles.jsonl"}
  - {kind: kafka, brokers: ["kafka.example.org:9092"], topics: [news], group: news, id: topic}
outputs:
  - {kind: kafka, brokers: ["kafka.example.org:9092"], topics: {articles: news.articles}}
index: {kind: embedded, path: news.db}
dead_letters: {path: dead.jsonl}
dedupe: {shards: SHARDS}
"""
# What is pickled into state, into restrictions, and into elements on their way.
CARRIED = (
    records.Source, records.Origin, records.Entry, records.Article, records.DeadLetter, records.Poll, records.Receipt,
    records.Extent, records.Version, records.Write, Decision, Touched, sharded.Batch, discover.Partition,
    discover.Announced, parts.Ref,
)  # fmt: skip


class _Look(PipelineVisitor):
    def __init__(self) -> None:
        self.steps: list[str] = []
        self.states: dict[str, Json] = {}

    def visit_transform(self, node: AppliedPTransform) -> None:
        self.steps.append(node.full_label)
        if isinstance(node.transform, beam.ParDo):
            states, timers = get_dofn_specs(node.transform.fn)
            told = {one.name: f"{type(one).__name__} of {type(one.coder).__name__}" for one in states}
            told |= {one.name: f"{type(one).__name__} of {one.time_domain}" for one in timers}
            if told:
                self.states[node.full_label] = dict(sorted(told.items()))


def of_graph(shards: int, runner: str | None = None) -> tuple[list[str], dict[str, Json]]:
    """The labels of all steps in the order of their making, and state and timers of those that have any, as the graph
    is built for `runner`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "config.yaml")
        path.write_text(CONFIG.replace("SHARDS", str(shards)), "utf-8")
        Path(folder, "articles.jsonl").touch()
        pipeline = beam.Pipeline(runner=runner)
        graph.build(pipeline, parts.assemble(config.read(path), once=False, owner="nobody"))
        look = _Look()
        pipeline.visit(look)
    return look.steps, look.states


def pins() -> Json:
    """All that is pinned, as pins.yaml holds it."""
    steps, states = of_graph(1)
    sharded_steps, sharded_states = of_graph(4)
    flink_steps, flink_states = of_graph(1, "FlinkRunner")
    return {
        "steps": steps,
        "steps with shards": [step for step in sharded_steps if step not in steps],
        "steps on Flink alone": [step for step in flink_steps if step not in steps],
        "steps not on Flink": [step for step in steps if step not in flink_steps],
        "state": states,
        "state with shards": {step: told for step, told in sharded_states.items() if step not in states},
        "state on Flink alone": {step: told for step, told in flink_states.items() if step not in states},
        "schemas": {"fold journal": journal.SCHEMA, "fold shards": sharded.SCHEMA, "kafka progress": progress.SCHEMA},
        "carried": {f"{one.__module__}.{one.__qualname__}": _fields(one) for one in CARRIED},
    }


def _fields(of: Any) -> list[str]:
    if dataclasses.is_dataclass(of):
        return [field.name for field in dataclasses.fields(of)]
    return list(of._fields)


if __name__ == "__main__":
    PINS.write_text(
        "# What a savepoint holds on to: docs/upgrade.md tells what a change costs.\n"
        "# `python -m tests.deploy.pins` writes it anew.\n" + yaml.safe_dump(pins(), sort_keys=False, width=110),
        "utf-8",
    )
