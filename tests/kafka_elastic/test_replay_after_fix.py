"""An index whose mapping is wrong makes dead letters of articles; after it is mended a replay indexes each once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.kafka_elastic.recorded import send
from tests.kafka_elastic.streams import Lag, running, settled
from tests.running import answer, configure, exported

pytestmark = [pytest.mark.servers, pytest.mark.prism, pytest.mark.slow]
TEXT = (
    "The ferry between Orlan and the island of Tesk was cancelled on day {} because of the ice, and the {} passengers "
    "who had waited in the harbour office were taken to the school, where the mayor of Tesk had soup brought to them. "
    "The next ferry is expected when the wind turns, said the harbour master, whose name is number {} on the list."
)


LONG_TERMS = {"type": "keyword", "ignore_above": 1_000_000}


def records(first: int, count: int, source: str = "Harbour News") -> list[tuple[bytes | None, bytes]]:
    found: list[tuple[bytes | None, bytes]] = []
    for number in range(first, first + count):
        told: dict[str, Any] = {"url": f"https://port.example/{number}", "title": f"Ferry {number}"}
        told |= {"source": {"id": "harbour", "name": source}}
        words = " ".join(f"word{number}x{n}" for n in range(30))
        found.append((None, json.dumps({**told, "body": f"{TEXT.format(number, number, number)} {words}"}).encode()))
    return found


def letters(config: Path) -> list[dict[str, Any]]:
    path = config.parent / "dead.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def test_a_replay_after_the_mapping_is_mended_indexes_each_once(
    kafka_brokers: str, elastic_url: str, prefix: str, topic: Any, tmp_path: Path
) -> None:
    name = topic()
    config = configure(
        tmp_path,
        [{"kind": "kafka", "brokers": [kafka_brokers], "topics": [name], "group": name}],
        index={"kind": "elasticsearch", "url": elastic_url, "prefix": prefix},
    )
    index, server = f"{prefix}-articles-000001", httpx.Client(base_url=elastic_url, timeout=30)
    send(kafka_brokers, name, records(0, 5))
    with running(config) as alive:
        settled(alive, Lag(kafka_brokers, name, name))
        # Somebody changes the mapping by hand while the pipeline runs: long names of sources are to be whole terms.
        field = {"properties": {"news": {"properties": {"source": {"properties": {"name": LONG_TERMS}}}}}}
        server.put(f"/{index}/_mapping", json=field).raise_for_status()
        # The first of these is known by now, the others are new.
        send(kafka_brokers, name, [*records(4, 1), *records(5, 7, "a very long name " * 3000)])
        settled(alive, Lag(kafka_brokers, name, name))
    refused = letters(config)
    assert len(refused) == 7
    assert all(one["stage"] == "index" and "news.source.name" in one["reason"] for one in refused), refused[0]["reason"]
    assert len(exported(config)) == 5

    assert any("news.source.name" in change for change in answer(config, "index", "setup")[0]["changes"])
    (done,) = answer(config, "replay")
    assert (done["replayed"], done["dead"]) == (7, 0)
    documents = exported(config)
    assert sorted(d["url"] for d in documents.values()) == sorted(f"https://port.example/{n}" for n in range(12))
    assert all(document["revision"] == 0 for document in documents.values())
    assert letters(config) == []
    (again,) = answer(config, "replay")
    assert again["replayed"] == 0
    assert exported(config) == documents
