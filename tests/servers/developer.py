"""The servers of `make servers`: started once, found again by a file beside the clone's other data."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from kafka import KafkaProducer

from tests.running import ROOT
from tests.servers import parts
from tests.servers.elastic_server import Elastic
from tests.servers.kafka_server import Kafka
from tests.servers.process import DOWN_S, Process, free_port, is_free
from transforms.errors import MissingPart

Say = Callable[[str], None]
STATE = ROOT / "data" / "servers.json"
KINDS: dict[str, tuple[type[Process], int]] = {"kafka": (Kafka, 9092), "elasticsearch": (Elastic, 9200)}
CONFIG = """
In config.local.yaml:

sources:
  - {{kind: kafka, brokers: ["{kafka}"], topics: [news], group: news}}
index: {{kind: elasticsearch, url: "http://{elasticsearch}", prefix: news}}
"""


def get(say: Say) -> int:
    """Get all, Flink included; nothing is started."""
    parts.java(parts.KAFKA_JAVA)
    parts.fetched(parts.KAFKA, say)
    parts.java(parts.ELASTIC_JAVA)
    parts.unpacked(say)
    parts.flink(say)
    parts.fetched(parts.JOB_SERVER, say)
    return 0


def start(say: Say) -> int:
    """Both run when this returns."""
    with state() as known:
        begun = []
        for name, (kind, usual) in KINDS.items():
            if lives(known.get(name)):
                continue
            former = known.get(name, {}).get("port", usual)
            port = next((port for port in (former, usual) if is_free(port)), None) or free_port()
            server = kind(port, folder(name), tied=False, say=say)
            server.launch()
            known[name] = {"pid": server.pid, "born": born(server.pid), "port": port, "log": str(server.log)}
            begun.append(server)
        for server in begun:
            say(f"starting {server.name} on port {server.port}")
            server.await_answer()
        _tell(known, say)
    return 0


def stop(say: Say) -> int:
    """Ends what `start` started."""
    with state() as known:
        for name in KINDS:
            if name in known:
                end(name, known[name], say)
    return 0


def end(name: str, found: dict[str, Any], say: Say) -> None:
    """End a server that was started, if it is still that one."""
    if not lives(found):
        say(f"{name} does not run")
        return
    for number, patience in ((signal.SIGTERM, DOWN_S), (signal.SIGKILL, DOWN_S)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(found["pid"], number)
        if _gone_within(found, patience):
            break
    say(f"{name} has ended")


def status(say: Say) -> int:
    """0 where both run."""
    with state() as known:
        for name in KINDS:
            here = lives(known.get(name))
            say(f"{name}: {'runs on port ' + str(known[name]['port']) if here else 'does not run; `make servers`'}")
        if all(lives(known.get(name)) for name in KINDS):
            _tell(known, say)
            return 0
    return 1


def send(topic: str, lines: Iterable[bytes], say: Say) -> int:
    """Each line that is not blank becomes a record of the topic. Raises MissingPart where Kafka does not run."""
    with state() as known:
        found = known.get("kafka")
    if not lives(found):
        raise MissingPart("Kafka does not run; `make servers` starts it")
    brokers = f"127.0.0.1:{found['port']}"
    producer = KafkaProducer(bootstrap_servers=brokers, acks="all", allow_auto_create_topics=True)
    try:
        sent = [producer.send(topic, line.strip()) for line in lines if line.strip()]
        for one in sent:
            one.get(timeout=30)
    finally:
        producer.close()
    say(f"{len(sent)} records sent to {topic} at {brokers}")
    return 0


@contextlib.contextmanager
def state() -> Iterator[dict[str, Any]]:
    """What was started, by name, to be changed; one command at a time."""
    STATE.parent.mkdir(parents=True, exist_ok=True)
    with STATE.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            known = json.loads(STATE.read_text())
        except (OSError, ValueError):
            known = {}
        try:
            yield known
        finally:
            part = STATE.with_suffix(".part")
            part.write_text(json.dumps(known, indent=1))
            part.replace(STATE)


def folder(name: str) -> Path:
    """Where its data stays. As root not in the clone: nobody, who runs Elasticsearch, may not be able to look there."""
    if os.geteuid() != 0:
        return STATE.parent / "servers" / name
    clone = hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]
    return parts.ours() / f"data-{clone}" / name


def _tell(known: dict[str, Any], say: Say) -> None:
    say(CONFIG.format(**{name: f"127.0.0.1:{known[name]['port']}" for name in KINDS}).rstrip())
    say(f"\nTheir words: {', '.join(known[name]['log'] for name in KINDS)}. `make servers-stop` ends them.")


def born(pid: int) -> str | None:
    """When a process began, as the kernel or `ps` tells: with it a pid names one process, ever."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        import subprocess

        told = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return told.stdout.strip() or None


def lives(found: dict[str, Any] | None) -> bool:
    """Whether what was started still runs."""
    return bool(found) and found["born"] is not None and born(found["pid"]) == found["born"] and not _dead(found["pid"])


def _dead(pid: int) -> bool:
    """Whether only its entry is left: a child of this very process that ended."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return False


def _gone_within(found: dict[str, Any], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not lives(found):
            return True
        time.sleep(0.1)
    return False
