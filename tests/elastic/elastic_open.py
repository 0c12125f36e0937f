"""An Elasticsearch index of its own for a test, and what a test does to it behind its back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from transforms.elastic.client import ElasticSpec, Server
from transforms.elastic.index import ElasticIndex
from transforms.elastic.lease import lease
from transforms.elastic.reach import Reach
from transforms.elastic.setup import setup


@dataclass
class Opened:
    """An index that is set up, and another way to its server."""

    index: ElasticIndex
    reach: Reach
    spec: ElasticSpec


@contextmanager
def opened(url: str, prefix: str) -> Iterator[Opened]:
    spec = ElasticSpec((url,), prefix)
    server = Server(spec)
    setup(server, spec)
    index = ElasticIndex(spec, patient=True)
    try:
        yield Opened(index, Reach(server), spec)
    finally:
        index.close()
        server.close()


def take_and_die(url: str, prefix: str) -> None:
    """Hold the lease until somebody kills this process."""
    with lease(Server(ElasticSpec((url,), prefix))):
        time.sleep(60)
