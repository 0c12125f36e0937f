"""What the tests of the Kafka output share: decisions of a real memory in a real index, and what stands in a topic."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from transforms.clean.urls import article_id
from transforms.fold.decision import Decision
from transforms.fold.memory import Memory
from transforms.fold.shingles import fingerprint
from transforms.index.embedded import EmbeddedIndex
from transforms.records import Article, Origin, Source

DAY = 1_772_400_000
WIRE = (
    "The ferry between Orvik and Halm resumed on Sunday after a week of storms, and the first boat carried two hundred "
    "people who had waited on the island since Tuesday. The harbour master said that the channel had been dredged at "
    "night, that the lights at the mole were working again, and that a second boat would follow on Monday at noon."
)
DAM = (
    "Engineers at the Verrin dam opened two of its five gates on Thursday morning to let the thaw water out before the "
    "weekend. The valley road stays open, the regional office announced, but walkers were told to keep away from the "
    "river banks until the level has fallen below three metres, which is expected early next week at the latest."
)


@dataclass
class Newsroom:
    """A memory and its index: `take` decides an article, writes it and gives the decision."""

    folder: Path
    memory: Memory = field(default_factory=lambda: Memory(7 * 86_400, 1))
    number: int = 0

    def __post_init__(self) -> None:
        self.index = EmbeddedIndex(str(self.folder / "news.db"))

    def take(self, name: str, text: str, at: int | None = None, agency: str | None = None) -> Decision:
        """An article named `name` at its own source."""
        self.number += 1
        url = f"https://{name}.example/story"
        article = Article(
            id=article_id(url, name, None),
            origin=Origin(f"file:{name}", 0, self.number),
            source=Source(name, name.title(), f"{name}.example"),
            arrived=DAY + self.number if at is None else at,
            url=url,
            guid=None,
            title=f"{name} reports",
            body=text,
            published=DAY + self.number if at is None else at,
        )
        return self.decide(article, agency)

    def decide(self, article: Article, agency: str | None = None) -> Decision:
        """Decide and write."""
        decision = self.memory.decide(article, fingerprint(article.body), agency)
        self.index.apply(decision.writes)
        return decision


@dataclass(frozen=True)
class Message:
    """A record of a topic."""

    key: str
    value: Any
    headers: dict[str, str]


def read_topic(brokers: str, topic: str, **options: Any) -> list[Message]:
    """All that stands in a topic, oldest first in each partition; values as JSON, a tombstone as None."""
    consumer = KafkaConsumer(bootstrap_servers=brokers, **options)
    try:
        parts = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
        consumer.assign(parts)
        consumer.seek_to_beginning(*parts)
        ends = consumer.end_offsets(parts)
        found: list[Message] = []
        while any(consumer.position(part) < ends[part] for part in parts):
            for records in consumer.poll(timeout_ms=500).values():
                found += [_message(record) for record in records]
        return found
    finally:
        consumer.close()


def _message(record: Any) -> Message:
    value = None if record.value is None else json.loads(record.value)
    return Message(record.key.decode(), value, {name: text.decode() for name, text in record.headers})


def latest(messages: Sequence[Message]) -> dict[str, Any]:
    """The last value of each key."""
    return {message.key: message.value for message in messages}


def in_background(work: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    """`work` in a thread; its result or exception is put in the list."""
    outcome: list[Any] = []

    def run() -> None:
        try:
            outcome.append(work())
        except Exception as error:
            outcome.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, outcome
