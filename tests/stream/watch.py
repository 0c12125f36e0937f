"""The pipeline as a process of its own that can be killed, and a reader that notes when each article can be found."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.running import configure, environment
from tests.stream.feeds import Feeds, Hook
from tests.stream.plan import RULES, Plan
from transforms.deadletters.store import read
from transforms.index.embedded import EmbeddedIndex
from transforms.index.interface import Index, Query

LOOK_S = 0.3
ALL = Query(limit=1_000_000)


def stream_config(folder: Path, feeds: Feeds, hook: Hook) -> Path:
    """A config that reads these feeds and sends alerts to this hook, with all its files in `folder`."""
    (folder / "rules.yaml").write_text(RULES, "utf-8")
    fetch = {"interval": "2s", "allow_addresses": ["127.0.0.0/8"], "hosts": feeds.hosts()}
    channels = {"hook": {"kind": "webhook", "url": hook.url}}
    return configure(folder, feeds.sources(), fetch=fetch, alerts={"rules": "rules.yaml", "channels": channels})


class Running:
    """`python -m pipeline run`, started; what it says goes to a file."""

    def __init__(self, config: Path, number: int = 0) -> None:
        self.said = config.parent / f"run-{number}.log"
        self.began = time.monotonic()
        with self.said.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pipeline", "run"], cwd=config.parent, env=environment(config),
                stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            )  # fmt: skip

    @property
    def text(self) -> str:
        """What it has said so far."""
        return self.said.read_text("utf-8", "replace")

    def ensure_alive(self) -> None:
        """Fail with its last words if it has ended."""
        code = self.process.poll()
        assert code is None, f"it ended with {code}: {self.text[-4000:]}"

    def children(self) -> list[int]:
        """The processes that it started (Linux)."""
        found: list[int] = []
        for task in Path(f"/proc/{self.process.pid}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                found += map(int, task.read_text().split())
        return found

    def kill(self) -> list[int]:
        """`kill -9`; returns the children that are still there five seconds later."""
        children = self.children()
        self.process.kill()
        self.process.wait(10)
        until = time.monotonic() + 5
        while (left := [pid for pid in children if _lives(pid)]) and time.monotonic() < until:
            time.sleep(0.02)
        return left

    def interrupt(self, timeout: float = 60) -> float:
        """Ctrl-C; returns the seconds it took to end. Fails if the exit code is not 0."""
        asked = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(timeout)
        assert code == 0, f"exit {code}: {self.text[-4000:]}"
        return time.monotonic() - asked

    def close(self) -> None:
        """End it whatever it does."""
        if self.process.poll() is None:
            self.kill()


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@contextlib.contextmanager
def started(config: Path, number: int = 0) -> Iterator[Running]:
    """A running pipeline that is ended at the latest with the block."""
    running = Running(config, number)
    try:
        yield running
    finally:
        running.close()


@dataclass
class Watcher:
    """Looks into the index as `search` does and notes when each URL first came up, and whether any came up twice.

    What is to be revised is released once its first text is there.
    """

    path: Path
    plan: Plan
    feeds: Feeds
    seen: dict[str, float] = field(default_factory=dict)
    twice: set[str] = field(default_factory=set)
    looks: int = 0
    slowest: float = 0.0
    _ending: threading.Event = field(default_factory=threading.Event)
    _index: Index | None = None
    _counts: dict[str, int] = field(default_factory=dict)

    @property
    def index(self) -> Index:
        """The index, opened beside the pipeline."""
        if self._index is None:
            self._index = EmbeddedIndex(str(self.path), create=False)
        return self._index

    def look(self) -> None:
        """One look; the moment noted is that of the answer."""
        if not self.path.exists():
            return
        began = time.monotonic()
        with contextlib.suppress(Exception if self._index is None else ()):
            counts = self.index.counts()
            if counts != self._counts:
                self._note(self.index.search(ALL))
                self._counts = counts
        self.looks += 1
        self.slowest = max(self.slowest, time.monotonic() - began)

    def _note(self, found: list[dict[str, Any]]) -> None:
        now = time.monotonic()
        urls = [document["url"] for document in found]
        self.twice.update(url for url in urls if urls.count(url) > 1)
        for url in urls:
            self.seen.setdefault(url, now)
        for url in self.plan.revised:
            if url in self.seen:
                self.feeds.release(url)

    def _loop(self) -> None:
        while not self._ending.wait(LOOK_S):
            self.look()

    def __enter__(self) -> Watcher:
        threading.Thread(target=self._loop, name="watcher", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        time.sleep(LOOK_S)
        if self._index is not None:
            self._index.close()


@dataclass(frozen=True)
class Outcome:
    """What a stream left behind, with all that was noted on the way."""

    config: Path
    plan: Plan
    feeds: Feeds
    watcher: Watcher
    hook: Hook
    said: str
    stopped_s: float
    documents: dict[str, dict[str, Any]]
    alerts: list[dict[str, Any]]

    def alerted(self) -> list[tuple[str, frozenset[str]]]:
        """For each alert its rule and the URLs of the story that it is about."""
        stories: dict[str, set[str]] = {}
        for document in self.documents.values():
            for story in (document["story"]["id"], *document["story"]["merged_from"]):
                stories.setdefault(story, set()).add(document["url"])
        return [(alert["rule"], frozenset(stories.get(alert["story_id"], ()))) for alert in self.alerts]


def read_outcome(config: Path, watcher: Watcher, hook: Hook, said: str, stopped_s: float) -> Outcome:
    """The outcome as the index holds it now."""
    documents = {document["id"]: document for document in watcher.index.export()}
    alerts = watcher.index.alerts()
    return Outcome(config, watcher.plan, watcher.feeds, watcher, hook, said, stopped_s, documents, alerts)


def wait_until(running: Running, what: str, ready: Any, timeout: float) -> None:
    """Wait for `ready()` while the pipeline lives; fail with its last words after `timeout` seconds."""
    until = time.monotonic() + timeout
    while not ready():
        running.ensure_alive()
        assert time.monotonic() < until, f"after {timeout} s not yet: {what}\n{running.text[-3000:]}"
        time.sleep(0.05)


def settled(index: Index) -> bool:
    """Whether every alert has been delivered."""
    return all(way["state"] != "due" for alert in index.alerts() for way in alert["deliveries"])


__all__ = ["ALL", "Outcome", "Running", "Watcher", "read_outcome", "settled", "started", "stream_config", "wait_until"]


def letters(config: Path) -> list[str]:
    """The reasons of all dead letters; fails where the file holds one twice."""
    path = config.parent / "dead.jsonl"
    found = list(read(path))
    assert len(found) == len(path.read_text("utf-8").splitlines())
    return [letter.letter.reason for letter in found]
