"""Polls feeds in threads of its own, so that no bundle ever waits for a socket.

A poll ends as records in a queue: its entries and dead letters, then one `Poll`. It counts as done when the index has
stored that poll's progress, which happens after all its entries are written; until then the feed is left alone. A crash
before that reads the same body again.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from transforms.feeds.guard import Resolver, origin_of
from transforms.feeds.hosts import HostQueue
from transforms.feeds.http import Fetcher
from transforms.feeds.pages import PageReader, PageText, needs_page, with_page
from transforms.feeds.parse import RawItem
from transforms.feeds.poll import Answer, Result, ask, conclude, dead_letter, entry_of, unusable
from transforms.feeds.schedule import first_due_ms
from transforms.feeds.specs import FeedSpec, FeedStore, FetchPolicy
from transforms.records import SUMMARY, DeadLetter, Entry, Json, Origin, Poll

log = logging.getLogger(__name__)
Record = Entry | DeadLetter | Poll
_TICK_S = 0.05
_COMMIT_CHECK_S = 0.2
_RELEASE_S = 600.0
# Between storing that a request is about to be made and its reaching the server.
_UNSURE_MS = 250
_LATE = PageText(error="budget: this poll's time for pages was over")
_IDLE, _QUEUED, _POLLING, _UNCOMMITTED = "idle", "queued", "polling", "uncommitted"


class _Stopped(Exception):
    """The poller was stopped while a thread waited."""


@dataclass(slots=True, eq=False)
class _Feed:
    """What the poller knows of a feed; `progress` is the committed one."""

    spec: FeedSpec
    progress: Json
    due_ms: int
    state: str = _IDLE
    batch: int = 0
    requested_ms: int = 0
    released: bool = False


@dataclass(slots=True, eq=False)
class _Polling:
    """A poll whose records are being put out."""

    feed: _Feed
    batch: int
    progress: Json
    arrived: int
    deadline: float
    pages: int = 0
    records: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def origin(self) -> Origin:
        """The next record's."""
        with self.lock:
            self.records += 1
            return Origin(self.feed.spec.reader, self.batch, self.records - 1)


class Poller:
    """Polls `feeds` when they are due, or each exactly once with `once`. Start, `drain` till `finished` or stopped.

    With `once` and `due_only` a feed that is not due at the start counts as polled. `store` holds progress; only
    `feeds` and `mark_requested` are called. `resolver`, `now_ms` and `dice` replace the system's for tests. Raises
    ValueError for a policy that cannot be read or for two feeds of one id.
    """

    def __init__(
        self,
        feeds: Sequence[FeedSpec],
        store: FeedStore,
        policy: FetchPolicy,
        once: bool = False,
        *,
        due_only: bool = False,
        resolver: Resolver | None = None,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        dice: Callable[[], float] = random.random,
    ) -> None:
        if len({spec.reader for spec in feeds}) < len(feeds):
            raise ValueError("two feeds have the same id")
        self._specs, self._store, self._policy, self._once = tuple(feeds), store, policy, once
        self._due_only, self._now_ms, self._dice = once and due_only, now_ms, dice
        self._fetcher = Fetcher(policy, resolver)
        self._page_reader = PageReader(self._fetcher)
        self._feeds: list[_Feed] = []
        self._work: queue.SimpleQueue[_Feed | None] = queue.SimpleQueue()
        self._pages: HostQueue[tuple[_Polling, RawItem]] = HostQueue()
        self._out: queue.Queue[Record] = queue.Queue(policy.queue)
        self._threads: list[threading.Thread] = []
        self._stopping, self._given_up = threading.Event(), threading.Event()
        self._lock, self._completed, self._next_check = threading.Lock(), 0, 0.0
        self._bug: BaseException | None = None

    def start(self) -> None:
        """Read the stored progress and begin."""
        stored, now = self._store.feeds(), self._now_ms()
        for spec in self._specs:
            row = stored.get(spec.reader) or {}
            asked = row["requested_ms"] + _UNSURE_MS if row.get("requested_ms") else None
            due = first_due_ms(row.get("next_due_ms"), asked, spec.interval_s, now)
            if self._due_only and due > now:
                self._completed += 1
            else:
                self._feeds.append(_Feed(spec, row, 0 if self._once else due, batch=row.get("batch") or 0))
        page_threads = self._policy.page_threads if self._policy.pages else 0
        workers = [self._poll_loop] * min(self._policy.threads, len(self._feeds)) + [self._page_loop] * page_threads
        for number, loop in enumerate([self._clock_loop, *workers]):
            thread = threading.Thread(target=self._guarded, args=(loop,), name=f"feeds-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def drain(self, max_items: int = 500) -> list[Record]:
        """Up to `max_items` records, without waiting. Raises what ended a thread: a bug, the store."""
        if self._bug is not None:
            raise self._bug
        records: list[Record] = []
        with contextlib.suppress(queue.Empty):
            while len(records) < max_items:
                records.append(self._out.get_nowait())
        return records

    def release(self) -> None:
        """Whoever drained has lost what it drained. Polls that are not committed count for nothing: their feeds are
        polled again, from the stored progress and no sooner than an interval after the last request."""
        with self._lock:
            for feed in self._feeds:
                if feed.state == _UNCOMMITTED:
                    self._let_go(feed)
                elif feed.state == _POLLING:
                    feed.released = True

    @property
    def finished(self) -> bool:
        """With `once`: every feed has been polled and everything has been drained."""
        return self._once and self._completed == len(self._specs) and self._out.empty()

    @property
    def idle(self) -> bool:
        """Nothing queued, under way, uncommitted or undrained."""
        return not any(count for name, count in self.counts().items() if name not in (_IDLE, "pages"))

    def counts(self) -> dict[str, int]:
        """How many feeds are idle, queued, polling and uncommitted; records undrained; pages waiting."""
        with self._lock:
            states = [feed.state for feed in self._feeds]
        counts = {state: states.count(state) for state in (_IDLE, _QUEUED, _POLLING, _UNCOMMITTED)}
        return counts | {"undrained": self._out.qsize(), "pages": len(self._pages)}

    def stop(self, wait_s: float = 5.0) -> None:
        """Begin nothing new and wait up to `wait_s` seconds for what is under way. What is not put out by then is read
        again after the next start; what was put out can still be drained."""
        self._stopping.set()
        for _ in self._threads:
            self._work.put(None)
        end = time.monotonic() + wait_s
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        self._given_up.set()

    @property
    def committed(self) -> bool:
        """Everything that was put out has been drained, and its polls' progress is stored."""
        with self._lock:
            waiting = [feed for feed in self._feeds if feed.state == _UNCOMMITTED]
        stored = self._store.feeds([feed.spec.reader for feed in waiting])
        return self._out.empty() and all(stored.get(f.spec.reader, {}).get("batch", -1) >= f.batch for f in waiting)

    def _guarded(self, loop: Callable[[], None]) -> None:
        try:
            with contextlib.suppress(_Stopped):
                loop()
        except BaseException as error:
            log.exception("a feed thread died")
            self._bug = self._bug or error

    def _clock_loop(self) -> None:
        while not self._stopping.is_set():
            self._see_commits()
            now = self._now_ms()
            with self._lock:
                due = sorted((f for f in self._feeds if f.state == _IDLE and f.due_ms <= now), key=lambda f: f.due_ms)
                for feed in due:
                    feed.state = _QUEUED
            for feed in due:
                self._work.put(feed)
            if self._once:
                return
            self._stopping.wait(_TICK_S)

    def _see_commits(self) -> None:
        with self._lock:
            waiting = [feed for feed in self._feeds if feed.state == _UNCOMMITTED]
        begun = time.monotonic()
        if not waiting or begun < self._next_check:
            return
        stored, now = self._store.feeds([feed.spec.reader for feed in waiting]), self._now_ms()
        # Reading the progress of thousands of feeds costs something: it may take a sixth of this thread's time.
        self._next_check = time.monotonic() + max(_COMMIT_CHECK_S, 5 * (time.monotonic() - begun))
        for feed in waiting:
            row = stored.get(feed.spec.reader) or {}
            with self._lock:
                if (row.get("batch") or 0) >= feed.batch:
                    feed.progress, feed.state = row, _IDLE
                    feed.due_ms = first_due_ms(row.get("next_due_ms"), feed.requested_ms, feed.spec.interval_s, now)
                elif now > feed.requested_ms + 1000 * max(10 * feed.spec.interval_s, _RELEASE_S):
                    log.warning("%s: a poll was not committed in time; polling again", feed.spec.reader)
                    self._let_go(feed)

    def _let_go(self, feed: _Feed) -> None:
        """Under the lock: forget a feed's last poll."""
        feed.state, feed.released = _IDLE, True
        feed.due_ms = feed.requested_ms + _UNSURE_MS + round(feed.spec.interval_s * 1000)

    def _poll_loop(self) -> None:
        while (feed := self._work.get()) is not None and not self._stopping.is_set():
            self._poll(feed)

    def _poll(self, feed: _Feed) -> None:
        spec, now = feed.spec, self._now_ms()
        with self._lock:
            feed.state, feed.requested_ms, feed.batch = _POLLING, now, max(now, feed.batch + 1)
            released, feed.released = feed.released, False
        if released:
            feed.progress = self._store.feeds([spec.reader]).get(spec.reader) or {}
        self._store.mark_requested(spec.reader, now)
        asked = ask(spec, feed.progress, now)
        fetched = self._fetcher.get(asked.url, etag=asked.etag, last_modified=asked.last_modified, secret=asked.secret)
        answer = Answer(asked, fetched, self._now_ms(), self._dice)
        self._emit(feed, conclude(spec, self._policy, feed.progress, answer), answer.ended_ms // 1000)

    def _emit(self, feed: _Feed, result: Result, arrived: int) -> None:
        """Put out what is whole; hand what needs its page to the page threads; end the poll where nothing waits."""
        polling = _Polling(feed, feed.batch, result.progress, arrived, time.monotonic() + self._policy.page_budget_s)
        waiting: list[RawItem] = []
        for item in result.fresh:
            problem = unusable(item)
            short = problem is None and needs_page(item)
            if problem is not None:
                self._put(dead_letter(feed.spec, item, polling.origin(), arrived, problem))
            elif short and self._policy.pages:
                waiting.append(item)
            else:
                self._put(entry_of(feed.spec, item, polling.origin(), arrived, SUMMARY if short else "feed"))
        polling.pages = len(waiting)
        for item in waiting:
            self._pages.put(origin_of(item.url or "")[1], (polling, item))
        if not waiting:
            self._end(polling)

    def _page_loop(self) -> None:
        while not self._stopping.is_set():
            taken = self._pages.take(timeout=_COMMIT_CHECK_S)
            if taken is None:
                continue
            host, (polling, item) = taken
            late = time.monotonic() > polling.deadline
            page = _LATE if late else self._page_reader.read(item)
            self._pages.done(host, 0.0 if late else max(self._policy.per_host_delay_s, page.delay_s))
            entry = entry_of(polling.feed.spec, item, polling.origin(), polling.arrived, SUMMARY)
            self._put(with_page(entry, page))
            with polling.lock:
                polling.pages -= 1
                last = polling.pages == 0
            if last:
                self._end(polling)

    def _end(self, polling: _Polling) -> None:
        spec = polling.feed.spec
        with self._lock:
            # Before the poll is put out: its commit may come back faster than this thread runs on.
            polling.feed.state = _UNCOMMITTED
            if polling.feed.released:
                self._let_go(polling.feed)
        self._put(Poll(spec.reader, polling.batch, polling.records, polling.progress))
        with self._lock:
            self._completed += 1

    def _put(self, record: Record) -> None:
        while not self._given_up.is_set():
            with contextlib.suppress(queue.Full):
                return self._out.put(record, timeout=_COMMIT_CHECK_S)
        raise _Stopped
