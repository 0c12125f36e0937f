"""What is asked of Flink, and what is said where it is not there or cannot be used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from apache_beam.options.pipeline_options import FlinkRunnerOptions, PortableOptions, WorkerOptions

from pipeline.flink import defaults
from pipeline.flink.cluster import Cluster
from pipeline.flink.given import remote
from tests.running import command, configure
from tests.servers.process import free_port

FEED = [{"kind": "rss", "url": "http://127.0.0.1:9/feed.xml"}]
ELASTIC = {"kind": "elasticsearch", "url": "http://127.0.0.1:9", "prefix": "none"}


def test_our_defaults_hold_where_nothing_is_said() -> None:
    found = defaults.options([], bounded=False)
    assert found.view_as(FlinkRunnerOptions).parallelism == defaults.PARALLELISM
    assert found.view_as(WorkerOptions).max_cache_memory_usage_mb == 256
    portable = found.view_as(PortableOptions)
    assert portable.environment_type == "PROCESS"
    assert Path(json.loads(portable.environment_config)["command"]).is_file()


def test_an_option_of_the_command_line_wins() -> None:
    said = ["--parallelism=7", "--max_cache_memory_usage_mb=9", "--environment_type=EXTERNAL",
            "--environment_config=pool:50000"]  # fmt: skip
    found = defaults.options(said, bounded=False)
    assert found.view_as(FlinkRunnerOptions).parallelism == 7
    assert found.view_as(WorkerOptions).max_cache_memory_usage_mb == 9
    assert found.view_as(PortableOptions).environment_config == "pool:50000"


def test_a_loopback_has_no_config_of_ours() -> None:
    found = defaults.options(["--environment_type=LOOPBACK"], bounded=False)
    assert found.view_as(PortableOptions).environment_config is None
    assert not remote(["--environment_type=LOOPBACK"])
    assert remote([])


def test_a_bounded_run_takes_no_checkpoints() -> None:
    streamed, bounded = defaults.defaults(False), defaults.defaults(True)
    assert any(word.startswith("--checkpointing_interval") for word in streamed)
    assert not any("checkpoint" in word for word in bounded)


def test_each_run_has_a_name_by_which_its_job_is_found() -> None:
    first, second = (word for _ in range(2) for word in defaults.defaults(False) if word.startswith("--job_name="))
    assert first != second


def test_a_cluster_that_is_away_is_not_there_and_tells_nothing() -> None:
    away = Cluster(f"127.0.0.1:{free_port()}")
    assert not away.there()
    assert away.state("x") is None
    assert away.jobs("x") == {}


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ([], "make flink"),
        (["--flink_master=127.0.0.1:9"], "no Flink answers at 127.0.0.1:9"),
        (["--flink_master=127.0.0.1:9", "--job_endpoint=127.0.0.1:9"], "no job server answers at 127.0.0.1:9"),
    ],
)
def test_a_missing_cluster_is_exit_3_with_a_remedy(args: list[str], words: str, tmp_path: Path) -> None:
    config = configure(tmp_path, FEED)
    failed = command(config, "run", "--runner", "FlinkRunner", "--environment_type=LOOPBACK", *args, fails=3)
    assert words in failed.stderr
    assert "make flink" in failed.stderr


def test_a_file_is_no_index_for_a_cluster(tmp_path: Path) -> None:
    config = configure(tmp_path, FEED)
    failed = command(config, "run", "--runner", "FlinkRunner", "--flink_master=127.0.0.1:9", fails=2)
    assert "index.kind" in failed.stderr
    assert "elasticsearch" in failed.stderr


def test_who_does_not_follow_has_no_terminal(tmp_path: Path) -> None:
    alerts = {"channels": {"screen": {"kind": "terminal"}}}
    config = configure(tmp_path, FEED, index=ELASTIC, alerts=alerts)
    failed = command(config, "run", "--runner", "FlinkRunner", "--detach", fails=2)
    assert "alerts.channels.screen" in failed.stderr


def test_only_a_job_on_a_cluster_is_left_to_itself(tmp_path: Path) -> None:
    failed = command(configure(tmp_path, FEED), "run", "--detach", fails=2)
    assert "--runner FlinkRunner" in failed.stderr
