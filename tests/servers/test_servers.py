"""The servers that tests and developers use: a real start, kill, pause and new start of each."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from kafka import KafkaConsumer, KafkaProducer

from tests.running import ROOT
from tests.servers import parts
from tests.servers.elastic_server import Elastic
from tests.servers.fixtures import missing
from tests.servers.kafka_server import Kafka
from transforms.errors import MissingPart


def started(kind: type[Any]) -> Any:
    try:
        server = kind()
        server.start()
    except MissingPart as error:
        missing(error)
    return server


@pytest.mark.servers
@pytest.mark.slow
def test_elasticsearch_keeps_its_data_over_kill_and_pause() -> None:
    server = started(Elastic)
    try:
        httpx.put(f"{server.url}/kept/_doc/1", json={"kept": True}, timeout=30, trust_env=False).raise_for_status()
        server.pause()
        with pytest.raises(httpx.TimeoutException):
            httpx.get(server.url, timeout=0.5, trust_env=False)
        server.resume()
        assert server.answers()
        server.kill9()
        with pytest.raises(httpx.ConnectError):
            httpx.get(server.url, timeout=0.5, trust_env=False)
        server.restart()
        assert httpx.get(f"{server.url}/kept/_doc/1", timeout=30, trust_env=False).json()["_source"] == {"kept": True}
        if os.geteuid() == 0:
            assert Path(f"/proc/{server.pid}").stat().st_uid != 0
    finally:
        server.close()
    assert not server.folder.exists()


@pytest.mark.servers
@pytest.mark.slow
def test_kafka_keeps_its_records_over_a_kill() -> None:
    server = started(Kafka)
    try:
        producer = KafkaProducer(bootstrap_servers=server.brokers)
        producer.send("kept", b"a record").get(30)
        producer.close()
        server.kill9()
        server.restart()
        consumer = KafkaConsumer("kept", bootstrap_servers=server.brokers, auto_offset_reset="earliest",
                                 consumer_timeout_ms=20_000)  # fmt: skip
        assert next(consumer).value == b"a record"
        consumer.close()
        told = server.tool("org.apache.kafka.tools.TopicCommand", "--list")
        assert "kept" in told.split()
    finally:
        server.close()


CHILD = """
import sys
from tests.servers.kafka_server import Kafka
server = Kafka()
server.launch()
print(server.pid, server.folder, flush=True)
sys.stdin.read()
"""


@pytest.mark.servers
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_a_server_ends_with_the_test_run_that_is_killed(tmp_path: Path) -> None:
    try:
        parts.fetched(parts.KAFKA, print)
    except MissingPart as error:
        missing(error)
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert child.stdout is not None
    pid = int(child.stdout.readline().split()[0])
    child.send_signal(signal.SIGKILL)
    child.wait(10)
    until = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize(("absent", "words"), [("mvn", "needs Maven"), ("java", "Java 21 or newer is needed")])
def test_what_is_missing_is_named(
    absent: str, words: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.servers.__main__ import main

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["servers", "get"])
    if absent == "mvn":
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(parts, "java", lambda _: tmp_path)
    else:
        monkeypatch.setattr(parts, "fetched", lambda *_: tmp_path)
        monkeypatch.setattr(parts, "_version", lambda _: 17)
    assert main() == 3
    assert words in capsys.readouterr().err


def test_a_java_is_chosen_by_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder, version in (("a", "1.8.0_442"), ("b", "17.0.1"), ("c", "25.0.1"), ("d", "21.0.9"), ("e", "nonsense")):
        program = tmp_path / folder / "bin" / "java"
        program.parent.mkdir(parents=True)
        program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-01-01' >&2\n")
        program.chmod(0o755)
    monkeypatch.setattr(parts, "_homes", lambda: sorted(tmp_path.iterdir()))
    assert parts.java(21).name == "d"
    assert parts.java(17).name == "b"
    with pytest.raises(MissingPart, match="Java 26"):
        parts.java(26)


def test_the_state_of_a_stranger_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pid that another process has by now is not ended."""
    from tests.servers import developer

    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    try:
        state = tmp_path / "servers.json"
        state.write_text(json.dumps({"kafka": {"pid": stranger.pid, "born": "12", "port": 1, "log": "-"}}))
        monkeypatch.setattr(developer, "STATE", state)
        assert developer.stop(print) == 0
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()
