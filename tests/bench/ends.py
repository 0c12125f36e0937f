"""From Kafka to Elasticsearch: the plain helper in a loop over a consumer, our two ends alone on Prism, and the whole
graph; each over the same articles, and the first two over the very same documents.

The helper is given documents that are ready to be indexed. Our ends read articles, make the same documents of them,
look before they write, and commit offsets behind the writes. What stands between (cleaning to alerts) is in the third.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial as bind
from pathlib import Path
from typing import Any

import apache_beam as beam
from elasticsearch import Elasticsearch
from elasticsearch.helpers import streaming_bulk
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic

from pipeline import config, graph, parts, runners, servers
from pipeline.config import Ref
from pipeline.parts import Parts
from tests.bench.corpus import records
from tests.kafka_elastic.streams import Lag
from tests.running import configure
from transforms.elastic import document
from transforms.fold.decision import Decision
from transforms.index.write import WriteIndex
from transforms.kafka import running as kafka
from transforms.kafka.commit import CommitOffsets
from transforms.kafka.read import ReadKafka
from transforms.records import Article, Entry, Extent, Receipt, Version, Write

LIMIT_S = 600.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a round is measured: brokers and Elasticsearch, and a name for its topics and indexes."""

    brokers: str
    url: str
    name: str

    @property
    def articles(self) -> str:
        """The topic of articles."""
        return f"{self.name}-articles"

    @property
    def documents(self) -> str:
        """The topic of documents that are ready to be indexed."""
        return f"{self.name}-documents"


def writes_of(key: str, fields: dict[str, Any]) -> tuple[Write, ...]:
    """All groups of an article that nobody reposts, as folding would write them."""
    version = Version(1, 1)
    seen = fields["published"].replace(" ", "T") + "Z"
    source = {"id": fields["source"]["id"], "name": fields["source"]["id"], "domain": fields["source"]["domain"]}
    content = {
        "url": fields["url"], "guid": None, "title": fields["title"], "body": fields["body"], "language": "ar",
        "source": source, "published": seen, "published_effective": seen, "first_seen": seen, "revision": 0,
        "author": fields["author"], "method": "kafka", "extra": {}, "texts": [],
        "fingerprint": {"algo": "", "version": 1, "data": ""},
    }  # fmt: skip
    tags = {"wire": {"agencies": [], "evidence": []}, "entities": [], "topics": [], "tagged_by": {}}
    story = {"id": key[:20], "merged_from": [], "role": "unique", "original_id": None, "copied_from": [],
             "verdict": {"reason_code": "unique", "text": "", "rules_version": ""}}  # fmt: skip
    groups = {"content": content, "tags": tags, "sources": {"sources": [source]}, "story": {"story": story}}
    return tuple(Write(key, group, version, fields) for group, fields in groups.items())


def key_of(number: int) -> str:
    """An id for the article with this number."""
    return f"{number:032x}"


def prepare(place: Place, articles: Path, count: int, partitions: int = 2) -> int:
    """Fill both topics with the first `count` articles; returns their mean size in bytes."""
    admin = KafkaAdminClient(bootstrap_servers=place.brokers)
    admin.create_topics([NewTopic(name, partitions, 1) for name in (place.articles, place.documents)])
    admin.close()
    producer = KafkaProducer(bootstrap_servers=place.brokers, linger_ms=20, batch_size=1 << 18)
    size = 0
    told = (fields for fields in records(articles) if fields["title"].strip() or fields["body"].strip())
    for number, fields in zip(range(count), told, strict=False):
        value = json.dumps({**fields, "number": number}, ensure_ascii=False).encode()
        merged = document.merge(None, key_of(number), writes_of(key_of(number), fields))
        ready = document.finished(merged.source, int(time.time()), None)
        producer.send(place.articles, value, partition=number % partitions)
        producer.send(
            place.documents, json.dumps(ready, ensure_ascii=False).encode(), key_of(number).encode(),
            partition=number % partitions,
        )  # fmt: skip
        size += len(value)
    producer.flush()
    producer.close()
    return size // count


def helper(place: Place, index: str, count: int) -> float:
    """Seconds that a consumer and `streaming_bulk` take for `count` ready documents, offsets committed at the end."""
    client = Elasticsearch(place.url, request_timeout=60)
    consumer = KafkaConsumer(
        bootstrap_servers=place.brokers, group_id=f"{index}-helper", enable_auto_commit=False,
        auto_offset_reset="earliest",
    )  # fmt: skip
    consumer.assign([TopicPartition(place.documents, n) for n in consumer.partitions_for_topic(place.documents)])

    def actions() -> Iterator[dict[str, Any]]:
        for _, record in zip(range(count), consumer, strict=False):
            yield {"_index": index, "_id": record.key.decode(), "_source": json.loads(record.value)}

    consumer.poll(0)
    began = time.perf_counter()
    for good, _ in streaming_bulk(client, actions(), chunk_size=500):
        assert good
    consumer.commit()
    took = time.perf_counter() - began
    consumer.close()
    client.close()
    return took


def reference(folder: Path, place: Place, prefix: str, rules: str | None = None) -> Ref:
    """A config from the topic of articles into the indexes under `prefix`."""
    folder.mkdir(parents=True)
    return config.read(
        configure(
            folder,
            [{"kind": "kafka", "brokers": [place.brokers], "topics": [place.articles], "group": prefix}],
            index={"kind": "elasticsearch", "url": place.url, "prefix": prefix},
            **({"alerts": {"rules": rules}} if rules else {}),
        )
    )


def ends(ref: Ref, count: int) -> float:
    """Seconds from the first record read to the commit of the last: ReadKafka, WriteIndex and CommitOffsets alone."""
    return _run(ref, count, _only_ends)


def whole(ref: Ref, count: int) -> float:
    """The same of the whole graph."""
    return _run(ref, count, graph.build)


def _only_ends(pipeline: beam.Pipeline, assembled: Parts) -> None:
    (open_spec,) = assembled.kafka.values()
    read = pipeline | "ReadKafka" >> ReadKafka(open_spec, assembled.job, False)
    extents = read | "Extents" >> beam.Filter(lambda item: isinstance(item, Extent))
    entries = read | "Entries" >> beam.Filter(lambda item: isinstance(item, Entry))
    written = entries | "Decide" >> beam.Map(_decision) | "Index" >> WriteIndex(assembled.index)
    receipts = written.decisions | "Receipts" >> beam.Map(lambda d: Receipt(d.article.origin, "indexed", d.article.id))
    (extents, receipts) | "Commit" >> CommitOffsets(assembled.kafkas, assembled.job)


def _decision(entry: Entry) -> Decision:
    fields = {
        "url": entry.url, "title": entry.title, "body": entry.body, "author": entry.author,
        "published": entry.published, "source": {"id": entry.source.id, "domain": entry.source.domain},
    }  # fmt: skip
    key = key_of(entry.extra["number"])
    article = Article(key, entry.origin, entry.source, entry.arrived, entry.url, None, entry.title, entry.body or "")
    return Decision(article, "new", writes_of(key, fields))


def _run(ref: Ref, count: int, build: Callable[[beam.Pipeline, Parts], None]) -> float:
    servers.set_up(ref)
    assembled = parts.assemble(ref, once=False)
    spec = assembled.kafkas()[0]
    began, done = None, 0
    with runners.choose("PrismRunner", False, None, (), Path(ref.base) / "prism.log", bind(str)) as chosen:
        pipeline = beam.Pipeline(runner=chosen.runner, options=chosen.options)
        build(pipeline, assembled)
        job = runners.Job(pipeline)
        until, lag = time.monotonic() + LIMIT_S, Lag(",".join(spec.brokers), spec.topics[0], spec.group)
        while not job.wait(0.05) and time.monotonic() < until and done < count:
            if began is None and any(one["records"] for one in kafka.stats(assembled.job).values()):
                began = time.perf_counter()
            done = lag.committed()
        ended = time.perf_counter()
        job.cancel()
    assert began is not None, "no record was read"
    assert done >= count, f"{done} of {count} were committed"
    return ended - began
