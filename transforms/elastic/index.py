"""The index in an Elasticsearch: what every index can do, each part in a module of its own.

What it promises: a write that returned is stored; one article is one document; a stale write never wins. A search sees
what was written once the server has refreshed, which `refresh` demands and readers by id do not need.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NoReturn

from transforms.elastic import alerts, export, feeds, forget, judgements, meta, reposts, search, stories
from transforms.elastic.articles import Articles
from transforms.elastic.client import ElasticSpec, server
from transforms.elastic.document import article_document
from transforms.elastic.homes import Homes
from transforms.elastic.keeper import Keeper
from transforms.elastic.meta import Forgotten
from transforms.elastic.reach import Reach
from transforms.index.encode import mend, mend_text
from transforms.index.interface import Parcel, Query, Seed, Tagged
from transforms.records import Json, Poll, Write

_LIVE = "news.live"


class ElasticIndex:
    """An `Index` in the Elasticsearch that `spec` tells; `setup` must have been there. Where the server is away, a
    `patient` one waits, another raises IndexAway after some seconds. Cannot be pickled, as it holds secrets."""

    def __init__(self, spec: ElasticSpec, patient: bool = False) -> None:
        self.closed = False
        self.server = server(spec, patient)
        self._reach = Reach(self.server)
        self._gone = Forgotten(self._reach)
        self._keeper = Keeper(self._reach)
        self._homes = Homes(self.server)
        self._articles = Articles(self._reach, self._homes, self._gone, self._keeper)

    def __reduce__(self) -> NoReturn:
        raise TypeError("an ElasticIndex holds secrets and is not pickled: carry what opens it again")

    def start_epoch(self) -> int:
        forget.finish(self._reach)  # what a process that died has begun
        return meta.start_epoch(self._reach)

    def apply(self, writes: Sequence[Write]) -> list[str]:
        return self._articles.apply(writes) if writes else []

    def article(self, key: str) -> Json | None:
        found = self._live([key])
        if found:
            return article_document(found[0])
        source = search.find(self._reach, mend_text(key))
        return None if source is None else article_document(source)

    def documents(self, ids: Iterable[str]) -> list[Json]:
        return [article_document(source) for source in self._live(ids)]

    def known(self, ids: Iterable[str]) -> set[str]:
        stored = self._homes.read(map(mend_text, ids), [_LIVE])
        return {key for key, one in stored.items() if one.source["news"]["live"]}

    def _live(self, ids: Iterable[str]) -> list[Json]:
        stored = self._homes.read(map(mend_text, ids))
        return [one.source for one in stored.values() if one.source["news"]["live"]]

    def seed(self, since: int, before: int | None = None) -> Iterator[Seed]:
        return export.seed(self._reach, since, before)

    def tagged(self, since: int | None = None) -> Iterator[Tagged]:
        return export.tagged(self._reach, since)

    def seeds(self, ids: Iterable[str]) -> list[Seed]:
        return [export.seed_of(source) for source in self._live(ids)]

    def search(self, query: Query) -> list[Json]:
        return search.articles(self._reach, query)

    def stories(self, query: Query) -> list[Json]:
        return stories.stories(self._reach, query)

    def story(self, key: str) -> Json | None:
        return stories.story(self._reach, key)

    def reposts(self, since: int | None = None) -> Iterator[tuple[Json, Json]]:
        return reposts.pairs(self._reach, self._homes, since)

    def alerts(self, since: int | None = None, limit: int | None = None) -> list[Json]:
        return alerts.alerts(self._reach, since, limit)

    def export(self, all_revisions: bool = False) -> Iterator[Json]:
        return export.export(self._reach, all_revisions)

    def forget(self, ids: Iterable[str]) -> int:
        return forget.forget(self._reach, ids)

    def ids_before(self, published_before: int) -> list[str]:
        return forget.ids_before(self._reach, published_before)

    def forgotten(self, after: int = 0) -> tuple[int, list[str]]:
        return meta.forgotten(self._reach, after)

    def judge(self, entry: Json) -> Json:
        return judgements.judge(self._reach, mend(entry))

    def judgements(self, after: int = 0) -> tuple[int, list[Json]]:
        return judgements.judgements(self._reach, after)

    def raise_alert(self, alert: Json, channels: Sequence[str]) -> bool:
        return alerts.raise_alert(self._reach, self._homes, self._gone, alert, channels)

    def parcels(self, now: int, limit: int = 20) -> list[Parcel]:
        return alerts.parcels(self._reach, now, limit)

    def delivered(self, key: str, channel: str, at: int) -> None:
        alerts.delivered(self._reach, key, channel, at)

    def undelivered(self, key: str, channel: str, reason: str, retry_at: int | None) -> None:
        alerts.undelivered(self._reach, key, channel, reason, retry_at)

    def feeds(self, readers: Collection[str] | None = None) -> dict[str, Json]:
        return feeds.read(self._reach, readers)

    def mark_requested(self, reader: str, at_ms: int) -> None:
        feeds.mark_requested(self._reach, reader, at_ms)

    def commit_poll(self, reader: str, batch: int, progress: Json) -> bool:
        return feeds.commit_polls(self._reach, [Poll(reader, batch, 0, progress)])[0]

    def commit_polls(self, polls: Iterable[Poll]) -> None:
        feeds.commit_polls(self._reach, polls)

    def counts(self) -> dict[str, int]:
        return meta.counts(self._reach)

    def refresh(self) -> None:
        self._keeper.flush()
        reach = self._reach
        reach.refresh(reach.articles, reach.stories, reach.revisions, reach.alerts)

    def trouble(self) -> str | None:
        return self.server.trouble()

    def retried(self) -> int:
        return self.server.more("retries")

    def give_up(self) -> None:
        self.server.give_up()

    def close(self) -> None:
        self.closed = True
        self._keeper.close()
        self.server.close()
