"""An index in Elasticsearch does what every index must."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from transforms.elastic.client import ElasticSpec
from transforms.elastic.index import ElasticIndex
from transforms.elastic.setup import setup

sys.path.append(str(Path(__file__).parents[1] / "index"))
import index_contract as contract

pytestmark = pytest.mark.servers


@pytest.fixture
def index(elastic_url: str, prefix: str) -> Iterator[ElasticIndex]:
    spec = ElasticSpec((elastic_url,), prefix=prefix, replicas=0)
    opened = ElasticIndex(spec)
    setup(opened.server)
    yield opened
    opened.close()


class TestWriting(contract.Writing): ...


class TestSeeding(contract.Seeding): ...


class TestSearchCases(contract.SearchCases): ...


class TestSearching(contract.Searching): ...


class TestHostile(contract.Hostile): ...


class TestStories(contract.Stories): ...


class TestForgetting(contract.Forgetting): ...


class TestAlerting(contract.Alerting): ...


class TestFeeds(contract.Feeds): ...
