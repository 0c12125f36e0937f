"""Fold: the keyed stage around `memory.Memory`.

What lives where: decisions in Beam state (a bag of journal records), the working memory in this module, keyed by job,
step and key, and believed only if it carries the very token that the state holds; else it is rebuilt from state and
index. So it is never ahead of committed state, nor behind it. With one shard the deciding key looks candidates up
itself; with several, batches go from one range of hashes to the next, and then to the one deciding key.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import apache_beam as beam
from apache_beam.coders import BytesCoder
from apache_beam.transforms.timeutil import TimeDomain
from apache_beam.transforms.userstate import (
    BagStateSpec,
    ReadModifyWriteStateSpec,
    TimerSpec,
    on_timer,
)
from apache_beam.utils.timestamp import Timestamp

from transforms import logs, metrics
from transforms.batches import Batched
from transforms.fold import journal
from transforms.fold.book import UNKNOWN
from transforms.fold.decision import Decision
from transforms.fold.kept import Kept
from transforms.fold.memory import Memory
from transforms.fold.seed import learn, recall, seed
from transforms.fold.shingles import Hashes, fingerprint
from transforms.index.interface import Index
from transforms.records import Article, Source, Write

_log = logging.getLogger(__name__)
# The watermark can trail what is decided by a bundle; memory is kept this much longer than it is needed.
SLACK_S = 3600
# State is written anew when it holds this many records for each live article.
REWRITE_AT, REWRITE_MIN = 3, 5000


@dataclass(frozen=True, slots=True)
class Folding:
    """What the stage needs to know: the TTL in seconds, this start's epoch, and how to open index and agencies on a
    worker; `agency_names` by slug."""

    job: str
    ttl_s: int
    epoch: int
    open_index: Callable[[], Index]
    own_agency: Callable[[str | None, Source], str | None]
    agency_names: Callable[[], Mapping[str, str]] = dict


@dataclass(slots=True)
class Known:
    """A memory, the token of the state that it mirrors, and how far back the index was read into it."""

    memory: Memory
    token: bytes
    since: int
    records: int
    forgotten_at: int
    judged_at: int = 0
    # When the timer is due; and what the next bundle is to free, as one was over when it last was.
    wake_at: int = 0
    free_to: int = 0
    # Placements that a rebuild, a forgotten article or a judgement changed; they go out with the next decision.
    owed: tuple[Write, ...] = ()


_KEPT: Kept[Known] = Kept()


class Fold(beam.PTransform):
    """Articles in, decisions out."""

    def __init__(self, folding: Folding, shards: int = 1) -> None:
        super().__init__()
        self.folding, self.shards = folding, shards

    def expand(self, articles: Any) -> Any:
        sketched = articles | "Fingerprint" >> beam.ParDo(Fingerprint(self.folding.open_index))
        if self.shards > 1:
            from transforms.fold.sharded import FindCandidates

            found = sketched | "FindCandidates" >> FindCandidates(self.folding, self.shards)
        else:
            found = sketched | "NoCandidatesYet" >> beam.MapTuple(lambda a, hashes, stored: (a, hashes, stored, None))
        return keyed(found) | "Decide" >> beam.ParDo(Decide(self.folding))


def keyed(found: Any) -> Any:
    """All under one key: one place decides."""
    return found | "KeyAll" >> beam.Map(lambda item: ("all", item)).with_output_types(tuple[str, Any])


class Fingerprint(Batched):
    """Article in; (article, fingerprint, whether the index had it at this moment) out.

    Asked for many at once, since the index may be a server. An article that is not in it now, and not in memory when it
    is decided, is new: only this graph writes, and what it has written meanwhile memory knows.
    """

    def __init__(self, open_index: Callable[[], Index]) -> None:
        self.open_index = open_index

    def settle(self, elements: Sequence[Article]) -> Sequence[tuple[Article, Hashes, bool]]:
        stored = self.open_index().known([article.id for article in elements])
        return [(article, fingerprint(article.body or article.title), article.id in stored) for article in elements]


class Decide(beam.DoFn):
    """(key, (article, fingerprint, whether it is in the index, candidate ids)) in, `Decision` out."""

    RECORDS = BagStateSpec("records", BytesCoder())
    TOKEN = ReadModifyWriteStateSpec("token", BytesCoder())
    EXPIRY = TimerSpec("expiry", TimeDomain.WATERMARK)

    def __init__(self, folding: Folding) -> None:
        self.folding = folding
        self._fresh = True

    def setup(self) -> None:
        logs.bind(self.folding.job, self.folding.epoch)

    def start_bundle(self) -> None:
        self._fresh = True

    def process(
        self,
        element: tuple[str, tuple[Article, Hashes, bool, Iterable[str] | None]],
        records: Any = beam.DoFn.StateParam(RECORDS),
        token: Any = beam.DoFn.StateParam(TOKEN),
        expiry: Any = beam.DoFn.TimerParam(EXPIRY),
    ) -> Iterator[Decision]:
        key, (article, hashes, stored, candidates) = element
        # Taken, not shared: an attempt that fails before the state is written leaves no memory at all.
        kept = self._taken(key, article, records, token, expiry)
        if self._fresh:
            self._forget(kept, records)
            self._judge(kept)
            metrics.show("fold_articles", len(kept.memory.members))
        self._fresh = False
        if stored:
            kept.owed += tuple(recall(kept.memory, self.folding.open_index(), self.folding.own_agency, article.id))
        agency = self.folding.own_agency(article.url, article.source)
        try:
            decision = kept.memory.decide(article, hashes, agency, candidates)
        except Exception:
            _log.exception("folding failed at article %s", article.id, extra=logs.about_record(article))
            raise
        self._keep(kept, records, token)
        self._wake(kept, article.arrived, expiry)
        if kept.owed:
            decision = replace(decision, writes=(*kept.owed, *decision.writes))
            kept.owed = ()
        _KEPT.give(self.folding.job, key, kept)
        yield decision

    @on_timer(EXPIRY)
    def free(
        self,
        key: str = beam.DoFn.KeyParam,
        at: Timestamp = beam.DoFn.TimestampParam,
        records: Any = beam.DoFn.StateParam(RECORDS),
        token: Any = beam.DoFn.StateParam(TOKEN),
        expiry: Any = beam.DoFn.TimerParam(EXPIRY),
    ) -> None:
        """Free what is out of reach at `at`, which the watermark has passed; decides nothing.

        Not in a bundle that has decided something: what is freed may be read again from the index, where the writes of
        this bundle are not yet. Those of all former ones are, as deciding and writing are one bundle on every runner.
        """
        kept = _KEPT.take(self.folding.job, key, token.read() or b"")
        if kept is None:
            return
        kept.wake_at, kept.free_to = 0, max(kept.free_to, int(at) - SLACK_S)
        if self._fresh:
            self._free(kept, records, expiry)
        self._stamp(kept, token)
        _KEPT.give(self.folding.job, key, kept)

    def _free(self, kept: Known, records: Any, expiry: Any) -> None:
        """Free what is due, and set the timer for when something is again."""
        to, kept.free_to = kept.free_to, 0
        kept.memory.expire(to)
        # Should an article come that arrived before that, what it can be folded with is read again.
        kept.since = max(kept.since, to - 2 * self.folding.ttl_s)
        if kept.records > REWRITE_AT * len(kept.memory.members):
            self._rewrite(kept, records)
        oldest = min((at for _, at, has in kept.memory.members.published() if has), default=None)
        if oldest is not None:
            # At the earliest an eighth of a TTL from now.
            self._wake(kept, max(oldest, to - 15 * self.folding.ttl_s // 8), expiry)

    def _wake(self, kept: Known, published: int, expiry: Any) -> None:
        """One timer at a time: it is set when none waits, for when what was published then is out of reach."""
        if not (kept.wake_at or kept.free_to):
            kept.wake_at = published + 2 * self.folding.ttl_s + SLACK_S + 1
            expiry.set(Timestamp(kept.wake_at))

    def _taken(self, key: str, article: Article, records: Any, token: Any, expiry: Any) -> Known:
        """The memory that mirrors the state, rebuilt where it does not, reaching back far enough for `article`."""
        since = article.arrived - 2 * self.folding.ttl_s
        kept = _KEPT.take(self.folding.job, key, token.read() or b"")
        if kept is None:
            kept = self._rebuild(records, token, since)
            metrics.count("fold_rebuilds")
        elif kept.free_to and self._fresh:
            self._free(kept, records, expiry)
        if since < kept.since:
            # A part more, lest a stream that goes back in time read the index for each of its articles.
            since -= self.folding.ttl_s // 2
            kept.owed += tuple(self._seed(kept.memory, since, kept.since))
            kept.since = since
        return kept

    def _rebuild(self, records: Any, token: Any, since: int) -> Known:
        memory = Memory(self.folding.ttl_s, self.folding.epoch, self.folding.agency_names())
        position, gone = self.folding.open_index().forgotten(0)
        memory.forgotten.update(gone)
        judged_at, judged = self.folding.open_index().judgements(0)
        memory.book.judgements.add(judged)
        stored = list(records.read())
        memory.load(journal.latest(stored))
        owed = self._seed(memory, since, None)
        if memory.book.judgements.any:
            # What state tells of, and is older than what was read, is judged as well. And a person may have parted or
            # joined stories while nothing ran.
            named = sorted(memory.book.judgements.named & memory.members.keys())
            owed += memory.heal(named)
            memory.book.placed.update(dict.fromkeys(named, UNKNOWN))
        return Known(memory, token.read() or b"", since, len(stored), position, judged_at, owed=tuple(owed))

    def _seed(self, memory: Memory, since: int, before: int | None) -> list[Write]:
        return seed(memory, self.folding.open_index(), self.folding.own_agency, since, before)

    def _forget(self, kept: Known, records: Any) -> None:
        """Once a bundle: what a person had forgotten meanwhile leaves memory and state, not only the index."""
        kept.forgotten_at, gone = self.folding.open_index().forgotten(kept.forgotten_at)
        if gone:
            kept.owed += tuple(kept.memory.forget(gone))
            self._rewrite(kept, records)

    def _judge(self, kept: Known) -> None:
        """Once a bundle: what a person judged meanwhile is obeyed."""
        index = self.folding.open_index()
        kept.judged_at, entries = index.judgements(kept.judged_at)
        if entries:
            kept.owed += tuple(learn(kept.memory, index, self.folding.own_agency, entries))

    def _keep(self, kept: Known, records: Any, token: Any) -> None:
        changed = kept.memory.changed
        serial = kept.memory.clock.next()
        for member in changed.values():
            records.add(journal.dump(member, serial))
        kept.records += len(changed)
        changed.clear()
        if kept.records > max(REWRITE_MIN, REWRITE_AT * len(kept.memory.members)):
            self._rewrite(kept, records)
        self._stamp(kept, token)

    def _rewrite(self, kept: Known, records: Any) -> None:
        records.clear()
        serial = kept.memory.clock.next()
        for member in kept.memory.members.every():
            records.add(journal.dump(member, serial))
        kept.records = len(kept.memory.members)
        kept.memory.changed.clear()

    def _stamp(self, kept: Known, token: Any) -> None:
        """A token that no other attempt can have given: epoch and chance."""
        kept.token = self.folding.epoch.to_bytes(8, "big") + os.urandom(8)
        token.write(kept.token)
