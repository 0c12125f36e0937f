"""FindCandidates: the candidate look-up split over several shards, each with the sketch hashes that fall to it.

A shard answers for its hashes only and decides nothing. Articles travel in batches, since each element and each state
that is touched costs more than a look-up: article by article, gathering took 1.5 ms of 3.8. The answers to a batch are
gathered, and its articles go to the one deciding key, which compares whole fingerprints. Two articles can pass two
shards in opposite order; then one of them names the other before that is decided, and the memory keeps the name until
it comes (`Memory.awaited`). So the verdicts are those of one shard.
"""

from __future__ import annotations

import os
import pickle
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import apache_beam as beam
import numpy as np
import xxhash
from apache_beam.coders import BytesCoder, PickleCoder
from apache_beam.pvalue import TaggedOutput
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


class FindCandidates(beam.PTransform):
    """(article, fingerprint, whether it is in the index) in; the same with candidate ids out."""

    def __init__(self, folding: Folding, shards: int) -> None:
        super().__init__()
        self.folding, self.shards = folding, shards

    def expand(self, sketched: Any) -> Any:
        batches = sketched | "Batch" >> beam.ParDo(_Batch(self.shards)).with_outputs("parts", main="whole")
        whole = batches.whole | "Whole" >> beam.Map(tuple).with_output_types(tuple[str, Any])
        parts = batches.parts | "ByShard" >> beam.Map(tuple).with_output_types(tuple[str, Any])
        answers = parts | "LookUp" >> beam.ParDo(_LookUp(self.folding, self.shards)).with_output_types(tuple[str, Any])
        return (whole, answers) | "Both" >> beam.Flatten() | "Gather" >> beam.ParDo(_Gather())


class _Batch(Batched):
    """(article, fingerprint, whether it is in the index) in. Out, for many at once: (batch, ("articles", [(item, its
    time)], number of shards asked)), and as `parts` for each of those shards (shard, (batch, [(place in the batch,
    id, arrived, hashes)])).

    A batch bears the time of its oldest article, so that the watermark does not pass any.
    """

    size = 100

    def __init__(self, shards: int) -> None:
        self.shards = shards

    def _flush(self) -> Iterator[Any]:
        held, self._held = self._held, []
        if not held:
            return
        asked: dict[int, list[tuple[int, str, int, Hashes]]] = {}
        for at, ((article, hashes, _), _) in enumerate(held):
            for shard, part in split(hashes, self.shards):
                asked.setdefault(shard, []).append((at, article.id, article.arrived, part))
        batch, oldest = uuid.uuid4().hex, min(timestamp for _, timestamp in held)
        yield WindowedValue((batch, ("articles", held, len(asked))), oldest, [GlobalWindow()])
        for shard, parts in sorted(asked.items()):
            key = f"shard-{shard}-of-{self.shards}"
            yield TaggedOutput("parts", WindowedValue((key, (batch, parts)), oldest, [GlobalWindow()]))


class _LookUp(beam.DoFn):
    """(shard, (batch, parts)) in; (batch, ("answer", shard, {place in the batch: ids})) out; the hashes are filed."""

    RECORDS = BagStateSpec("records", BytesCoder())
    TOKEN = ReadModifyWriteStateSpec("token", BytesCoder())

    def __init__(self, folding: Folding, shards: int) -> None:
        self.folding, self.shards = folding, shards
        self._asked: set[str] = set()

    def start_bundle(self) -> None:
        self._asked = set()

    def process(
        self,
        element: tuple[str, tuple[str, list[tuple[int, str, int, Hashes]]]],
        records: Any = beam.DoFn.StateParam(RECORDS),
        token: Any = beam.DoFn.StateParam(TOKEN),
    ) -> Iterator[tuple[str, Any]]:
        key, (batch, parts) = element
        oldest = min(arrived for _, _, arrived, _ in parts)
        shard = self._taken(key, oldest, records, token)
        if key not in self._asked:
            self._forget(key, shard, records)
            self._asked.add(key)
        answers = {at: self._answer(shard, name, arrived, part, records) for at, name, arrived, part in parts}
        if len(shard.ids) >= shard.free_at:
            self._rewrite(key, shard, records, oldest - 3 * self.folding.ttl_s)
        shard.token = self.folding.epoch.to_bytes(8, "big") + os.urandom(8)
        token.write(shard.token)
        _SHARDS.give(self.folding.job, key, shard)
        yield batch, ("answer", key, {at: ids for at, ids in answers.items() if ids})

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
            self._fill(key, shard, records.read())
        if since < shard.since:
            # A part more, lest a stream that goes back in time read the index for each of its articles.
            since -= self.folding.ttl_s // 2
            self._seed(key, shard, since, shard.since)
            shard.since = since
        return shard

    def _fill(self, key: str, shard: _Shard, stored: Iterable[bytes]) -> None:
        for name, seen, part in _filed(stored):
            shard.add(name, seen, np.frombuffer(part, np.uint32))
        self._seed(key, shard, shard.since, None)

    def _seed(self, key: str, shard: _Shard, since: int, before: int | None) -> None:
        own = int(key.split("-")[1])
        for seed in self.folding.open_index().seed(since, before):
            try:
                parts = dict(split(from_document(seed.document["fingerprint"]), self.shards))
            except (KeyError, TypeError, ValueError):
                continue
            if own in parts:
                shard.add(seed.document["id"], seconds(seed.document["first_seen"]) or 0, parts[own])

    def _forget(self, key: str, shard: _Shard, records: Any) -> None:
        """Once a bundle: what a person had forgotten meanwhile leaves the shard and its state."""
        shard.forgotten_at, gone = self.folding.open_index().forgotten(shard.forgotten_at)
        shard.forgotten.update(gone)
        if not set(gone).isdisjoint(shard.ids):
            self._rewrite(key, shard, records, 0)

    def _rewrite(self, key: str, shard: _Shard, records: Any, oldest: int) -> None:
        """Write the state anew without what arrived before `oldest` or was forgotten. Decides nothing: what is out of
        reach would be refused by the deciding key."""
        stored = [(record, filed) for record in records.read() for filed in _filed([record])]
        kept = [record for record, (name, seen, _) in stored if seen >= oldest and name not in shard.forgotten]
        records.clear()
        for record in kept:
            records.add(record)
        shard.since = max(shard.since, oldest + AHEAD_S)
        shard.postings, shard.ids, shard.arrived, shard.known = Postings(), [], [], set()
        self._fill(key, shard, kept)
        shard.free_at = max(FREE_AT, 2 * len(shard.ids))


def _filed(stored: Iterable[bytes]) -> Iterator[tuple[str, int, bytes]]:
    """Id, arrival and hashes of each state record of this version's schema."""
    for record in stored:
        told = pickle.loads(record)  # noqa: S301 - our own state
        if told[0] == SCHEMA:
            yield told[1], told[2], told[3]


class _Gather(beam.DoFn):
    """Holds a batch until each of its shards has answered; then its articles go on, each in its own time."""

    HELD = BagStateSpec("held", PickleCoder())

    def process(self, element: tuple[str, Any], held: Any = beam.DoFn.StateParam(HELD)) -> Iterator[WindowedValue]:
        _, item = element
        items = [*held.read(), item]
        batch = next((i for i in items if i[0] == "articles"), None)
        answers = {i[1]: i[2] for i in items if i[0] == "answer"}
        if batch is None or len(answers) < batch[2]:
            held.add(item)
            return
        held.clear()
        in_order = [answers[shard] for shard in sorted(answers)]
        for at, (sketched, timestamp) in enumerate(batch[1]):
            ids = tuple(dict.fromkeys(name for answer in in_order for name in answer.get(at, ())))
            yield WindowedValue((*sketched, ids), timestamp, [GlobalWindow()])
