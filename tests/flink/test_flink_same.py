"""The same graph and config on Flink, with workers in two processes, and on Prism: the same articles, stories, roles,
originals and alerts. tests/kafka_elastic/test_recorded_run.py compares recorded news."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.newsroom import expected
from tests.graph.test_newsroom_run import alerted_once, compare, newsroom
from tests.running import alerts, command, exported, outcome
from tests.servers.flink_server import Flink

SHARDS = 4
pytestmark = [pytest.mark.servers, pytest.mark.prism, pytest.mark.slow]


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
    assert alerts(configs[0], on_flink) == alerts(configs[1], on_prism)
