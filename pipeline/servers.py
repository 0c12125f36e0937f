"""The servers that the config names: Elasticsearch and Kafka, each with its secrets, opened where it is needed."""

from __future__ import annotations

from functools import partial as bind
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.config import ElasticsearchIndex, KafkaSource, Ref, resolve
from transforms.errors import DataError
from transforms.records import Source

if TYPE_CHECKING:
    from transforms.alert.delivery import Sender
    from transforms.elastic.client import ElasticSpec, Server
    from transforms.kafka.specs import KafkaSpec, OutputSpec


def elastic_of(ref: Ref) -> ElasticSpec:
    """How to reach Elasticsearch, secrets included; DataError where the index is another."""
    from transforms.elastic.client import ElasticSpec

    part = resolve(ref).index
    if not isinstance(part, ElasticsearchIndex):
        raise DataError(ref.file, "index.kind", f"is {part.kind}", "write elasticsearch, or leave this command alone")
    return ElasticSpec(
        urls=tuple(part.urls),
        prefix=part.prefix,
        api_key=part.api_key.get_secret_value() if part.api_key else None,
        username=part.username,
        password=part.password.get_secret_value() if part.password else None,
        ca_certs=str(ref.path(part.ca)) if part.ca else None,
        timeout_s=part.timeout,
        bulk_docs=part.bulk_docs,
        bulk_bytes=part.bulk_size,
        shards=part.shards,
        replicas=part.replicas,
        rollover_age_s=part.rollover_age,
        rollover_bytes=part.rollover_size,
        retention_s=part.retention,
    )


def set_up(ref: Ref) -> list[str]:
    """Bring the index into the shape that this version writes; what was changed, in words. A file does so by itself.

    Raises IndexAway where a server is not there.
    """
    if not isinstance(resolve(ref).index, ElasticsearchIndex):
        return []
    from transforms.elastic.setup import setup

    return setup(server_of(ref), elastic_of(ref))


def server_of(ref: Ref, patient: bool = False) -> Server:
    """The Elasticsearch server of the config."""
    from transforms.elastic.client import server

    return server(elastic_of(ref), patient)


def ask_stop(ref: Ref, job: str) -> None:
    """Tell the workers of this job, wherever they are, to read no more. Raises IndexAway."""
    from transforms.elastic import stop

    stop.ask(server_of(ref), job)


def stop_asked(ref: Ref, job: str) -> bool:
    """Whether they were told. Raises IndexAway."""
    from transforms.elastic import stop

    return stop.asked(server_of(ref), job)


def begin(ref: Ref) -> None:
    """A run begins: servers that a former run in this process gave up on are waited for again."""
    from transforms.kafka import outlets

    outlets.begin()
    if isinstance(resolve(ref).index, ElasticsearchIndex):
        server_of(ref, patient=True).begin()


def kafka_sources(ref: Ref) -> list[int]:
    """Which of the config's sources are Kafka's, by their place in the list."""
    return [at for at, source in enumerate(resolve(ref).sources) if isinstance(source, KafkaSource)]


def kafka_of(ref: Ref, at: int) -> KafkaSpec:
    """The Kafka source at this place of the config, secrets included."""
    from transforms.kafka.specs import KafkaSpec

    source = resolve(ref).sources[at]
    assert isinstance(source, KafkaSource)
    return KafkaSpec(
        id=source.reader_id,
        brokers=tuple(source.brokers),
        topics=tuple(source.topics),
        pattern=source.pattern,
        group=source.group,
        start=source.start,
        source=Source(source.id, source.name, "", source.agency),
        security=source.security.options(Path(ref.base)),
        format=source.format,
        disorder_s=source.disorder,
        idle_s=source.idle,
        stall_s=source.stall,
        discover_s=source.discover,
        max_in_flight=source.max_in_flight,
    )


def kafkas_of(ref: Ref) -> list[KafkaSpec]:
    """All Kafka sources of the config, secrets included."""
    return [kafka_of(ref, at) for at in kafka_sources(ref)]


def output_of(ref: Ref, at: int) -> OutputSpec:
    """The output at this place of the config, secrets included."""
    from transforms.kafka.specs import OutputSpec

    part = resolve(ref).outputs[at]
    return OutputSpec(
        brokers=tuple(part.brokers),
        articles=part.topics.articles,
        stories=part.topics.stories,
        alerts=part.topics.alerts,
        security=part.security.options(Path(ref.base)),
        compression=part.compression,
        max_bytes=part.max_size,
    )


def output_senders(ref: Ref) -> dict[str, Sender]:
    """The outputs that take alerts, each as a channel by its place in the config."""
    from transforms.kafka.sender import KafkaSender

    outputs = enumerate(resolve(ref).outputs)
    return {f"outputs[{at}]": KafkaSender(bind(output_of, ref, at)) for at, part in outputs if part.topics.alerts}
