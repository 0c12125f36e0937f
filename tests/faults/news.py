"""Invented news as Kafka records: stories with reposts, some revised, some sent twice, some garbage; from a seed."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from kafka import KafkaProducer

from tests.stream.plan import PIGMENT, SANCTIONS
from tests.stream.texts import Writer
from transforms.clean.urls import article_id, canonical
from transforms.records import rfc3339

__all__ = ["RULES", "News", "Record", "Sender", "make"]
BEGIN = 1_795_000_000
SOURCES = 40
TWICE, REVISED, GARBAGE = 0.2, 0.04, 0.02
RULES = """rules:
  - {id: sanctions, severity: high, any_topic: [sanctions]}
  - {id: two-sources, query: 'body:ultramarine', min_sources: 2}
"""


@dataclass(frozen=True, slots=True)
class Record:
    """One record; `id` is its article's, None for garbage, which has no key: that would be its guid."""

    key: bytes | None
    value: bytes
    id: str | None


@dataclass(slots=True)
class News:
    """Records in the order in which they are sent."""

    records: list[Record] = field(default_factory=list)

    def ids(self, until: int | None = None) -> set[str]:
        """The articles among the first `until` records."""
        return {record.id for record in self.records[:until] if record.id}


def make(seed: int, articles: int) -> News:
    """About so many distinct articles: two in three in stories of two to five, whose reposts may come first."""
    return News([record for _, record in sorted(_Planner(random.Random(seed)).plan(articles), key=lambda one: one[0])])


class _Planner:
    def __init__(self, dice: random.Random) -> None:
        self.dice, self.writer, self.count = dice, Writer(dice), 0

    def plan(self, articles: int) -> Iterator[tuple[float, Record]]:
        number = 0
        while self.count < articles:
            yield from self.story(self.count, number)
            number += 1
        for count in range(round(articles * GARBAGE)):
            yield self.dice.uniform(0, articles), self.garbage(count)

    def story(self, at: float, number: int) -> Iterator[tuple[float, Record]]:
        text = self.text(number)
        sources = self.dice.sample(range(SOURCES), 5)
        yield from self.sent(at + self.dice.uniform(0, 12), text, sources[0], at)
        for copy in range(self.dice.choice((0, 0, 1, 2, 3, 4))):
            # Published later, and seen before or after.
            moment = at + self.dice.uniform(0, 20)
            yield from self.sent(moment, self.copied(text, copy), sources[copy + 1], at + copy + 1)

    def text(self, number: int) -> list[str]:
        told = self.writer.sentences()
        flagged = [self.writer.filled(pattern) for pattern in SANCTIONS] if number % 4 == 0 else []
        flagged += [PIGMENT] if number % 3 == 0 else []
        return [told[0], *flagged, *told[1:]]

    def copied(self, text: list[str], copy: int) -> list[str]:
        kept = text[: self.dice.randint(12, len(text) - 2)] if copy % 2 == 0 else text
        around = self.writer.sentences(2) if copy % 3 else []
        return [*around[:1], *kept, *around[1:]]

    def sent(self, at: float, text: list[str], source: int, published: float) -> Iterator[tuple[float, Record]]:
        """One article at its moment; perhaps again a while later, as it was or with a changed text."""
        self.count += 1
        article: dict[str, Any] = {
            "url": f"https://source-{source:02}.news.example/{self.count}",
            "title": self.writer.title(),
            "body": "\n\n".join([*text, f"Our pigeonhole for it is the {self.count}th."]),
            "source": {"id": f"source-{source:02}", "domain": f"source-{source:02}.news.example"},
            "published": rfc3339(BEGIN + int(published)),
            "arrived": rfc3339(BEGIN + int(at) + 60),
        }
        yield at, record(article)
        later = at + self.dice.uniform(1, 60)
        kind = self.dice.random()
        if kind < TWICE:
            yield later, record(article)
        elif kind < TWICE + REVISED:
            arrived = rfc3339(BEGIN + int(later) + 60)
            yield (
                later,
                record({**article, "body": f"{article['body']}\n\n{self.writer.sentence()}", "arrived": arrived}),
            )

    def garbage(self, number: int) -> Record:
        mark = f"{number} {self.dice.random()}"
        value = (
            f'{{"title": "cut off {mark}", "body": "'.encode(),
            b"\xff\xfe\x00" + mark.encode(),
            json.dumps([mark]).encode(),
            json.dumps({"title": mark, "body": "neither url nor guid"}).encode(),
            json.dumps({"url": f"https://a.example/{number}", "note": mark}).encode(),
        )[number % 5]
        return Record(None, value, None)


def record(article: dict[str, Any]) -> Record:
    """An article under its canonical URL: all that is sent of it is in one partition, in order."""
    url = canonical(article["url"]) or ""
    key = article_id(url, article["source"]["id"], None)
    return Record(url.encode(), json.dumps(article, ensure_ascii=False).encode(), key)


class Sender:
    """Sends records in order. What the broker does not take at once is sent until it does, each once."""

    def __init__(self, brokers: str, topic: str, news: News) -> None:
        self.topic, self.news, self.sent = topic, news, 0
        self._producer = KafkaProducer(
            bootstrap_servers=brokers, acks="all", enable_idempotence=True, compression_type="gzip", linger_ms=5,
            delivery_timeout_ms=900_000, max_block_ms=900_000,
        )  # fmt: skip
        self._futures: list[Any] = []
        self.places: list[tuple[int, int]] = []  # of each record that the broker has: partition and offset

    def send(self, count: int) -> None:
        """The next so many."""
        for one in self.news.records[self.sent : self.sent + count]:
            self._futures.append(self._producer.send(self.topic, key=one.key, value=one.value))
            self.sent += 1

    def flush(self, timeout: float) -> None:
        """Until the broker has all; raises where it refused one."""
        self._producer.flush(timeout)
        for future in self._futures:
            told = future.get(timeout)
            self.places.append((told.partition, told.offset))
        self._futures.clear()

    def close(self) -> None:
        """Let go of the broker."""
        self._producer.close(timeout=5)
