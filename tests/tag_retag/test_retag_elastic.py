"""Retagging in Elasticsearch: what it promises everywhere."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import retag_contract as contract

from tests.servers.fixtures import remove_indices
from transforms.elastic.index import ElasticIndex

sys.path.append(str(Path(__file__).parents[1] / "elastic"))
from elastic_open import opened

pytestmark = pytest.mark.servers


@pytest.fixture
def index(elastic_url: str) -> Iterator[ElasticIndex]:
    prefix = f"t{uuid.uuid4().hex[:8]}"
    with opened(elastic_url, prefix) as one:
        yield one.index
    remove_indices(elastic_url, prefix)


class TestRetagging(contract.Retagging): ...
