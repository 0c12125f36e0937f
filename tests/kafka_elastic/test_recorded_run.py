"""Fourteen thousand real articles through Kafka and the whole graph into Elasticsearch, on Prism and on Flink, and the
same from a file into the embedded index with one shard: the same documents, stories and roles; each story that meets a
rule alerted, and none twice; all garbage in the letters; all offsets committed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.kafka_elastic.recorded import Recorded, recorded, streamed
from tests.running import ROOT, alertable, alerts, command, configure, exported, outcome
from tests.servers.flink_server import Flink

ARTICLES, PARTITIONS, SHARDS = 14_000, 4, 4
PARTS = ("title", "body", "language", "published", "revision", "wire", "entities", "topics")
ALERTS = {
    "rules": str(ROOT / "pipeline" / "newsroom" / "rules.yaml"),
    "channels": {"file": {"kind": "jsonl", "path": "alerts.jsonl"}},
}
pytestmark = [pytest.mark.servers, pytest.mark.prism, pytest.mark.slow]
# The name of a run and what `run` is to be told in; its config out.
Stream = Callable[..., Path]


@pytest.fixture(scope="module")
def news() -> Recorded:
    return recorded(ARTICLES)


@pytest.fixture
def stream(news: Recorded, kafka_brokers: str, elastic_url: str, prefix: str, topic: Any, tmp_path: Path) -> Stream:
    """All records from a new topic of four partitions, folded by four shards."""

    def run(name: str, *args: str) -> Path:
        (tmp_path / name).mkdir()
        ends = kafka_brokers, topic(partitions=PARTITIONS), elastic_url, f"{prefix}-{name}"
        return streamed(tmp_path / name, news, *ends, *args, limit_s=1500, dedupe={"shards": SHARDS}, alerts=ALERTS)

    return run


def test_real_news_on_prism_on_flink_and_in_the_embedded_index(
    news: Recorded, stream: Stream, flink: Flink, tmp_path: Path
) -> None:
    (tmp_path / "in.jsonl").write_bytes(b"\n".join(value for _, value in news.records) + b"\n")
    embedded = configure(tmp_path, [{"kind": "files", "path": "in.jsonl"}], alerts=ALERTS)
    command(embedded, "run", "--quiet", timeout=900)
    expected = exported(embedded)
    assert expected.keys() == news.ids
    watched(embedded, expected)

    for name, args in (("prism", []), ("flink", flink.options())):
        config = stream(name, *args)
        documents = exported(config)
        same(documents, expected)
        refused(config, news)
        watched(config, documents)
    print(f"began again: {[job for job in flink.jobs() if flink.restarted(job)] or 'never'}")


def same(found: dict[str, dict[str, Any]], expected: dict[str, dict[str, Any]]) -> None:
    """The same articles, stories, roles and originals; failing, only what differs is shown."""
    assert found.keys() == expected.keys()
    told, wanted = outcome(found), outcome(expected)
    assert {name: (told[name], placed) for name, placed in wanted.items() if told[name] != placed} == {}
    for name, document in expected.items():
        assert {part: found[name][part] for part in PARTS} == {part: document[part] for part in PARTS}, name


def watched(config: Path, documents: dict[str, dict[str, Any]]) -> None:
    """Each story that meets a rule was alerted, and once. The documents being the same in all runs, so are these. What
    is alerted beside them met a rule for a time, before its story parted: that hangs on who came first."""
    raised, due = alerts(config, documents), alertable(config, documents)
    assert len(due) > 100
    assert due - raised == set()
    print(f"{len(due)} alerts due, {len(raised - due)} of what was so for a time")


def refused(config: Path, news: Recorded) -> None:
    """All garbage is in the letters, once, with where it came from."""
    letters = [json.loads(line) for line in (config.parent / "dead.jsonl").read_text().splitlines()]
    assert len(letters) == len({letter["id"] for letter in letters}) == news.garbage
    for letter in letters:
        assert {"topic", "partition", "offset", "value"} <= letter["input"].keys(), letter
