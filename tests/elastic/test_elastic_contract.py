"""An index in Elasticsearch does what every index must."""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.servers.fixtures import remove_indices
from transforms.elastic.client import ElasticSpec, server
from transforms.elastic.index import ElasticIndex
from transforms.elastic.setup import setup

sys.path.append(str(Path(__file__).parents[1] / "index"))
import index_contract as contract

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def place(elastic_url: str) -> Iterator[ElasticSpec]:
    """Where all these tests take turns: to make all the indices anew for each would take longer than the tests."""
    spec = ElasticSpec((elastic_url,), prefix=f"t{uuid.uuid4().hex[:8]}", replicas=0)
    setup(server(spec))
    yield spec
    remove_indices(elastic_url, spec.prefix)


@pytest.fixture
def index(place: ElasticSpec) -> Iterator[ElasticIndex]:
    opened = ElasticIndex(place)
    yield opened
    opened.close()
    empty(place)


def empty(place: ElasticSpec) -> None:
    """Delete all documents."""
    with httpx.Client(base_url=place.urls[0], timeout=60) as client:
        client.post(f"/{place.prefix}-*/_refresh").raise_for_status()
        asked = {"size": 10_000, "_source": False}
        hits = client.post(f"/{place.prefix}-*/_search", json=asked).raise_for_status().json()["hits"]["hits"]
        assert len(hits) < 10_000
        lines = [{"delete": {"_index": hit["_index"], "_id": hit["_id"]}} for hit in hits]
        if lines:
            body = "".join(json.dumps(line) + "\n" for line in lines)
            told = client.post("/_bulk?refresh=true", content=body, headers={"content-type": "application/x-ndjson"})
            assert not told.raise_for_status().json()["errors"]


class TestWriting(contract.Writing): ...


class TestSeeding(contract.Seeding): ...


class TestSearchCases(contract.SearchCases): ...


class TestSearching(contract.Searching): ...


class TestHostile(contract.Hostile): ...


class TestStories(contract.Stories): ...


class TestForgetting(contract.Forgetting): ...


class TestReposts(contract.Reposts): ...


class TestJudging(contract.Judging): ...


class TestAlerting(contract.Alerting): ...


class TestFeeds(contract.Feeds): ...
