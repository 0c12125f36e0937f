"""`health`: what it says of runs that are well, stopped, killed, away, behind; and that it only looks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.healthcheck import Limits, Seen, judge
from tests.running import answer, command, configure, environment, write_lines
from transforms.elastic.client import ElasticSpec, Server
from transforms.elastic.feeds import report
from transforms.records import Json, rfc3339, seconds

NOW = seconds("2026-11-23T12:00:00Z") or 0
CASES = yaml.safe_load((Path(__file__).parent / "cases" / "health.yaml").read_text("utf-8"))


def told(lag: int, dead: int = 0, waiting: str | None = None, epoch: int = 1) -> Json:
    pipeline = {"epoch": epoch, "lag": lag, "dead_letters": dead, "waiting": waiting}
    return {"news": {"pipeline": pipeline}}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_judgement(case: dict[str, Any]) -> None:
    reports = [told(lag, case.get("dead", 0), case.get("waiting")) for lag in case.get("lag", [])]
    feeds = {}
    for number, feed in enumerate(case.get("feeds", [])):
        times = {
            name: 1000 * (NOW + feed.get(key, 0))
            for key, name in (("due", "next_due_ms"), ("requested", "requested_ms"))
        }
        feeds[f"feed:{number}"] = {**feed, **times}
    at = None if case["at"] is None else NOW + case["at"]
    found = judge(Seen(at, reports, feeds, case.get("away"), case.get("gone")), Limits(**case.get("limits", {})), NOW)
    assert len(found) == len(case["reasons"]), found
    for reason, words in zip(found, case["reasons"], strict=True):
        assert words in reason
        assert "\x1b" not in reason


def test_a_lag_that_grew_in_a_former_run_is_no_lag_that_grows() -> None:
    reports = [told(n * 500, epoch=1 if n < 4 else 2) for n in range(8)]
    assert not judge(Seen(NOW, reports), Limits(), NOW)


@contextmanager
def streaming(config: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A stream in its own process, from when it tells of itself."""
    with (config.parent / "run.log").open("wb") as log, subprocess.Popen(
        [sys.executable, "-m", "pipeline", "run", "--quiet"], cwd=config.parent, env=environment(config),
        stdout=log, stderr=log,
    ) as process:  # fmt: skip
        try:
            until = time.monotonic() + 120
            while not (config.parent / "health.json").exists():
                assert process.poll() is None, (config.parent / "run.log").read_text("utf-8")
                assert time.monotonic() < until
                time.sleep(0.1)
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()


def state(folder: Path) -> dict[str, tuple[int, int]]:
    """What is in a folder; but for SQLite's shared memory, in which every reader leaves a mark."""
    files = [path for path in folder.iterdir() if path.is_file() and not path.name.endswith("-shm")]
    return {path.name: (path.stat().st_mtime_ns, path.stat().st_size) for path in files}


def unwell(config: Path, *args: str, code: int = 1) -> str:
    done = command(config, "health", *args, fails=code)
    return done.stdout + done.stderr


@pytest.mark.prism
@pytest.mark.slow
def test_a_stream_into_the_embedded_index(tmp_path: Path) -> None:
    config = configure(tmp_path, [{"kind": "rss", "url": "http://127.0.0.1:9/feed.xml", "interval": "1s"}],
                       fetch={"allow_addresses": ["127.0.0.0/8"]})  # fmt: skip
    assert "no pipeline has run here" in unwell(config, code=3)
    assert "no pipeline has run here" in unwell(config, "--live", code=3)
    assert not (tmp_path / "news.db").exists(), "looking made an index"
    with streaming(config) as process:
        assert "Well" in command(config, "health", "--live").stdout
        until = time.monotonic() + 60
        while "all 1 feeds fail" not in (said := command_output(config)):
            assert time.monotonic() < until, said
        process.send_signal(signal.SIGSTOP)
        time.sleep(2.5)
        before = state(tmp_path)
        assert "nothing was heard of it since" in unwell(config, "--live", "--max-age", "1s")
        assert "nothing was heard of it since" in unwell(config, "--max-age", "1s")
        assert state(tmp_path) == before, "looking changed a file"
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait(30)
    for args in ((), ("--live",)):
        assert f"the process {process.pid}, which began at" in unwell(config, *args)


def command_output(config: Path) -> str:
    done = subprocess.run([sys.executable, "-m", "pipeline", "health"], cwd=config.parent, env=environment(config),
                          capture_output=True, text=True, check=False)  # fmt: skip
    return done.stdout


@pytest.mark.prism
def test_a_run_that_ended_in_order_says_so(tmp_path: Path) -> None:
    write_lines(tmp_path / "in.jsonl", [{"url": "https://x.example/1", "title": "One", "body": "A line of text."}])
    config = configure(tmp_path, [{"kind": "files", "path": "in.jsonl"}])
    command(config, "run")
    assert "the pipeline ended at" in unwell(config)
    (report_,) = [json.loads(line) for line in command(config, "health", "--json", fails=1).stdout.splitlines()]
    assert report_["healthy"] is False
    assert report_["report"]["articles"] == 1
    assert "write 90s, 2m or 1h" in unwell(config, "--max-age", "soon", code=2)


@pytest.mark.prism
def test_it_answers_soon(tmp_path: Path) -> None:
    """Two seconds of a processor are what a probe may cost; a machine that is busy takes longer by the clock."""
    config = configure(tmp_path, [{"kind": "files", "path": "in.jsonl"}])
    before = os.times()
    unwell(config, code=3)
    after = os.times()
    assert after.children_user + after.children_system - before.children_user - before.children_system < 2.0


@pytest.mark.servers
@pytest.mark.prism
@pytest.mark.slow
def test_elasticsearch(elastic_url: str, prefix: str, tmp_path: Path) -> None:
    write_lines(tmp_path / "in.jsonl", [{"url": "https://x.example/1", "title": "One", "body": "A line of text."}])
    sources = [{"kind": "files", "path": "in.jsonl"}]
    config = configure(tmp_path, sources, index={"kind": "elasticsearch", "url": elastic_url, "prefix": prefix})
    assert "is not there" in unwell(config, code=3)
    command(config, "run")
    until = time.monotonic() + 30
    while "the pipeline ended at" not in (said := unwell(config)):  # a search sees what was written up to 5 s ago
        assert time.monotonic() < until, said
    # As another machine sees it, which has no file of the run.
    (tmp_path / "health.json").unlink()
    (well,) = answer(config, "health")
    assert well["healthy"] is True
    assert well["report"]["articles"] == 1
    server = Server(ElasticSpec((elastic_url,), prefix))
    epoch = well["report"]["epoch"] + 1
    for number in range(8):
        pipeline = {**well["report"], "epoch": epoch, "lag": 400 * number, "dead_letters": 7}
        event = {"kind": "metric", "module": "news", "dataset": "news.pipeline"}
        at = rfc3339(int(time.time()) + number)
        report(server, {"@timestamp": at, "event": event, "host": {"name": "other"}, "news": {"pipeline": pipeline}})
    server.call("POST", f"/{prefix}-health/_refresh")
    assert "the lag grows: 800, 1200, 1600, 2000, 2400, 2800 records" in unwell(config)
    assert "2800 records of Kafka are not committed; at most 2000 may be" in unwell(config, "--max-lag", "2000")
    assert "7 dead letters; at most 5 may be" in unwell(config, "--max-dead", "5")
    server.close()
    away = configure(tmp_path, sources, index={"kind": "elasticsearch", "url": "http://127.0.0.1:9", "prefix": prefix})
    began = time.monotonic()
    assert "cannot be asked: Elasticsearch at 127.0.0.1:9: connection refused" in unwell(away)
    assert time.monotonic() - began < 20
