"""What a run has left behind so far, looked at from outside: in Elasticsearch, in Kafka, in the file of letters."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """What is there: `ids` of articles (each once), those in more than one document, alerts, those raised twice."""

    ids: frozenset[str]
    doubled: int
    alerts: int
    alerts_doubled: int
    letters: frozenset[tuple[int, int]]
    letters_doubled: int


@dataclass
class Elsewhere:
    """The index under a prefix, asked directly."""

    url: str
    prefix: str

    def _all(self, name: str, fields: Collection[str]) -> list[Json]:
        """The fields of all documents of all concrete indices."""
        with httpx.Client(base_url=self.url, trust_env=False, timeout=60) as client:
            client.post(f"/{self.prefix}-{name}*/_refresh").raise_for_status()
            point = client.post(f"/{self.prefix}-{name}*/_pit?keep_alive=1m").raise_for_status().json()["id"]
            body: Json = {"size": 5000, "_source": list(fields), "sort": [{"_doc": "asc"}]}
            body["pit"] = {"id": point, "keep_alive": "1m"}
            found: list[Json] = []
            while True:
                hits = client.post("/_search", json=body).raise_for_status().json()["hits"]["hits"]
                found += [{"_id": hit["_id"], **hit["_source"]} for hit in hits]
                if len(hits) < 5000:
                    return found
                body["search_after"] = hits[-1]["sort"]

    def look(self, letters: Path) -> Found:
        """All of it; of dead letters the partition and offset of the record."""
        articles = Counter(one["_id"] for one in self._all("articles", ["news.live"]) if one["news"]["live"])
        told = Counter(
            (one["rule"]["id"], one["news"]["story"]["id"]) for one in self._all("alerts", ["rule", "news.story"])
        )
        lines = letters.read_text("utf-8").splitlines() if letters.exists() else []
        dead = Counter((told["partition"], told["offset"]) for told in (json.loads(line)["input"] for line in lines))
        return Found(
            frozenset(articles), sum(count - 1 for count in articles.values()), told.total(),
            sum(count - 1 for count in told.values()), frozenset(dead), sum(count - 1 for count in dead.values()),
        )  # fmt: skip


@dataclass
class Lag:
    """How far a group is behind in a topic, as Kafka tells; None while it tells nothing."""

    brokers: str
    topic: str
    group: str
    partitions: int

    def __call__(self) -> int | None:
        ends, committed = self.ends(), self.committed()
        if ends is None or committed is None:
            return None
        return sum(end - committed.get(number, 0) for number, end in ends.items())

    def ends(self) -> dict[int, int] | None:
        """Where each partition ends."""
        try:
            consumer = KafkaConsumer(bootstrap_servers=self.brokers, request_timeout_ms=6000)
        except KafkaError:
            return None
        try:
            parts = [TopicPartition(self.topic, number) for number in range(self.partitions)]
            return {part.partition: end for part, end in consumer.end_offsets(parts).items()}
        except KafkaError:
            return None
        finally:
            consumer.close()

    def committed(self) -> dict[int, int] | None:
        """The group's offset in each partition that has one."""
        try:
            admin = KafkaAdminClient(bootstrap_servers=self.brokers, request_timeout_ms=6000)
        except KafkaError:
            return None
        try:
            told = admin.list_group_offsets({self.group: None})[self.group]
            return {part.partition: one.offset for part, one in told.items() if part.topic == self.topic}
        except KafkaError:
            return None
        finally:
            admin.close()


@dataclass
class Memory:
    """The most that processes held at once since `reset`, in MB, sampled twice a second, and what they held then."""

    peak: dict[str, float] = field(default_factory=dict)
    began: dict[str, float] = field(default_factory=dict)
    _pids: dict[str, int] = field(default_factory=dict)
    _over: threading.Event = field(default_factory=threading.Event)

    def watch(self, name: str, pid: int) -> None:
        """From now on it is this process."""
        self._pids[name] = pid

    def __enter__(self) -> Memory:
        threading.Thread(target=self._run, name="memory", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def reset(self) -> None:
        """Peaks count from now on."""
        self.began = self._held()
        self.peak = self.began.copy()

    def _run(self) -> None:
        while not self._over.wait(0.5):
            for name, mb in self._held().items():
                self.peak[name] = max(self.peak.get(name, 0.0), mb)

    def _held(self) -> dict[str, float]:
        held = {}
        for name, pid in list(self._pids.items()):
            with contextlib.suppress(OSError, StopIteration, ValueError):
                lines = Path(f"/proc/{pid}/status").read_text().splitlines()
                held[name] = next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024
        return held


def wait_for(what: str, ready: Any, timeout: float, still: Any = lambda: None, every: float = 0.2) -> float:
    """Wait for `ready()`; the seconds it took. TimeoutError after `timeout`; `still()` may raise before."""
    began = time.monotonic()
    while not ready():
        still()
        if time.monotonic() - began > timeout:
            raise TimeoutError(f"after {timeout:.0f} s not yet: {what}")
        time.sleep(every)
    return time.monotonic() - began
