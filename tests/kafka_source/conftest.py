from __future__ import annotations

import os
import uuid

import pytest
from kafka.admin import NewTopic

from transforms.kafka import client


@pytest.fixture(scope="session")
def kafka_brokers():
    return os.environ.get("NEWS_TEST_KAFKA", "127.0.0.1:19092")


@pytest.fixture
def topic(kafka_brokers):
    admin = client.admin((kafka_brokers,), {})
    made = []

    def make(partitions=1, **config):
        name = f"t{uuid.uuid4().hex[:8]}"
        admin.create_topics([NewTopic(name, partitions, 1, topic_configs=config)])
        made.append(name)
        return name

    yield make
    if made:
        admin.delete_topics(made)
    admin.close()
