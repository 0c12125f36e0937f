"""Recorded real news as Kafka records: some sent twice, some garbage, in the order in which they were seen."""

from __future__ import annotations

import gzip
import json
import random
import time
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from kafka import KafkaProducer

from tests.kafka_elastic.streams import Lag, running, settled
from tests.running import configure, shared
from transforms.clean.urls import article_id, canonical


@dataclass(frozen=True, slots=True)
class Recorded:
    """Records as (key, value), the ids of the articles in them, and how many are garbage."""

    records: list[tuple[bytes | None, bytes]]
    ids: frozenset[str]
    garbage: int


def recorded(count: int, twice: float = 0.2, spoilt: float = 0.01, seed: int = 4) -> Recorded:
    """`count` articles of SaudiNewsNet, `twice` of them sent again some records later, and `spoilt` as much garbage."""
    dice = random.Random(seed)
    with gzip.open(shared("saudinewsnet", "articles.jsonl.gz"), "rt", encoding="utf-8") as file:
        # Thirty-eight crawled pages have neither title nor text: by the contract these are no articles.
        told = (line for line in map(json.loads, file) if line["title"].strip() or line["content"].strip())
        lines = list(islice(told, count))
    placed: list[tuple[float, bytes | None, bytes]] = []
    for number, article in enumerate(lines):
        record = {
            "guid": str(article["id"]), "url": article["url"], "title": article["title"], "body": article["content"],
            "author": article["author"], "source": {"id": article["source"]}, "published": article["date_extracted"],
            "arrived": article["date_extracted"],
        }  # fmt: skip
        # The same article in the same partition: what came first is then the same in every run.
        key, value = (canonical(article["url"]) or "").encode(), json.dumps(record, ensure_ascii=False).encode()
        placed.append((number, key, value))
        if dice.random() < twice:
            placed.append((number + dice.uniform(0.5, 400), key, value))
    garbage = round(count * spoilt)
    placed += [(dice.uniform(0, count), None, _garbage(n, dice)) for n in range(garbage)]
    placed.sort(key=lambda item: item[0])
    ids = {article_id(canonical(line["url"]), line["source"], str(line["id"])) for line in lines}
    return Recorded([(key, value) for _, key, value in placed], frozenset(ids), garbage)


def streamed(
    folder: Path,
    news: Recorded,
    brokers: str,
    topic: str,
    elastic: str,
    prefix: str,
    *args: str,
    limit_s: float = 400,
    **config: Any,
) -> Path:
    """All records from a topic through `run` with `args` into Elasticsearch, until each offset is committed; the config
    file. Prints how long it took."""
    send(brokers, topic, news.records)
    path = configure(
        folder,
        [{"kind": "kafka", "brokers": [brokers], "topics": [topic], "group": topic}],
        index={"kind": "elasticsearch", "url": elastic, "prefix": prefix},
        **config,
    )
    lag, began = Lag(brokers, topic, topic), time.monotonic()
    with running(path, *args) as alive:
        settled(alive, lag, limit_s)
    print(f"\n{len(news.records)} records in {time.monotonic() - began:.0f} s, start and stop included")
    assert lag() == 0
    return path


def _garbage(number: int, dice: random.Random) -> bytes:
    """Something that is no article, on one line, unlike all others."""
    mark = f"{number} {dice.random()}"
    return (
        f'{{"title": "cut off {mark}", "body": "'.encode(),
        b"\xff\xfe\x00" + mark.encode(),
        json.dumps([mark]).encode(),
        json.dumps({"title": mark, "body": "neither url nor guid"}).encode(),
        json.dumps({"url": f"https://a.example/{number}", "note": mark}).encode(),
        json.dumps({"url": f"https://a.example/{number}", "title": mark, "schema_version": 99}).encode(),
        json.dumps({"url": f"https://a.example/{number}", "title": f"{mark}\0"}).encode(),
    )[number % 7]


def send(
    brokers: str, topic: str, records: Iterable[tuple[bytes | None, bytes]], compression: str | None = "gzip"
) -> int:
    """All records to the topic, by key; returns how many."""
    producer = KafkaProducer(
        bootstrap_servers=brokers, acks="all", compression_type=compression, linger_ms=20, batch_size=1 << 18
    )
    sent = 0
    try:
        for key, value in records:
            producer.send(topic, key=key, value=value)
            sent += 1
        producer.flush(60)
    finally:
        producer.close()
    return sent
