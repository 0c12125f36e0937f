"""One pipeline from Kafka to Elasticsearch under load, on Prism or on a Flink cluster, to which scenarios are done one
after the other, and what came of it beside an undisturbed run into the embedded index."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kafka import KafkaAdminClient
from kafka.admin import NewTopic

from tests.elastic_faults.fault_proxy import Proxy, faulty
from tests.faults.look import Elsewhere, Found, Lag, Memory, wait_for
from tests.faults.news import RULES, News, Sender
from tests.processes import children
from tests.running import answer, command, configure, environment, exported, outcome
from tests.servers.elastic_server import Elastic
from tests.servers.fixtures import remove_indices
from tests.servers.flink_server import Flink
from tests.servers.kafka_server import Kafka
from tests.servers.process import die_with_parent

PARTITIONS = SHARDS = 4
# On a cluster a restart alone may take a minute, as each of its processes wants the same cores.
CATCH_UP_S, ON_FLINK_S = 240.0, 480.0


class Broken(AssertionError):
    """Something that a fault must not do."""


@dataclass
class Ground:
    """Two servers of our own, a proxy before one of them, and the cluster that runs the graph, if it is not Prism that
    does. `options` are Beam's, for every life of the pipeline."""

    kafka: Kafka
    elastic: Elastic
    proxy: Proxy
    folder: Path
    flink: Flink | None = None
    options: Sequence[str] = ()


@contextlib.contextmanager
def ground(folder: Path, on_flink: bool = False, options: Sequence[str] = ()) -> Iterator[Ground]:
    """The servers, ended with the block whatever was done to them."""
    with contextlib.ExitStack() as stack:
        kafka = Kafka()
        stack.callback(kafka.close)
        kafka.start()
        elastic = Elastic()
        stack.callback(elastic.close)
        elastic.start()
        flink = None
        if on_flink:
            flink = Flink(task_managers=2)
            stack.callback(flink.close)
            flink.start()
            options = (*flink.options(), *options)
        yield Ground(kafka, elastic, stack.enter_context(faulty(elastic.url)), folder, flink, options)


@dataclass(frozen=True, slots=True)
class Expected:
    """What an undisturbed run into the embedded index leaves."""

    documents: dict[str, dict[str, Any]]
    alerts: set[tuple[str, frozenset[str]]]


def undisturbed(folder: Path, news: News) -> Expected:
    """Run it."""
    folder.mkdir(parents=True)
    (folder / "in.jsonl").write_bytes(b"".join(record.value + b"\n" for record in news.records))
    (folder / "rules.yaml").write_text(RULES, "utf-8")
    config = configure(folder, [{"kind": "files", "path": "in.jsonl"}], alerts={"rules": "rules.yaml"})
    command(config, "run", "--quiet", timeout=900)
    documents = exported(config)
    return Expected(documents, set(alerted(documents, answer(config, "alerts", "--limit", "100000"))))


def alerted(documents: dict[str, dict[str, Any]], alerts: list[dict[str, Any]]) -> list[tuple[str, frozenset[str]]]:
    """For each alert its rule and the URLs of the story that it is about."""
    stories: dict[str, set[str]] = {}
    for document in documents.values():
        for story in (document["story"]["id"], *document["story"]["merged_from"]):
            stories.setdefault(story, set()).add(document["url"])
    return [(alert["rule"], frozenset(stories.get(alert["story_id"], ()))) for alert in alerts]


class Pipeline:
    """`python -m pipeline run` as a process, with the Prism that it starts, or following its job on a cluster."""

    def __init__(self, config: Path, number: int, options: Sequence[str] = ()) -> None:
        self.log = config.parent / f"run-{number}.log"
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pipeline", "run", *options], cwd=config.parent, env=environment(config),
                stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - one call
            )  # fmt: skip

    def prisms(self) -> list[int]:
        """The Prism that it started (Linux)."""
        return [pid for pid in children(self.process.pid) if "prism" in _name(pid)]

    @property
    def text(self) -> str:
        """What it has said so far."""
        return self.log.read_text("utf-8", "replace")

    def ensure_alive(self) -> None:
        """Broken, with its last words, if it has ended."""
        if (code := self.process.poll()) is not None:
            raise Broken(f"the pipeline ended with {code}:\n{self.text[-4000:]}")

    def kill9(self) -> None:
        """As a power cut would. Prism goes with it."""
        self.process.kill()
        self.process.wait(20)

    def pause(self) -> None:
        """It and its Prism stand still."""
        for pid in (self.process.pid, *self.prisms()):
            os.kill(pid, signal.SIGSTOP)

    def resume(self) -> None:
        """They go on."""
        for pid in (*self.prisms(), self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def interrupt(self) -> None:
        """Ctrl-C; Broken where it does not end well."""
        self.process.send_signal(signal.SIGINT)
        try:
            code = self.process.wait(90)
        except subprocess.TimeoutExpired:
            raise Broken(f"Ctrl-C did not end it within 90 s:\n{self.text[-3000:]}") from None
        if code != 0:
            raise Broken(f"it ended with {code} after Ctrl-C:\n{self.text[-4000:]}")


def _name(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    return ""


@dataclass
class Trial:
    """A topic, an index, a config and a running pipeline; `dice` decides on moments."""

    ground: Ground
    news: News
    dice: random.Random
    config: Path
    prefix: str
    sender: Sender
    lag: Lag
    elsewhere: Elsewhere
    memory: Memory
    pipeline: Pipeline | None = None
    lives: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def running(self) -> Pipeline:
        """The pipeline that runs now."""
        assert self.pipeline is not None
        return self.pipeline

    @property
    def flink(self) -> Flink:
        """The cluster that runs the graph."""
        assert self.ground.flink is not None
        return self.ground.flink

    def start(self, *options: str) -> None:
        """A new life of the pipeline."""
        self.pipeline = Pipeline(self.config, self.lives, (*self.ground.options, *options))
        self.lives += 1
        self.memory.watch("pipeline", self.pipeline.process.pid)

    def watch_prism(self) -> None:
        """Sample Prism's memory too, once it is there."""
        for pid in self.running.prisms():
            self.memory.watch("prism", pid)

    def await_work(self, requests: int = 1, timeout: float = 90) -> None:
        """Until this life has written articles."""
        before = len(self.ground.proxy.bulks())
        wait_for("a bulk of articles", lambda: len(self.ground.proxy.bulks()) >= before + requests, timeout,
                 self.running.ensure_alive, 0.02)  # fmt: skip
        self.watch_prism()

    def catch_up(self) -> float:
        """Until all that was sent is committed; the seconds it took."""
        timeout = ON_FLINK_S if self.ground.flink else CATCH_UP_S
        self.sender.flush(timeout)
        try:
            return wait_for("lag 0", lambda: self.lag() == 0, timeout, self.running.ensure_alive, 0.3)
        except TimeoutError as late:
            self.running.ensure_alive()
            raise Broken(f"{late}; lag {self.lag()}, {self.lag.committed()} of {self.lag.ends()}\n"
                         f"{self.running.text[-3000:]}") from None  # fmt: skip

    def look(self) -> Found:
        """What is there now."""
        return self.elsewhere.look(self.config.parent / "dead.jsonl")

    def differs(self, expected: Expected) -> list[str]:
        """How the end differs from the undisturbed run; also ends the pipeline."""
        wait_for("all alerts delivered", self._delivered, 60, self.running.ensure_alive, 1.0)
        self.running.interrupt()
        documents = exported(self.config)
        found = []
        if documents.keys() != expected.documents.keys():
            found.append(f"articles: {len(expected.documents.keys() - documents.keys())} lost, "
                         f"{len(documents.keys() - expected.documents.keys())} more")  # fmt: skip
            return found
        here, there = outcome(documents), outcome(expected.documents)
        if wrong := [key for key in here if here[key] != there[key]]:
            found.append(f"stories, roles or originals of {len(wrong)} articles, such as {wrong[0]}")
        for name in ("title", "body", "revision", "language"):
            if wrong := [key for key in documents if documents[key][name] != expected.documents[key][name]]:
                found.append(f"{name} of {len(wrong)} articles, such as {wrong[0]}")
        told = alerted(documents, answer(self.config, "alerts", "--limit", "100000"))
        if len(told) != len(set(told)):
            found.append(f"{len(told) - len(set(told))} alerts twice")
        if set(told) != expected.alerts:
            lost, more = (sorted((rule, len(urls), *sorted(urls)[:3]) for rule, urls in some)
                          for some in (expected.alerts - set(told), set(told) - expected.alerts))  # fmt: skip
            found.append(f"alerts: {len(lost)} lost, {len(more)} more, such as {lost[:3]} and {more[:3]}")
        return found

    def _delivered(self) -> bool:
        path = self.config.parent / "alerts.jsonl"
        return path.exists() and len(set(path.read_bytes().splitlines())) >= self.look().alerts


@contextlib.contextmanager
def trial(place: Ground, news: News, dice: random.Random, direct: bool = False, **more: Any) -> Iterator[Trial]:
    """Everything for a trial, removed after it; `direct`: Elasticsearch is not reached through the proxy."""
    name = f"f{uuid.uuid4().hex[:8]}"
    folder = place.folder / name
    folder.mkdir(parents=True)
    admin = KafkaAdminClient(bootstrap_servers=place.kafka.brokers)
    admin.create_topics([NewTopic(name, PARTITIONS, 1)])
    admin.close()
    (folder / "rules.yaml").write_text(RULES, "utf-8")
    url = place.elastic.url if direct else place.proxy.url
    config = configure(
        folder,
        [{"kind": "kafka", "brokers": [place.kafka.brokers], "topics": [name], "group": name, **more}],
        index={"kind": "elasticsearch", "url": url, "prefix": name},
        alerts={"rules": "rules.yaml", "channels": {"file": {"kind": "jsonl", "path": "alerts.jsonl"}}},
        **({"dedupe": {"shards": SHARDS}} if place.flink else {}),
    )
    lag = Lag(place.kafka.brokers, name, name, PARTITIONS)
    sender = Sender(place.kafka.brokers, name, news)
    with Memory() as memory:
        made = Trial(place, news, dice, config, name, sender, lag, Elsewhere(place.elastic.url, name), memory)
        try:
            yield made
        finally:
            place.proxy.rules.clear()
            place.kafka.resume()
            place.elastic.resume()
            if made.pipeline is not None and made.pipeline.process.poll() is None:
                made.pipeline.resume()
                made.pipeline.kill9()
            servers = [place.kafka, place.elastic, *(place.flink.processes if place.flink else ())]
            for server in servers:
                if not server.alive:
                    server.start()
            for job in place.flink.jobs("RUNNING", "RESTARTING", "FAILING", "CREATED") if place.flink else ():
                place.flink.cancel(job)
            sender.close()
            remove_indices(place.elastic.url, name)
            place.proxy.seen.clear()
    shutil.rmtree(folder, ignore_errors=True)
