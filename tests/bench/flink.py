"""`python -m tests.bench.flink`: the whole graph on Flink beside Prism, and which process the time goes to.

    python -m tests.bench.flink [--articles 4000] [--runs 1] [--json]

The same articles of saudinewsnet each time, streamed by `run` from a topic of four partitions into new indexes of one
Elasticsearch. On Prism the worker is in the process of `run`; on Flink there is one beside each of two TaskManagers,
each of one slot. A run is timed from when its first articles are in the index to when its last offset is committed, so
that starting is left out; what was there by then is not counted. NEWS_TEST_KAFKA and NEWS_TEST_ELASTICSEARCH name
servers that run already. Exit 3 where articles or servers are absent.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from kafka import KafkaAdminClient
from kafka.admin import NewTopic

from pipeline import config as configs
from pipeline import opening
from tests import processes
from tests.kafka_elastic.recorded import Recorded, recorded, send
from tests.kafka_elastic.streams import Alive, Lag, running
from tests.running import ROOT, configure
from tests.servers.elastic_server import Elastic
from tests.servers.flink_server import Flink
from tests.servers.kafka_server import Kafka
from transforms.errors import MissingPart, Refused
from transforms.index.interface import Index

PARTITIONS, WARM_UP, LIMIT_S, LOOK_S = 4, 300, 900.0, 0.25
KINDS = ("busy", "backpressured", "idle")
RULES = str(ROOT / "pipeline" / "newsroom" / "rules.yaml")
WAYS = {"Prism": (), "Flink, parallelism 1": ("--parallelism=1",), "Flink, parallelism 2": ("--parallelism=2",)}


@dataclass(frozen=True, slots=True)
class Ends:
    """The servers that all ways share."""

    kafka: Kafka
    elastic: Elastic
    flink: Flink

    def cpu(self, alive: Alive, on_flink: bool) -> dict[str, float]:
        """Processor seconds of each kind of process until now."""
        run, beside = alive.process.pid, processes.children(alive.process.pid)
        told = {"Elasticsearch": _with_group(self.elastic.pid), "Kafka": _with_group(self.kafka.pid)}
        if not on_flink:
            return {"worker": processes.use(run).cpu, "Prism": processes.together(beside).cpu, **told}
        managers = [one.pid for one in self.flink.taskmanagers]
        return {
            "worker": sum(processes.together(processes.group(pid)).cpu for pid in managers),
            "TaskManager": processes.together(managers).cpu,
            "JobManager": processes.use(self.flink.jobmanager.pid).cpu,
            "job server": processes.use(self.flink.jobserver.pid).cpu,
            "run": processes.use(run).cpu,
            **told,
        }


def _with_group(pid: int) -> float:
    return processes.together([pid, *processes.group(pid)]).cpu


@contextmanager
def started() -> Iterator[Ends]:
    """All servers, of our own. Raises MissingPart."""
    with ExitStack() as stack:
        ends = Ends(
            stack.enter_context(closing(Kafka())),
            stack.enter_context(closing(Elastic())),
            stack.enter_context(closing(Flink(task_managers=2, slots=1))),
        )
        ends.kafka.start()
        ends.elastic.launch()
        ends.elastic.await_answer(300)
        ends.flink.start()
        yield ends


def measure(ends: Ends, way: str, news: Recorded, folder: Path) -> dict[str, Any]:
    """One run: articles a second, and milliseconds of processor an article of each kind of process."""
    name = f"b{uuid.uuid4().hex[:8]}"
    _topic(ends.kafka.brokers, name)
    send(ends.kafka.brokers, name, news.records)
    folder.mkdir(parents=True)
    config = configure(
        folder,
        [{"kind": "kafka", "brokers": [ends.kafka.brokers], "topics": [name], "group": name}],
        index={"kind": "elasticsearch", "url": ends.elastic.url, "prefix": name},
        alerts={"rules": RULES},
    )
    on_flink = way != "Prism"
    with running(config, *(ends.flink.options() if on_flink else ()), *WAYS[way]) as alive:
        index = opening.index_of(configs.read(config), patient=False)
        count = _until(alive, lambda: _articles(index))
        began, before = time.monotonic(), ends.cpu(alive, on_flink)
        lag = Lag(ends.kafka.brokers, name, name)
        _until(alive, lambda: lag() == 0)
        took, after = time.monotonic() - began, ends.cpu(alive, on_flink)
        busy = _busy(ends.flink) if on_flink else {}
    left = len(news.records) - count
    return {
        "rate": left / took,
        "counted": left,
        "cores": sum(after.values()) - sum(before.values()),
        "ms": {kind: 1000 * (after[kind] - before[kind]) / left for kind in after},
        "seconds": took,
        "busy": busy,
    }


def _topic(brokers: str, name: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=brokers)
    admin.create_topics([NewTopic(name, PARTITIONS, 1)])
    admin.close()


def _articles(index: Index) -> int:
    try:
        return index.counts()["articles"]
    except Refused:  # the pipeline has not made it yet
        return 0


def _until(alive: Alive, answer: Callable[[], int]) -> int:
    until = time.monotonic() + LIMIT_S
    while not (found := answer()):
        alive.check()
        assert time.monotonic() < until, f"not within {LIMIT_S} s"
        time.sleep(LOOK_S)
    return found


def _busy(flink: Flink) -> dict[str, float]:
    """For each task of the job, but for impulses, its busy time as a part of all its subtasks' time, since it began."""
    (job,) = flink.jobs("RUNNING")
    told = {}
    for task in flink.ask("GET", f"/jobs/{job}")["vertices"]:
        # Flink has no number, but the word NaN, for what an impulse does.
        spent = [float(task["metrics"].get(f"accumulated-{kind}-time") or 0) for kind in KINDS]
        if not any(map(math.isnan, spent)):
            told[task["name"]] = round(spent[0] / max(1.0, sum(spent)), 3)
    return told


def figures(rounds: list[dict[str, dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """Medians over the rounds, way by way."""
    told = {}
    for way in WAYS:
        taken = [one[way] for one in rounds]
        told[way] = {
            "rate": round(median(one["rate"] for one in taken), 1),
            "ms": {kind: round(median(one["ms"][kind] for one in taken), 2) for kind in taken[0]["ms"]},
            "cores": round(median(one["cores"] / one["seconds"] for one in taken), 2),
            "busy": taken[-1]["busy"],
        }
    return told


def table(told: dict[str, dict[str, Any]]) -> str:
    """In Markdown: a row for what is measured, a column for each way."""
    ways = list(told.values())
    kinds = dict.fromkeys(kind for one in ways for kind in one["ms"])
    rows = [
        _row("", list(told)),
        "| --- |" + " --: |" * len(told),
        _row("articles a second", [f"{one['rate']:.0f}" for one in ways]),
        *(
            _row(f"{kind}, ms an article", [f"{one['ms'][kind]:.2f}" if kind in one["ms"] else "" for one in ways])
            for kind in kinds
        ),
        _row("all of these", [f"{sum(one['ms'].values()):.2f}" for one in ways]),
        _row("cores in use", [f"{one['cores']:.2f}" for one in ways]),
    ]
    return "\n".join(rows)


def _row(name: str, cells: list[str]) -> str:
    return f"| {name} | {' | '.join(cells)} |"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.flink", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--articles", type=int, default=int(os.environ.get("NEWS_BENCH_ARTICLES", "4000")))
    parser.add_argument("--runs", type=int, default=int(os.environ.get("NEWS_BENCH_RUNS", "3")))
    parser.add_argument("--json", action="store_true", help="the figures as one JSON object")
    asked = parser.parse_args()
    base = Path(os.environ.get("NEWS_EVAL_DATA") or ROOT.parent / "shared" / "eval")
    if not (base / "saudinewsnet" / "articles.jsonl.gz").is_file():
        print(f"{base}/saudinewsnet is absent; set NEWS_EVAL_DATA", file=sys.stderr)
        return 3
    news, rounds = recorded(asked.articles, twice=0.0, spoilt=0.0), []
    try:
        with started() as ends, tempfile.TemporaryDirectory(prefix="news-bench-") as folder:
            measure(ends, "Flink, parallelism 2", recorded(WARM_UP, twice=0.0, spoilt=0.0), Path(folder) / "warm")
            for number in range(asked.runs):
                order = list(WAYS) if number % 2 == 0 else list(reversed(WAYS))
                taken = {}
                for way in order:
                    taken[way] = measure(ends, way, news, Path(folder) / f"{number}-{order.index(way)}")
                    print(f"{number + 1}/{asked.runs}  {way}: {taken[way]}", file=sys.stderr, flush=True)
                rounds.append(taken)
    except MissingPart as error:
        print(error, file=sys.stderr)
        return 3
    told = figures(rounds)
    print(json.dumps(told) if asked.json else table(told))
    return 0


if __name__ == "__main__":
    sys.exit(main())
