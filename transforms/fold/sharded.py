"""FindCandidates: the candidate look-up split over several shards, each with the sketch hashes that fall to it.

A shard answers for its hashes only and decides nothing. Answers are gathered for each article, and go to the one
deciding key, which compares whole fingerprints. Two articles can pass two shards in opposite order; then one of them
names the other before that is decided, and the memory keeps the name until it comes (`Memory.awaited`). So the
verdicts are those of one shard.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import apache_beam as beam
import numpy as np
from apache_beam.coders import BytesCoder, PickleCoder
from apache_beam.transforms.userstate import BagStateSpec, ReadModifyWriteStateSpec

from transforms.fold.postings import Postings
from transforms.fold.shingles import Hashes, from_document, sketch
from transforms.fold.stage import _LOCK, Folding
from transforms.records import Article, Origin

ANSWERED = 64


@dataclass(slots=True)
class _Shard:
    """One shard's postings, believed while `token` is the state's."""

    token: bytes
    since: int
    postings: Postings = field(default_factory=Postings)
    ids: list[str] = field(default_factory=list)
    published: list[int] = field(default_factory=list)
    known: set[tuple[str, bytes]] = field(default_factory=set)

    def add(self, name: str, published: int, part: Hashes) -> bool:
        """File a text's hashes once. False if they are there."""
        mark = (name, part[:4].tobytes())
        if mark in self.known:
            return False
        self.known.add(mark)
        self.postings.add(len(self.ids), part)
        self.ids.append(name)
        self.published.append(published)
        return True


_SHARDS: dict[tuple[str, str], _Shard] = {}


def split(hashes: Hashes, shards: int) -> list[tuple[int, Hashes]]:
    """The sketch of a fingerprint by shard; shards without a hash are left out."""
    part = sketch(hashes)
    owner = part % np.uint32(shards)
    return [(shard, part[owner == shard]) for shard in range(shards) if np.any(owner == shard)]


class FindCandidates(beam.PTransform):
    """(article, fingerprint) in; (article, fingerprint, candidate ids) out."""

    def __init__(self, folding: Folding, shards: int) -> None:
        super().__init__()
        self.folding, self.shards = folding, shards

    def expand(self, sketched: Any) -> Any:
        shards = self.shards

        def whole(item: tuple[Article, Hashes]) -> tuple[str, Any]:
            return _key(item[0].origin), ("article", item, len(split(item[1], shards)))

        def parts(item: tuple[Article, Hashes]) -> Iterator[tuple[str, Any]]:
            article, hashes = item
            for shard, part in split(hashes, shards):
                yield f"shard-{shard}-of-{shards}", (_key(article.origin), article.id, article.arrived, part)

        articles = sketched | "Whole" >> beam.Map(whole).with_output_types(tuple[str, Any])
        answers = sketched | "ByShard" >> beam.FlatMap(parts).with_output_types(tuple[str, Any])
        answers = answers | "LookUp" >> beam.ParDo(_LookUp(self.folding, shards)).with_output_types(tuple[str, Any])
        return (articles, answers) | "Both" >> beam.Flatten() | "Gather" >> beam.ParDo(_Gather())


def _key(origin: Origin) -> str:
    return f"{origin.reader}\n{origin.batch}\n{origin.seq}"


class _LookUp(beam.DoFn):
    """(shard, (record key, id, arrived, hashes)) in; (record key, ("answer", ids)) out; then the hashes are filed."""

    RECORDS = BagStateSpec("records", BytesCoder())
    TOKEN = ReadModifyWriteStateSpec("token", BytesCoder())

    def __init__(self, folding: Folding, shards: int) -> None:
        self.folding, self.shards = folding, shards

    def process(
        self,
        element: tuple[str, tuple[str, str, int, Hashes]],
        records: Any = beam.DoFn.StateParam(RECORDS),
        token: Any = beam.DoFn.StateParam(TOKEN),
    ) -> Iterator[tuple[str, Any]]:
        key, (record, name, arrived, part) = element
        shard = self._shard(key, arrived, records, token)
        found = shard.postings.find(part, 1)
        # An article can be filed under several texts; its own id is never its own candidate.
        ids = dict.fromkeys(shard.ids[number] for number, _ in found[:ANSWERED])
        ids.pop(name, None)
        if shard.add(name, arrived, part):
            records.add(pickle.dumps((name, arrived, part.tobytes())))
        self._free(shard, arrived, records)
        shard.token = self.folding.epoch.to_bytes(8, "big") + os.urandom(8)
        token.write(shard.token)
        yield record, ("answer", key, tuple(ids))

    def _shard(self, key: str, arrived: int, records: Any, token: Any) -> _Shard:
        place, since = (self.folding.job, key), arrived - 2 * self.folding.ttl_s
        shard = _SHARDS.get(place)
        if shard is None or shard.token != (token.read() or b""):
            shard = _Shard(token.read() or b"", since)
            for record in records.read():
                name, seen, part = pickle.loads(record)  # noqa: S301 - our own state
                shard.add(name, seen, np.frombuffer(part, np.uint32))
            self._seed(shard, key, since, None)
            with _LOCK:
                _SHARDS[place] = shard
        if since < shard.since:
            self._seed(shard, key, since, shard.since)
            shard.since = since
        return shard

    def _seed(self, shard: _Shard, key: str, since: int, before: int | None) -> None:
        own = int(key.split("-")[1])
        for seed in self.folding.open_index().seed(since, before):
            try:
                parts = dict(split(from_document(seed.document["fingerprint"]), self.shards))
            except (KeyError, TypeError, ValueError):
                continue
            if own in parts:
                shard.add(seed.document["id"], 0, parts[own])

    def _free(self, shard: _Shard, arrived: int, records: Any) -> None:
        """Once the state has grown well over what is in reach, write it anew without the rest. Decides nothing: a
        candidate that is out of reach would be refused by the deciding key."""
        if len(shard.ids) < 10_000 or len(shard.ids) & (len(shard.ids) - 1):
            return
        oldest = arrived - 3 * self.folding.ttl_s
        kept = []
        for record in records.read():
            name, seen, part = pickle.loads(record)  # noqa: S301 - our own state
            if seen >= oldest:
                kept.append((name, seen, part))
        records.clear()
        fresh = _Shard(b"", shard.since)
        for name, seen, part in kept:
            records.add(pickle.dumps((name, seen, part)))
            fresh.add(name, seen, np.frombuffer(part, np.uint32))
        shard.postings, shard.ids, shard.published, shard.known = (
            fresh.postings,
            fresh.ids,
            fresh.published,
            fresh.known,
        )


class _Gather(beam.DoFn):
    """Holds an article until each of its shards has answered."""

    HELD = BagStateSpec("held", PickleCoder())

    def process(
        self, element: tuple[str, Any], held: Any = beam.DoFn.StateParam(HELD)
    ) -> Iterator[tuple[Article, Hashes, tuple[str, ...]]]:
        _, item = element
        items = [*held.read(), item]
        article = next((i for i in items if i[0] == "article"), None)
        answers = {i[1]: i[2] for i in items if i[0] == "answer"}
        if article is None or len(answers) < article[2]:
            held.add(item)
            return
        held.clear()
        yield (*article[1], tuple(dict.fromkeys(name for answer in answers.values() for name in answer)))
