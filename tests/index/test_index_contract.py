"""The embedded index does what every index must."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import index_contract as contract
import pytest

from transforms.index.embedded import EmbeddedIndex


@pytest.fixture
def index(tmp_path: Path) -> Iterator[EmbeddedIndex]:
    opened = EmbeddedIndex(str(tmp_path / "news.db"))
    yield opened
    opened.close()


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
