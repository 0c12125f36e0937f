"""Real servers for tests, started when a test first asks, and names of its own for each test.

NEWS_TEST_ELASTICSEARCH (a URL) and NEWS_TEST_KAFKA (host:port) name servers that run already. Where a part is missing
the test skips and tells how to get it; in CI it fails.
"""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import httpx
import pytest
from kafka import KafkaAdminClient
from kafka.admin import NewTopic
from kafka.errors import KafkaError

from tests.servers.elastic_server import Elastic
from tests.servers.flink_server import Flink
from tests.servers.kafka_server import Kafka
from transforms.errors import MissingPart

__all__ = ["elastic_url", "flink", "kafka_brokers", "prefix", "topic"]


def missing(error: MissingPart) -> NoReturn:
    """Skip, or in CI fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"must be there in CI: {error}")
    pytest.skip(f"{str(error).splitlines()[0]}; `make servers` gets it")


@pytest.fixture(scope="session")
def elastic_url() -> Iterator[str]:
    """The URL of a running core Elasticsearch."""
    if named := os.environ.get("NEWS_TEST_ELASTICSEARCH"):
        yield named.rstrip("/")
        return
    try:
        server = Elastic()
        server.start()
    except MissingPart as error:
        missing(error)
    yield server.url
    server.close()


@pytest.fixture(scope="session")
def kafka_brokers() -> Iterator[str]:
    """host:port of a running Kafka."""
    if named := os.environ.get("NEWS_TEST_KAFKA"):
        yield named
        return
    try:
        server = Kafka()
        server.start()
    except MissingPart as error:
        missing(error)
    yield server.brokers
    server.close()


@pytest.fixture(scope="session")
def flink() -> Iterator[Flink]:
    """A running Flink: two TaskManagers with two slots each, so that a job's workers are two processes."""
    try:
        cluster = Flink(task_managers=2)
        cluster.start()
    except MissingPart as error:
        missing(error)
    yield cluster
    cluster.close()


@pytest.fixture
def prefix(elastic_url: str) -> Iterator[str]:
    """A prefix of indices that nobody else has; what is under it is removed after the test."""
    name = f"t{uuid.uuid4().hex[:8]}"
    yield name
    remove_indices(elastic_url, name)


def remove_indices(url: str, prefix: str) -> None:
    """All indices and templates under a prefix."""
    with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
        found = client.get(
            f"/_cat/indices/{prefix}-*", params={"format": "json", "h": "index", "expand_wildcards": "all"}
        )
        for index in found.json() if found.status_code == 200 else []:
            client.delete(f"/{index['index']}")
        client.delete(f"/_index_template/{prefix}*")
        client.delete(f"/_component_template/{prefix}*")


@pytest.fixture
def topic(kafka_brokers: str) -> Iterator[Callable[..., str]]:
    """Makes topics that nobody else has: `topic(partitions=1, **config)` gives the name. They are removed after."""
    admin = KafkaAdminClient(bootstrap_servers=kafka_brokers)
    made: list[str] = []

    def make(partitions: int = 1, **config: Any) -> str:
        name = f"t{uuid.uuid4().hex[:8]}"
        settings = {key.replace("_", "."): str(value) for key, value in config.items()}
        admin.create_topics([NewTopic(name, partitions, 1, topic_configs=settings)])
        made.append(name)
        return name

    yield make
    for name in made:
        with contextlib.suppress(KafkaError):  # a test may have removed it
            admin.delete_topics([name])
    admin.close()
