"""What the manifests say is run here as processes: the pool of workers, the submission and the leftover's end, with the
image's packages, on a real Flink. Only addresses differ."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.installed import install
from tests.kafka_source.kafka_jobs import send
from tests.running import ROOT, answer, configure
from tests.servers import parts
from tests.servers.fixtures import missing
from tests.servers.flink_server import Flink
from tests.servers.process import free_port
from transforms.errors import MissingPart

pytestmark = [pytest.mark.servers, pytest.mark.slow]
BASE = ROOT / "deploy" / "kubernetes" / "base"
TEXT = (
    "The harbour council of Lerna voted on Monday to dredge the northern channel before winter, and to pay for it by a "
    "levy on container ships that the ports of Ardelia have asked for since the storm of last spring."
)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of what the image holds: its lock, and the wheel."""
    return install(tmp_path_factory.mktemp("image"), ROOT / "deploy" / "image" / "requirements.lock")


def container(file: str, kind: str, *path: str, name: str) -> dict[str, Any]:
    """A container of a manifest."""
    (found,) = [one for one in yaml.safe_load_all((BASE / file).read_text("utf-8")) if one["kind"] == kind]
    for key in path:
        found = found[key]
    (one,) = [one for one in [*found.get("initContainers", ()), *found["containers"]] if one["name"] == name]
    return one


def words(of: dict[str, Any], image: Path, addresses: dict[str, str]) -> list[str]:
    """A container's command here: the image's programs, and addresses of this machine."""
    places = {**addresses, "/opt/news-monitor/bin": str(image)}
    text = "\n".join([*of["command"], *of["args"]])
    for there, here in places.items():
        text = text.replace(there, here)
    program, *rest = text.split("\n")
    return [str(image / program), *rest]


@pytest.fixture
def environment(image: Path, tmp_path: Path) -> dict[str, str]:
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "NEWS"))}
    return {**bare, "PATH": f"{image}:{bare['PATH']}", "NEWS_CONFIG": str(tmp_path / "config.yaml")}


@pytest.fixture
def pool(image: Path, environment: dict[str, str], tmp_path: Path) -> Iterator[int]:
    """The port of a running pool of workers."""
    port = free_port()
    of = container("flink.yaml", "FlinkDeployment", "spec", "taskManager", "podTemplate", "spec", name="workers")
    command = words(of, image, {"50000": str(port)})
    with (tmp_path / "pool.log").open("wb") as log:
        process = subprocess.Popen(
            command, env=environment, cwd=tmp_path, stdout=log, stderr=log, start_new_session=True
        )
    yield port
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)


def test_the_manifests_run_as_they_stand(
    image: Path, environment: dict[str, str], pool: int, flink: Flink, elastic_url: str, kafka_brokers: str,
    prefix: str, topic: Any, tmp_path: Path,
) -> None:  # fmt: skip
    news = topic(partitions=2)
    index = {"kind": "elasticsearch", "url": elastic_url, "prefix": prefix}
    source = {"kind": "kafka", "brokers": [kafka_brokers], "topics": [news], "group": prefix}
    config = configure(tmp_path, [source], index=index, dedupe={"shards": 2})
    addresses = {
        "http://news-monitor-rest:8081": flink.rest,
        "news-monitor-rest:8081": flink.rest.removeprefix("http://"),
        "jobserver:8099": flink.endpoint,
        "localhost:50000": f"localhost:{pool}",
        "/opt/leftover/leftover.py": str(BASE / "leftover.py"),
    }
    place = ("Job", "spec", "template", "spec")
    submit = words(container("pipeline.yaml", *place, name="pipeline"), image, addresses)
    # The job server of the tests chooses the port of its artifacts, and tells it.
    submit = [word for word in submit if not word.startswith("--artifact_endpoint")]
    leftover = words(container("pipeline.yaml", *place, name="leftover"), image, addresses)

    def run(command: list[str]) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
        )
        log = (tmp_path / "pool.log").read_text()[-3000:]
        assert done.returncode == 0, f"{done.stdout[-1500:]}\n{done.stderr[-3000:]}\n{log}"
        return done

    assert "cancelling" not in run(leftover).stdout
    run(submit)
    job = flink.running()
    wire = {
        "url": "https://wire.example/channel",
        "title": "Council votes to dredge",
        "body": f"LERNA (Reuters) - {TEXT}",
    }
    copy = {"url": "https://blog.example/channel", "title": "They will dredge!", "body": TEXT}
    first, then = {"published": "2026-11-24T08:00:00Z"}, {"published": "2026-11-24T08:40:00Z"}
    send(kafka_brokers, news, [json.dumps({**wire, **first}).encode()], 0)
    send(kafka_brokers, news, [json.dumps({**copy, **then}).encode(), b"no article"], 1)

    def roles() -> dict[str, str]:
        return {article["url"]: article["story"]["role"] for article in answer(config, "export")}

    until, told = time.monotonic() + 120, {}
    while time.monotonic() < until and len(told := roles()) < 2:
        time.sleep(1)
    log = (tmp_path / "pool.log").read_text()[-3000:]
    assert told == {wire["url"]: "original", copy["url"]: "repost"}, log
    assert "cancelling" in run(leftover).stdout
    assert flink.status(job) == "CANCELED"
    assert len((tmp_path / "dead.jsonl").read_text().splitlines()) == 1


def test_flink_knows_each_setting() -> None:
    """It passes over what it does not know, so that a slip would change nothing and say nothing."""
    try:
        jars = parts.flink(lambda _: None)
    except MissingPart as error:
        missing(error)
    deployment = yaml.safe_load((BASE / "flink.yaml").read_text("utf-8"))["spec"]
    compose = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text("utf-8"))
    settings = {*deployment["flinkConfiguration"], *yaml.safe_load(compose["x-flink-properties"]), "no.such-setting"}
    with zipfile.ZipFile(next(jars.glob("flink-dist*.jar"))) as jar:
        options = b"".join(jar.read(name) for name in jar.namelist() if name.endswith("Options.class"))
    assert {name for name in settings if name.encode() not in options} == {"no.such-setting"}
