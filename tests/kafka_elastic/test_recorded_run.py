"""Fourteen thousand real articles through Kafka and the whole graph on Prism into Elasticsearch, and the same into the
embedded index: the same documents, stories and roles; all garbage in the letters; all offsets committed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from tests.kafka_elastic.recorded import Recorded, recorded, send
from tests.running import command, configure, environment, exported, outcome

ARTICLES, PARTITIONS = 14_000, 4
pytestmark = [pytest.mark.servers, pytest.mark.prism, pytest.mark.slow]


@dataclass
class Lag:
    """How far a group is behind in a topic, as Kafka tells it."""

    brokers: str
    topic: str
    group: str
    ends: dict[TopicPartition, int] = field(default_factory=dict)

    def __call__(self) -> int:
        if not self.ends:
            consumer = KafkaConsumer(bootstrap_servers=self.brokers)
            parts = [TopicPartition(self.topic, n) for n in consumer.partitions_for_topic(self.topic)]
            self.ends = consumer.end_offsets(parts)
            consumer.close()
        admin = KafkaAdminClient(bootstrap_servers=self.brokers)
        try:
            told = admin.list_group_offsets({self.group: None})[self.group]
        except KafkaError:
            # Nobody coordinates a group before it commits for the first time.
            told = {}
        finally:
            admin.close()
        return sum(end - (told[part].offset if part in told else 0) for part, end in self.ends.items())


def streamed(config: Path, lag: Callable[[], int], limit_s: float = 400) -> None:
    """`run` until nothing is left to commit, then Ctrl-C; asserts a clean end."""
    log = (config.parent / "run.log").open("wb")
    with log, subprocess.Popen(
        [sys.executable, "-m", "pipeline", "run", "--quiet"],
        cwd=config.parent, env=environment(config), stdout=log, stderr=log,
    ) as running:  # fmt: skip
        try:
            until = time.monotonic() + limit_s
            while lag() > 0:
                assert running.poll() is None, (config.parent / "run.log").read_text()[-4000:]
                assert time.monotonic() < until, f"{lag()} records are not committed after {limit_s} s"
                time.sleep(0.5)
            running.send_signal(signal.SIGINT)
            assert running.wait(60) == 0, (config.parent / "run.log").read_text()[-4000:]
        finally:
            if running.poll() is None:
                running.kill()


@pytest.fixture(scope="module")
def news() -> Recorded:
    return recorded(ARTICLES)


@pytest.fixture(scope="module")
def embedded(news: Recorded, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same records, read from a file into the embedded index."""
    folder = tmp_path_factory.mktemp("embedded")
    (folder / "in.jsonl").write_bytes(b"\n".join(value for _, value in news.records) + b"\n")
    config = configure(folder, [{"kind": "files", "path": "in.jsonl"}])
    command(config, "run", "--quiet", timeout=900)
    return config


def letters(config: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (config.parent / "dead.jsonl").read_text().splitlines()]


def test_real_news_through_kafka_into_elasticsearch(
    news: Recorded, embedded: Path, kafka_brokers: str, elastic_url: str, prefix: str, topic: Any, tmp_path: Path
) -> None:
    name = topic(partitions=PARTITIONS)
    send(kafka_brokers, name, news.records)
    config = configure(
        tmp_path,
        [{"kind": "kafka", "brokers": [kafka_brokers], "topics": [name], "group": name}],
        index={"kind": "elasticsearch", "url": elastic_url, "prefix": prefix},
    )
    lag = Lag(kafka_brokers, name, name)
    began = time.monotonic()
    streamed(config, lag)
    print(f"\n{len(news.records)} records in {time.monotonic() - began:.0f} s, start and stop included")
    assert lag() == 0

    documents, expected = exported(config), exported(embedded)
    assert documents.keys() == expected.keys() == news.ids
    assert outcome(documents) == outcome(expected)
    assert len(letters(config)) == len({one["id"] for one in letters(config)}) == news.garbage
    for letter in letters(config):
        assert {"topic", "partition", "offset", "value"} <= letter["input"].keys(), letter
    for name, document in expected.items():
        found = documents[name]
        for part in ("title", "body", "language", "published", "revision", "wire", "entities", "topics"):
            assert found[part] == document[part], (name, part)
