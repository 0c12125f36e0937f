"""A worker outside the submitting process runs the graph from the built package alone."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from pipeline.flink.defaults import WORKER
from tests.installed import install
from tests.running import ROOT, command, configure, exported, write_lines
from tests.servers.flink_server import Flink

pytestmark = [pytest.mark.servers, pytest.mark.slow]
BARE = {"PYTHONPATH": "", "PYTHONSAFEPATH": "1", "NEWS_CONFIG": ""}
RIVER = (
    "The river commission of Ardelia opened the upper dam on Tuesday after three days of rain, and asked the villages "
    "below it to move their herds to higher ground. Engineers expect the level to fall again before the week is over."
)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of a fresh environment with the locked dependencies and the built wheel, and nothing of ours."""
    folder = tmp_path_factory.mktemp("installed")
    found = install(folder, ROOT / "requirements.lock")
    where = "import pipeline, transforms; print(pipeline.__file__, transforms.__file__)"
    told = subprocess.run(
        [found / "python", "-c", where],
        cwd=folder,
        env={**os.environ, **BARE},
        capture_output=True,
        text=True,
        check=True,
    )
    first, second = told.stdout.split()
    assert first.startswith(str(folder / "venv"))
    assert second.startswith(str(folder / "venv"))
    return found


def test_a_worker_needs_the_wheel_and_no_more(
    installed: Path, flink: Flink, elastic_url: str, prefix: str, tmp_path: Path
) -> None:
    copy = {"url": "https://blog.example/dam", "title": "Dam open", "body": RIVER, "published": "2026-11-24T09:00:00Z"}
    wire = {**copy, "url": "https://wire.example/dam", "title": "Upper dam opened", "published": "2026-11-24T08:00:00Z"}
    write_lines(tmp_path / "in.jsonl", [copy, wire, {"url": "https://blog.example/empty"}])
    index = {"kind": "elasticsearch", "url": elastic_url, "prefix": prefix}
    config = configure(tmp_path, [{"kind": "files", "path": "in.jsonl"}], index=index)
    place = json.dumps({"command": str(installed / WORKER), "env": BARE})
    command(config, "run", *flink.options(), "--environment_type=PROCESS", f"--environment_config={place}", timeout=400)
    stories = {document["url"]: document["story"] for document in exported(config).values()}
    assert stories["https://wire.example/dam"]["role"] == "original"
    assert stories["https://blog.example/dam"]["role"] == "repost"
    assert len((tmp_path / "dead.jsonl").read_text().splitlines()) == 1
