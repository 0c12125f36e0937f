"""The flex template's launcher with a real Elasticsearch, and how a worker on Dataflow comes by its secrets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.check import tools
from deploy.check.dataflow import CLOUD, IMAGE, wheel
from deploy.check.dataflow_probe import module_of
from pipeline.config import read
from pipeline.google_secrets import load, places
from pipeline.servers import server_of, set_up
from tests.running import ROOT, configure
from transforms.elastic.lease import lease
from transforms.errors import DataError, MissingPart

LAUNCHER = ROOT / "deploy" / "dataflow" / "launch.py"
PLACE = "projects/example-project/secrets/elastic/versions/3"
# What is sent is made and not sent.
DRY = ("--dry_run=True", "--no_auth")


def launched(config: Path, *more: str, fails: int = 0) -> str:
    """The launcher as the template runs it, but for Dataflow itself; what it said."""
    try:
        python = tools.python_of(ROOT / "deploy" / "image" / "requirements-dataflow.lock")
    except MissingPart as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(str(error))
    installed = config.parent / "installed"
    if not installed.exists():
        wheel(ROOT, config.parent)
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "GOOGLE", "NEWS"))}
    arguments = [*CLOUD, f"--sdk_container_image={IMAGE}", f"--config={config}", *DRY, *more]
    done = subprocess.run(
        [python, str(LAUNCHER), *arguments], cwd=config.parent, env={**bare, "PYTHONPATH": str(installed)},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == fails, f"{done.stdout[-1000:]}\n{done.stderr[-3000:]}"
    return done.stderr


def configured(folder: Path, url: str, prefix: str, **more: Any) -> Path:
    source = {"kind": "kafka", "brokers": ["127.0.0.1:9"], "topics": ["news"], "group": prefix}
    return configure(folder, [source], index={"kind": "elasticsearch", "url": url, "prefix": prefix}, **more)


def holder(url: str, prefix: str) -> dict[str, Any]:
    """Who holds the index."""
    found = httpx.get(f"{url}/{prefix}-meta/_doc/lease", trust_env=False).json()
    return found["_source"]


@pytest.mark.servers
def test_a_launch_ends_and_leaves_the_lease_to_the_job(elastic_url: str, prefix: str, tmp_path: Path) -> None:
    config = configured(tmp_path, elastic_url, prefix)
    launched(config)
    held = holder(elastic_url, prefix)
    # Not given back, as it is by whoever ends with what it held: until 0.
    assert (held["place"], held["until"] > 0) == ("a cluster", True)
    # An update asks Dataflow for the job that it replaces, so it is not made here, but for whose lease it goes on with.
    launch = module_of(str(LAUNCHER))
    assert launch.holder_of(read(config), update=True).owner == held["owner"]
    assert launch.holder_of(read(config), update=False).owner != held["owner"]


@pytest.mark.servers
def test_a_launch_beside_another_pipeline_is_refused(elastic_url: str, prefix: str, tmp_path: Path) -> None:
    config = configured(tmp_path, elastic_url, prefix)
    set_up(read(config))
    with lease(server_of(read(config))):
        assert "another pipeline runs" in launched(config, fails=1)


def test_what_no_job_elsewhere_can_have_is_refused(tmp_path: Path) -> None:
    source = {"kind": "rss", "url": "https://wire.example/feed.xml"}
    assert "on a cluster write elasticsearch" in launched(configure(tmp_path, [source]), fails=1)
    terminal = configured(tmp_path, "http://127.0.0.1:9", "news", alerts={"channels": {"here": {"kind": "terminal"}}})
    assert "alerts.channels.here: a job that nobody follows has no terminal" in launched(terminal, fails=1)


def test_secrets_are_fetched_by_their_places(monkeypatch: pytest.MonkeyPatch) -> None:
    other = PLACE.replace("elastic", "kafka")
    monkeypatch.delenv("TEST_ELASTIC", raising=False)
    monkeypatch.setenv("TEST_KAFKA", "as it was")
    load(f"TEST_ELASTIC={PLACE}, TEST_KAFKA={other}", lambda place: f"from {place}")
    assert os.environ["TEST_ELASTIC"] == f"from {PLACE}"
    assert os.environ["TEST_KAFKA"] == "as it was"
    monkeypatch.delenv("TEST_ELASTIC")


@pytest.mark.parametrize("text", ["ELASTIC", "ELASTIC=swordfish", f"={PLACE}", f"A={PLACE} B={PLACE}", "A=projects/p"])
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="write NAME=projects/PROJECT"):
        places(text)


@pytest.mark.parametrize("form", ["dataflow", "portable"])
def test_a_worker_looks_for_its_secrets_when_it_starts(form: str) -> None:
    """In the environment of a worker, with its options as each kind of runner gives them."""
    told = f"TEST_SECRET={PLACE}"
    options = {"options": {"secrets": told}} if form == "dataflow" else {"beam:option:secrets:v1": told}
    # As if Google's library were there, and answered.
    script = (
        "import sys, types; manager = types.ModuleType('google.cloud.secretmanager')\n"
        "class Client:\n"
        "    def access_secret_version(self, name):\n"
        "        data = types.SimpleNamespace(data=('from ' + name).encode())\n"
        "        return types.SimpleNamespace(payload=data)\n"
        "manager.SecretManagerServiceClient = Client\n"
        "sys.modules['google.cloud.secretmanager'] = manager\n"
        "import pipeline.google_secrets, os; print(os.environ['TEST_SECRET'])"
    )
    worker = {"CONTROL_API_SERVICE_DESCRIPTOR": 'url: "localhost:1"', "PIPELINE_OPTIONS": json.dumps(options)}
    done = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, **worker}, cwd=ROOT, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert done.stdout.strip() == f"from {PLACE}", done.stderr[-2000:]
