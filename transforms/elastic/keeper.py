"""The keeper of story documents: makes them anew, about once a second, from the articles that changed.

What happens when the process dies: stories that were touched and not made yet are as they were. The keeper therefore
stores, after it has made all that was touched, since when it owes nothing (`mark`). The next start makes anew every
story of the articles that were written after that, and every story that named one of them.

A story document is replaced only as it was before its articles were read: of two who make the same story at once, one
makes it again, so that it is never older than the articles.
"""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from transforms.elastic import stories
from transforms.elastic.operations import Operation, send
from transforms.elastic.reach import Kept, Reach
from transforms.elastic.scan import buckets, scan
from transforms.elastic.search import terms
from transforms.index.documents import parts
from transforms.index.interface import IndexAway
from transforms.records import Json, rfc3339, seconds

_log = logging.getLogger(__name__)
_EVERY_S, _LONGEST_WAIT_S, _CLOSE_S = 1.0, 30.0, 10.0
_AT_ONCE = 500
_SHARE = 5  # of its time the keeper works for one part at most: the pipeline has better use for the processor
_MARGIN_S = 60  # between the clock of who wrote an article and ours, and what a request may take
_MARK = "stories"


def document(story: Json, members: Sequence[Json]) -> Json:
    """The stored document of a story: `story` as `story_document` gives it, `members` its stored articles."""
    pairs = {pair for member in members for pair in member["news"].get("country_pairs") or ()}
    first, latest = story["first_published"], story["latest"]
    return {
        "@timestamp": latest,
        "event": {
            "kind": "state", "module": "news", "dataset": "news.story", "id": story["id"],
            "start": first, "end": latest, "ingested": rfc3339(int(time.time())),
        },
        "news": {
            "story": {name: story[name] for name in ("id", "merged_from", "original_id")},
            **{name: story[name] for name in ("title", "members", "reposts", "languages", "agencies", "topics")},
            **{name: story[name] for name in ("sources", "original_source", "entities")},
            "articles": sorted(member["news"]["id"] for member in members),
            "country_pairs": sorted(pairs),
            "first_published": first, "latest": latest,
            "spread_s": (seconds(latest) or 0) - (seconds(first) or 0),
        },
    }  # fmt: skip


def changes(
    wanted: Iterable[str], made: Mapping[str, Json], stored: Mapping[str, Json]
) -> Iterator[tuple[str, Json | None]]:
    """What to write so that the stories `wanted` stand as `made`: (id, document), or (id, None) for one to delete."""
    for key in wanted:
        new, old = made.get(key), stored.get(key)
        if new is None and old is not None:
            yield key, None
        elif new is not None and (old is None or _told(new) != _told(old)):
            yield key, new


def _told(source: Json) -> Json:
    return {**source, "event": {**source["event"], "ingested": None}}


def make(reach: Reach, ids: Iterable[str]) -> None:
    """Make the documents of these stories anew, and delete those of stories without articles. May be repeated."""
    todo = list(dict.fromkeys(ids))
    while todo:
        again: list[str] = []
        for part in parts(todo, _AT_ONCE):
            again += _make(reach, part)
        todo = again


def _make(reach: Reach, ids: list[str]) -> list[str]:
    """Ids of the stories that somebody else made meanwhile."""
    stored = reach.several(reach.stories, ids)  # before the articles are read
    reach.refresh(reach.articles, reach.stories)
    made = {key: document(one.document, one.sources) for key, one in stories.read(reach, ids).items()}
    operations = [
        _operation(reach, key, new, stored.get(key))
        for key, new in changes(ids, made, {key: kept.source for key, kept in stored.items()})
    ]
    again = []
    for outcome in send(reach, operations):
        if outcome.status == 409:
            again.append(str(outcome.operation.id))
        elif outcome.status >= 400 and outcome.status != 404:
            _log.warning("the document of story %s was refused: %s", outcome.operation.id, outcome.reason)
    return again


def _operation(reach: Reach, key: str, new: Json | None, before: Kept | None) -> Operation:
    if new is None:
        return Operation("delete", reach.stories, key, None, before)
    return Operation("index" if before else "create", reach.stories, key, new, before)


class Keeper:
    """Makes the stories that are touched, in a thread of its own that begins with the first touch."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._changed = threading.Condition()
        self._flushing = threading.Lock()
        self._touched: set[str] = set()
        self._writing: dict[object, float] = {}
        self._thread: threading.Thread | None = None
        self._resumed = self._closed = False

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Articles are being written, and will be touched before this ends: until then the mark stays behind."""
        me = object()
        with self._changed:
            self._writing[me] = time.time()
        try:
            yield
        finally:
            self._reach.wrote(self._reach.articles)
            with self._changed:
                del self._writing[me]

    def touch(self, ids: Iterable[str]) -> None:
        """Articles of these stories have changed."""
        with self._changed:
            self._touched.update(ids)
            if self._touched and self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name="story keeper", daemon=True)
                self._thread.start()
                atexit.register(self.close)
            self._changed.notify_all()

    def flush(self) -> None:
        """Make all that is touched, and what the last run owed, before returning. IndexAway where that cannot be; then
        it stays touched. Nothing for a process that has written no article: another may be about to touch some."""
        with self._changed:
            if self._thread is None:
                return
        with self._flushing:
            self._flush(self._reach)

    def close(self) -> None:
        """Make what is touched, if the server answers within seconds, and end. What is left the next start makes."""
        atexit.unregister(self.close)
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread is None or not self._flushing.acquire(timeout=_CLOSE_S):
            return
        try:
            self._flush(self._reach.impatient())
        except IndexAway as away:
            _log.warning("story documents are behind until the next start: %s", away)
        finally:
            self._flushing.release()

    def _flush(self, reach: Reach) -> None:
        if not self._resumed:
            self.touch(owed(reach))
            self._resumed = True
        with self._changed:
            now = min(self._writing.values(), default=time.time())
            touched, self._touched = self._touched, set()
        try:
            make(reach, touched)
            if touched:
                _move(reach, int(now))
        except BaseException:
            with self._changed:
                self._touched |= touched
            raise

    def _run(self) -> None:
        wait = _EVERY_S
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or bool(self._touched))
                self._changed.wait_for(lambda: self._closed, wait)
                if self._closed:
                    return
            began = time.monotonic()
            try:
                self.flush()
                wait = max(_EVERY_S, (_SHARE - 1) * (time.monotonic() - began))
            except IndexAway as away:
                _log.warning("story documents wait: %s", away)
                wait = min(_LONGEST_WAIT_S, wait * 2)
            except Exception:
                # The pipeline goes on without story documents; they are made when it works again.
                _log.exception("story documents could not be made; they will be")
                wait = min(_LONGEST_WAIT_S, wait * 2)


def owed(reach: Reach) -> set[str]:
    """The stories that may have changed since the mark: those of the articles written since, those merged into these,
    and those whose documents name one of the articles. Without a mark: all."""
    mark = reach.get(reach.meta, _MARK)
    reach.refresh(reach.articles, reach.stories)
    if mark is None:
        every = buckets(reach, reach.stories, {"match_all": {}}, {"story": stories.STORY})
        here = buckets(reach, reach.articles, {"match_all": {}}, {"story": stories.STORY})
        return {key["story"] for found in (every, here) for key in found}
    since = rfc3339((seconds(mark.source["ingested"]) or 0) - _MARGIN_S)
    fresh = {"range": {"event.ingested": {"gte": since}}}
    found = {
        key["story"]
        for field in (stories.STORY, stories.MERGED)
        for key in buckets(reach, reach.articles, fresh, {"story": field})
    }
    articles = (hit.id for hit in scan(reach, [reach.articles], fresh, [{"news.id": "asc"}], fields=()))
    for part in parts(articles, 10_000):
        named = buckets(reach, reach.stories, terms("news.articles", part), {"story": stories.STORY})
        found.update(key["story"] for key in named)
    return found


def _move(reach: Reach, at: int) -> None:
    """Nothing that was written before `at` is owed."""

    def changed(old: Json | None) -> Json | None:
        return {"ingested": rfc3339(at)} if old is None or (seconds(old["ingested"]) or 0) < at else None

    reach.change(reach.meta, _MARK, changed)
