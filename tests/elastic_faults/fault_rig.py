"""An index behind the fault proxy, a model of what must be stored, and what is."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.elastic_faults.fault_proxy import Proxy, faulty, operations
from tests.index.index_samples import content, story, tags
from transforms.elastic.client import ElasticSpec, Server
from transforms.elastic.index import ElasticIndex
from transforms.elastic.setup import setup
from transforms.index.interface import SAME, STALE, WRITTEN
from transforms.records import Write


@dataclass
class Model:
    """What an index that never fails would hold: for each article the versions of its groups."""

    versions: dict[str, dict[str, list[int]]] = field(default_factory=dict)

    def apply(self, writes: Sequence[Write], lost: frozenset[str] = frozenset()) -> list[str]:
        """The outcomes of these writes; those of `lost` articles are `rejected` and leave nothing."""
        outcomes = []
        for write in writes:
            stored = self.versions.get(write.id, {}).get(write.group)
            version = [write.version.epoch, write.version.counter]
            if stored is not None and stored >= version:
                outcomes.append(SAME if stored == version else STALE)
            elif write.id in lost:
                outcomes.append("rejected")
            else:
                self.versions.setdefault(write.id, {})[write.group] = version
                outcomes.append(WRITTEN)
        return outcomes


@dataclass
class Rig:
    """`index` speaks through `proxy`, `direct` does not."""

    url: str
    prefix: str
    proxy: Proxy
    index: ElasticIndex
    direct: httpx.Client
    model: Model = field(default_factory=Model)

    def stored(self) -> list[dict[str, Any]]:
        """All article documents in all concrete indices, as the server holds them."""
        self.direct.post(f"/{self.prefix}-articles*/_refresh").raise_for_status()
        body = {"size": 10_000, "version": True, "query": {"match_all": {}}}
        answer = self.direct.post(f"/{self.prefix}-articles/_search", json=body)
        return answer.raise_for_status().json()["hits"]["hits"]

    def check(self) -> None:
        """Nothing is lost, nothing doubled, nothing too old."""
        hits = self.stored()
        often = Counter(hit["_id"] for hit in hits)
        assert [key for key, count in often.items() if count > 1] == [], "doubled"
        assert {hit["_id"]: hit["_source"]["news"]["versions"] for hit in hits} == self.model.versions

    def times_written(self) -> dict[str, int]:
        """How often each document was created or replaced."""
        return {hit["_id"]: hit["_version"] for hit in self.stored()}

    def stats(self) -> dict[str, int]:
        """The counters, without those of time and of all requests."""
        told = self.index.server.stats()
        return {name: int(told[name]) for name in ("written", "retries", "conflicts", "rejected")}

    def sent(self) -> Counter[str]:
        """How often each article was sent by the index, applied or not."""
        return Counter(key for bulk in self.proxy.bulks() for key, _ in operations(bulk.body))

    def forwarded(self) -> Counter[str]:
        """How often each article reached the server."""
        return Counter(key for bulk in self.proxy.bulks() for key, _ in operations(bulk.forwarded or b""))

    def rollover(self) -> None:
        """A new index for new articles, behind the back of the index under test."""
        self.direct.post(f"/{self.prefix}-articles-write/_rollover").raise_for_status()


@contextmanager
def rig(url: str, prefix: str, patient: bool = True, **spec: Any) -> Iterator[Rig]:
    """An index that is set up, behind a proxy. A bulk holds 20 documents; 2 s is too long for an answer."""
    plain = ElasticSpec((url,), prefix)
    direct = Server(plain)
    setup(direct, plain)
    direct.close()
    with faulty(url) as proxy, httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
        index = ElasticIndex(ElasticSpec((proxy.url,), prefix, **{"timeout_s": 2.0, "bulk_docs": 20, **spec}), patient)
        try:
            yield Rig(url, prefix, proxy, index, client)
        finally:
            proxy.rules.clear()
            index.close()


def fresh(count: int, start: int = 0) -> list[Write]:
    """Content, tags and placement of so many new articles."""
    writes: list[Write] = []
    for number in range(start, start + count):
        key = f"a{number:03}"
        writes += [content(key, 10), tags(key, 10), story(key, f"s{number // 3}", version=10)]
    return writes


def changed(dice: random.Random, count: int) -> list[Write]:
    """Writes to articles of `fresh`: newer ones, the very same, older ones, in a seeded mixture."""
    writes = []
    for number in range(count):
        key = f"a{number:03}"
        writes += [
            content(key, dice.choice((9, 10, 11, 12)), title=f"Title, again, of {key}"),
            tags(key, dice.choice((9, 10, 11))),
            story(key, f"s{number // 4}", version=dice.choice((10, 11))),
        ]
    dice.shuffle(writes)
    return writes
