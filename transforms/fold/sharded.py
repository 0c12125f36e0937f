"""FindCandidates: the candidate look-up split over several shards, each with the sketch hashes that fall to it.

A shard answers for its hashes only and decides nothing. Articles go from shard to shard in batches, each of which adds
what it found, and then to the one deciding key, which compares whole fingerprints. So all that comes from one reader
stays in its order on the whole way, as runners keep the order between two keys: an article is not overtaken by its own
revision. In parallel, with the answers gathered behind the shards, batches overtook one another, on Flink above all.

Each element that goes on and each state that is touched costs more than a look-up; hence batches, whose articles are
pickled once and travel as bytes. Should a runner let two batches pass two shards in opposite order, one article names
the other before that is decided, and the memory keeps the name until it comes (`Memory.awaited`). So the verdicts are
those of one shard.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import apache_beam as beam
import numpy as np
import xxhash
from apache_beam.coders import BytesCoder
from apache_beam.transforms.userstate import BagStateSpec, ReadModifyWriteStateSpec
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue

from transforms.batches import Batched
from transforms.fold.kept import Kept
from transforms.fold.memory import AHEAD_S
from transforms.fold.postings import Postings
from transforms.fold.shingles import Hashes, from_document, sketch
from transforms.fold.stage import Folding
from transforms.records import seconds

# A state record begins with it. One of another schema is passed over, and its article comes back from the index.
SCHEMA = 1
ANSWERED = 64
FREE_AT = 10_000


@dataclass(slots=True)
class _Shard:
    """One shard's postings, believed while `token` is the state's. `since` is how far back the index was read."""

    token: bytes
    since: int
    forgotten_at: int = 0
    forgotten: set[str] = field(default_factory=set)
    free_at: int = FREE_AT
    postings: Postings = field(default_factory=Postings)
    ids: list[str] = field(default_factory=list)
    arrived: list[int] = field(default_factory=list)
    known: set[tuple[str, int]] = field(default_factory=set)

    def add(self, name: str, arrived: int, part: Hashes) -> bool:
        """File a text's hashes once. False if they are there, or the article was forgotten."""
        mark = (name, xxhash.xxh3_64_intdigest(part.tobytes()))
        if mark in self.known or name in self.forgotten:
            return False
        self.known.add(mark)
        self.postings.add(len(self.ids), part)
        self.ids.append(name)
        self.arrived.append(arrived)
        return True

    def find(self, part: Hashes, since: int) -> dict[str, None]:
        """Ids of the articles that arrived since then and have most of these hashes."""
        numbers = (number for number, _ in self.postings.find(part, 1) if self.arrived[number] >= since)
        return dict.fromkeys(self.ids[number] for number, _ in zip(numbers, range(ANSWERED), strict=False))


_SHARDS: Kept[_Shard] = Kept()


def split(hashes: Hashes, shards: int) -> list[tuple[int, Hashes]]:
    """The sketch of a fingerprint by shard; shards without a hash are left out."""
    part = sketch(hashes)
    owner = part % np.uint32(shards)
    return [(shard, part[owner == shard]) for shard in range(shards) if np.any(owner == shard)]


@dataclass(slots=True)
class Batch:
    """Articles on their way: `held`, pickled, are the elements of FindCandidates with their times; by shard that is to
    come, (place in the batch, id, arrived, hashes as bytes); by place what was found."""

    held: bytes
    parts: dict[int, list[tuple[int, str, int, bytes]]]
    found: dict[int, tuple[str, ...]]


class FindCandidates(beam.PTransform):
    """(article, fingerprint, whether it is in the index) in; the same with candidate ids out."""

    def __init__(self, folding: Folding, shards: int) -> None:
        super().__init__()
        self.folding, self.shards = folding, shards

    def expand(self, sketched: Any) -> Any:
        batches = sketched | "Batch" >> beam.ParDo(_Together(self.shards))
        for shard in range(self.shards):
            key = f"shard-{shard}-of-{self.shards}"
            keyed = batches | f"To {shard}" >> beam.Map(_under, key).with_output_types(tuple[str, Any])
            batches = keyed | f"LookUp {shard}" >> beam.ParDo(_LookUp(self.folding, shard, self.shards))
        return batches | "Apart" >> beam.FlatMap(_apart)


def _under(batch: Batch, key: str) -> tuple[str, Batch]:
    return key, batch


def _apart(batch: Batch) -> Iterator[WindowedValue]:
    """The articles of a batch that all shards have seen, each in its own time."""
    for at, (sketched, timestamp) in enumerate(pickle.loads(batch.held)):  # noqa: S301 - our own
        yield WindowedValue((*sketched, batch.found.get(at, ())), timestamp, [GlobalWindow()])


class _Together(Batched):
    """(article, fingerprint, whether it is in the index) in, batches out. A batch bears the time of its oldest article,
    so that the watermark does not pass any."""

    size = 100

    def __init__(self, shards: int) -> None:
        self.shards = shards

    def _flush(self) -> Iterator[Any]:
        held, self._held = self._held, []
        if not held:
            return
        parts: dict[int, list[tuple[int, str, int, bytes]]] = {}
        for at, ((article, hashes, _), _) in enumerate(held):
            for shard, part in split(hashes, self.shards):
                parts.setdefault(shard, []).append((at, article.id, article.arrived, part.tobytes()))
        oldest = min(timestamp for _, timestamp in held)
        yield WindowedValue(Batch(pickle.dumps(held), parts, {}), oldest, [GlobalWindow()])


class _LookUp(beam.DoFn):
    """(shard, batch) in; the batch with what this shard found out; its hashes are filed."""

    RECORDS = BagStateSpec("records", BytesCoder())
    TOKEN = ReadModifyWriteStateSpec("token", BytesCoder())

    def __init__(self, folding: Folding, own: int, shards: int) -> None:
        self.folding, self.own, self.shards = folding, own, shards
        self._asked = False

    def start_bundle(self) -> None:
        self._asked = False

    def process(
        self,
        element: tuple[str, Batch],
        records: Any = beam.DoFn.StateParam(RECORDS),
        token: Any = beam.DoFn.StateParam(TOKEN),
    ) -> Iterator[Batch]:
        key, batch = element
        parts = batch.parts.get(self.own)
        if not parts:
            yield batch
            return
        oldest = min(arrived for _, _, arrived, _ in parts)
        shard = self._taken(key, oldest, records, token)
        if not self._asked:
            self._forget(shard, records)
            self._asked = True
        found = dict(batch.found)
        for at, name, arrived, part in parts:
            ids = self._answer(shard, name, arrived, np.frombuffer(part, np.uint32), records)
            found[at] = tuple(dict.fromkeys((*found.get(at, ()), *ids)))
        if len(shard.ids) >= shard.free_at:
            self._rewrite(shard, records, oldest - 3 * self.folding.ttl_s)
        shard.token = self.folding.epoch.to_bytes(8, "big") + os.urandom(8)
        token.write(shard.token)
        _SHARDS.give(self.folding.job, key, shard)
        later = {other: theirs for other, theirs in batch.parts.items() if other != self.own}
        yield Batch(batch.held, later, found)

    def _answer(self, shard: _Shard, name: str, arrived: int, part: Hashes, records: Any) -> tuple[str, ...]:
        # What arrived before that was published more than the TTL before this, whatever the dates say.
        ids = shard.find(part, arrived - 2 * self.folding.ttl_s - AHEAD_S)
        # An article can be filed under several texts; its own id is never its own candidate.
        ids.pop(name, None)
        if shard.add(name, arrived, part):
            records.add(pickle.dumps((SCHEMA, name, arrived, part.tobytes())))
        return tuple(ids)

    def _taken(self, key: str, arrived: int, records: Any, token: Any) -> _Shard:
        since, stored = arrived - 2 * self.folding.ttl_s, token.read() or b""
        shard = _SHARDS.take(self.folding.job, key, stored)
        if shard is None:
            position, gone = self.folding.open_index().forgotten(0)
            shard = _Shard(stored, since, position, set(gone))
            self._fill(shard, records.read())
        if since < shard.since:
            # A part more, lest a stream that goes back in time read the index for each of its articles.
            since -= self.folding.ttl_s // 2
            self._seed(shard, since, shard.since)
            shard.since = since
        return shard

    def _fill(self, shard: _Shard, stored: Iterable[bytes]) -> None:
        for name, seen, part in _filed(stored):
            shard.add(name, seen, np.frombuffer(part, np.uint32))
        self._seed(shard, shard.since, None)

    def _seed(self, shard: _Shard, since: int, before: int | None) -> None:
        for seed in self.folding.open_index().seed(since, before):
            try:
                parts = dict(split(from_document(seed.document["fingerprint"]), self.shards))
            except (KeyError, TypeError, ValueError):
                continue
            if self.own in parts:
                shard.add(seed.document["id"], seconds(seed.document["first_seen"]) or 0, parts[self.own])

    def _forget(self, shard: _Shard, records: Any) -> None:
        """Once a bundle: what a person had forgotten meanwhile leaves the shard and its state."""
        shard.forgotten_at, gone = self.folding.open_index().forgotten(shard.forgotten_at)
        shard.forgotten.update(gone)
        if not set(gone).isdisjoint(shard.ids):
            self._rewrite(shard, records, 0)

    def _rewrite(self, shard: _Shard, records: Any, oldest: int) -> None:
        """Write the state anew without what arrived before `oldest` or was forgotten. Decides nothing: what is out of
        reach would be refused by the deciding key."""
        stored = [(record, filed) for record in records.read() for filed in _filed([record])]
        kept = [record for record, (name, seen, _) in stored if seen >= oldest and name not in shard.forgotten]
        records.clear()
        for record in kept:
            records.add(record)
        shard.since = max(shard.since, oldest + AHEAD_S)
        shard.postings, shard.ids, shard.arrived, shard.known = Postings(), [], [], set()
        self._fill(shard, kept)
        shard.free_at = max(FREE_AT, 2 * len(shard.ids))


def _filed(stored: Iterable[bytes]) -> Iterator[tuple[str, int, bytes]]:
    """Id, arrival and hashes of each state record of this version's schema."""
    for record in stored:
        told = pickle.loads(record)  # noqa: S301 - our own state
        if told[0] == SCHEMA:
            yield told[1], told[2], told[3]
