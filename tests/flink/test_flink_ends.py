"""How runs on Flink end: a bounded one commits all, a detached one goes on without its starter, and holds its index."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from pipeline.flink.cluster import Cluster
from tests.kafka_elastic.recorded import recorded, send
from tests.kafka_elastic.streams import Lag
from tests.running import command, configure, exported
from tests.servers.flink_server import Flink

FEW = 300
pytestmark = [pytest.mark.servers, pytest.mark.slow]


def prepared(folder: Path, brokers: str, topic: str, elastic: str, prefix: str) -> Path:
    return configure(
        folder,
        [{"kind": "kafka", "brokers": [brokers], "topics": [topic], "group": topic}],
        index={"kind": "elasticsearch", "url": elastic, "prefix": prefix},
        alerts={"channels": {"file": {"kind": "jsonl", "path": "alerts.jsonl"}}},
    )


def test_a_bounded_run_commits_what_it_read(
    flink: Flink, kafka_brokers: str, elastic_url: str, prefix: str, topic: Any, tmp_path: Path
) -> None:
    news, name = recorded(FEW), topic(partitions=4)
    send(kafka_brokers, name, news.records)
    config = prepared(tmp_path, kafka_brokers, name, elastic_url, prefix)
    command(config, "run", "--once", *flink.options(), timeout=400)
    assert exported(config).keys() == news.ids
    assert Lag(kafka_brokers, name, name)() == 0


def test_a_detached_job_goes_on_and_holds_its_index(
    flink: Flink, kafka_brokers: str, elastic_url: str, prefix: str, topic: Any, tmp_path: Path
) -> None:
    news, name = recorded(FEW), topic(partitions=4)
    config = prepared(tmp_path, kafka_brokers, name, elastic_url, prefix)
    said = command(config, "run", "--detach", *flink.options(), timeout=400).stderr
    (job,) = flink.jobs("RUNNING")
    assert job in said
    send(kafka_brokers, name, news.records)
    lag, until = Lag(kafka_brokers, name, name), time.monotonic() + 300
    while lag() and time.monotonic() < until:
        time.sleep(0.3)
    assert lag() == 0
    assert exported(config).keys() == news.ids
    assert "another pipeline runs on the index" in command(config, "run", *flink.options(), fails=1).stderr
    assert flink.status(job) == "RUNNING"
    assert Cluster(flink.rest).cancel(job)
    assert flink.await_end(job) == "CANCELED"
