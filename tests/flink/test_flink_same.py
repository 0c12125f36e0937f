"""The same graph and config on Flink, with workers in two processes, and on Prism: the same articles, stories, roles,
originals and alerts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from pipeline.newsroom import expected
from tests.graph.test_newsroom_run import alerted_once, compare, newsroom
from tests.kafka_elastic.recorded import recorded, streamed
from tests.running import ROOT, answer, command, exported, outcome
from tests.servers.flink_server import Flink

ARTICLES, PARTITIONS, SHARDS = 14_000, 4, 4
PARTS = ("title", "body", "language", "published", "revision", "wire", "entities", "topics")
ALERTS = {
    "rules": str(ROOT / "pipeline" / "newsroom" / "rules.yaml"),
    "channels": {"file": {"kind": "jsonl", "path": "alerts.jsonl"}},
}
pytestmark = [pytest.mark.servers, pytest.mark.prism, pytest.mark.slow]


def alerts(config: Path) -> set[tuple[str, frozenset[str]]]:
    """Each alert's rule and the articles of its story, as no id of a story or alert is the same in two runs."""
    documents = exported(config)
    stories: dict[str, set[str]] = {}
    for name, document in documents.items():
        for story in (document["story"]["id"], *document["story"]["merged_from"]):
            stories.setdefault(story, set()).add(name)
    found = answer(config, "alerts", "--limit", "100000")
    pairs = [(alert["rule"], alert["story_id"]) for alert in found]
    assert len(pairs) == len(set(pairs)) == len({alert["id"] for alert in found})
    return {(rule, frozenset(stories[story])) for rule, story in pairs}


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    (tmp_path / "flink").mkdir()
    (tmp_path / "prism").mkdir()
    return tmp_path / "flink", tmp_path / "prism"


def test_the_sample_newsroom(flink: Flink, elastic_url: str, prefix: str, folders: tuple[Path, Path]) -> None:
    configs = []
    for folder, args in zip(folders, (flink.options(), []), strict=True):
        index = {"kind": "elasticsearch", "url": elastic_url, "prefix": f"{prefix}-{folder.name}"}
        config = newsroom(folder, "90s", index=index, dedupe={"shards": SHARDS})
        said = command(config, "run", *args, timeout=400).stderr
        assert f"Runner: {'FlinkRunner' if args else 'PrismRunner'}, streaming" in said
        compare(config, expected())
        alerted_once(config)
        configs.append(config)
    on_flink, on_prism = (exported(config) for config in configs)
    assert on_flink.keys() == on_prism.keys()
    assert outcome(on_flink) == outcome(on_prism)
    assert alerts(configs[0]) == alerts(configs[1])


@pytest.mark.skipif(
    not os.environ.get("NEWS_FLINK_RECORDED"),
    reason="open: with four shards 8 of 14,000 articles differ (docs/flink.md); NEWS_FLINK_RECORDED=1 runs it",
)
def test_recorded_news_through_kafka(
    flink: Flink, kafka_brokers: str, elastic_url: str, prefix: str, topic: Any, folders: tuple[Path, Path]
) -> None:
    news, configs = recorded(ARTICLES), []
    for folder, args in zip(folders, (flink.options(), []), strict=True):
        ends = kafka_brokers, topic(partitions=PARTITIONS), elastic_url, f"{prefix}-{folder.name}"
        config = streamed(folder, news, *ends, *args, limit_s=1500, dedupe={"shards": SHARDS}, alerts=ALERTS)
        configs.append(config)
    print(f"began again: {[job for job in flink.jobs() if flink.restarted(job)] or 'never'}")
    on_flink, on_prism = (exported(config) for config in configs)
    assert on_flink.keys() == on_prism.keys() == news.ids
    assert outcome(on_flink) == outcome(on_prism)
    for name, document in on_prism.items():
        assert {part: on_flink[name][part] for part in PARTS} == {part: document[part] for part in PARTS}, name
    assert alerts(configs[0]) == alerts(configs[1])
    letters = [sorted((config.parent / "dead.jsonl").read_text().splitlines()) for config in configs]
    assert len(letters[0]) == len(letters[1]) == news.garbage
