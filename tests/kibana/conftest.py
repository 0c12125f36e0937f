"""Newsrooms in a real Elasticsearch, each made once for all tests here."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.kibana import trouble
from tests.kibana.asking import Newsroom
from tests.running import ROOT, command, configure
from tests.servers.fixtures import remove_indices


@pytest.fixture(scope="session")
def newsroom(elastic_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newsroom]:
    """The sample newsroom, as the pipeline writes it into Elasticsearch."""
    with _own_prefix(elastic_url) as made:
        config = configure(
            tmp_path_factory.mktemp("newsroom"),
            [{"kind": "newsroom", "day": "60s"}],
            index={"kind": "elasticsearch", "url": made.url, "prefix": made.prefix},
            alerts={
                "rules": str(ROOT / "pipeline" / "newsroom" / "rules.yaml"),
                "channels": {"file": {"kind": "jsonl", "path": "alerts.jsonl"}},
            },
        )
        command(config, "run")
        httpx.post(f"{made.url}/{made.prefix}-*/_refresh", timeout=60).raise_for_status()
        yield made


@pytest.fixture(scope="session")
def troubled(elastic_url: str) -> Iterator[Newsroom]:
    """A newsroom in which feeds fail and the pipeline waits."""
    with _own_prefix(elastic_url) as made:
        trouble.fill(made.url, made.prefix, time.time())
        yield made


@contextmanager
def _own_prefix(url: str) -> Iterator[Newsroom]:
    """A prefix that nobody else has; its indices are removed in the end."""
    made = Newsroom(url, f"t{uuid.uuid4().hex[:8]}")
    try:
        yield made
    finally:
        remove_indices(url, made.prefix)
