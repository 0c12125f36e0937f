"""Fourteen thousand real articles through Kafka and the whole graph on Prism into Elasticsearch, and the same into the
embedded index: the same documents, stories and roles; all garbage in the letters; all offsets committed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.kafka_elastic.recorded import Recorded, recorded, streamed
from tests.running import command, configure, exported, outcome

ARTICLES, PARTITIONS = 14_000, 4
pytestmark = [pytest.mark.servers, pytest.mark.prism, pytest.mark.slow]


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
    config = streamed(tmp_path, news, kafka_brokers, topic(partitions=PARTITIONS), elastic_url, prefix)

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
