"""A newsroom in trouble, made up: feeds that fail and are silent, a pipeline that waits, is refused and lags."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import httpx
import yaml

from deploy.kibana.mapping import FOLDER

Json = dict[str, Any]
INDICES = ("articles", "stories", "alerts", "feeds", "health")


def fill(url: str, prefix: str, now: float) -> None:
    """Makes all indices, of which only those of health have documents."""
    with httpx.Client(base_url=url, timeout=60) as http:
        for name in INDICES:
            body = {"settings": {"number_of_replicas": 0}, "mappings": _mapping(name)}
            http.put(f"/{prefix}-{name}", json=body).raise_for_status()
        lines = [line for name, one in _documents(now) for line in ({"index": {"_index": f"{prefix}-{name}"}}, one)]
        body = "".join(json.dumps(line) + "\n" for line in lines)
        answer = http.post("/_bulk?refresh=true", content=body, headers={"content-type": "application/x-ndjson"})
        assert not answer.raise_for_status().json()["errors"], answer.text[:2000]


def _mapping(name: str) -> Json:
    """The mapping as a server without language analyzers takes it."""
    return _plain(yaml.safe_load((FOLDER / f"{name}.yaml").read_text("utf-8")))


def _plain(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: "text" if str(value).startswith("TEXT:") else _plain(value) for key, value in node.items()}
    return node


def _documents(now: float) -> Iterator[tuple[str, Json]]:
    for reader, silent_s in (("feed:a", 90_000), ("feed:b", 60)):
        feed = {"reader": reader, "polls": 50, "failed_polls": 12, "failed": True, "last_success": _at(now - silent_s)}
        yield "feeds", {"@timestamp": _at(now - 30), "news": {"feed": feed}}
        for minute in range(40):
            failed = {"reader": reader, "batch": minute, "error": "connection refused"}
            event = {"dataset": "news.feed", "outcome": "failure"}
            yield "health", {"@timestamp": _at(now - 60 * minute), "event": event, "news": {"feed": failed}}
    for step in range(20):
        told = {
            "event": {"dataset": "news.pipeline"},
            "host": {"name": "desk"},
            "news": {"pipeline": _pipeline(20 - step)},
        }
        yield "health", {"@timestamp": _at(now - 30 * step), **told}


def _pipeline(step: int) -> Json:
    return {
        "articles": 10 * step, "stories": 3 * step, "reposts": 5 * step, "alerts": 3, "dead_letters": 120, "polls": 50,
        "failed_polls": 8, "written": 30 * step, "retries": 5, "rejected": 2, "conflicts": 1, "waited_s": 12.5,
        "memory_mb": 300.0, "lag": 20_000, "in_flight": 40, "waiting": "Elasticsearch at host: refused",
    }  # fmt: skip


def _at(seconds: float) -> str:
    return dt.datetime.fromtimestamp(int(seconds), dt.UTC).isoformat().replace("+00:00", "Z")
