"""What an output publishes of decisions: documents as they stand in the index, the last message of a key the latest.

After a crash between the index and the broker, a decision comes again as *known*, with nothing to write. So the first
time that an article is seen again, all of its story that this process has not published yet is published.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from transforms.clean.replay import entry_document
from transforms.fold.decision import Decision
from transforms.index.interface import Index
from transforms.index.write import entry_of
from transforms.kafka.outlet import Headers, Outlet, Refusal, Sent
from transforms.kafka.outlets import open_outlet
from transforms.kafka.specs import OutputSpec
from transforms.perprocess import PerProcess
from transforms.records import Article, DeadLetter, Entry, Json, Origin, Source, seconds

log = logging.getLogger(__name__)
STAGE = "output"
# Of the documents as `export`, `story` and `alerts` print them.
DOCUMENT_VERSION = 1
HEADERS: Headers = (("content-type", b"application/json"), ("schema-version", str(DOCUMENT_VERSION).encode()))
# So many documents are read, and on their way, at a time.
_CHUNK = 100
_MOST_TOLD = 50_000
# What a message holds beside key and value.
_AROUND = 1024


def document_bytes(document: Json) -> bytes:
    """A document as the value of a message."""
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")


@dataclass(slots=True)
class Touched:
    """The ids of articles and stories that decisions touched, each with the article that did so first."""

    articles: dict[str, Article] = field(default_factory=dict)
    stories: dict[str, Article] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Posted:
    """A message under way, and what its dead letter would hold if it were refused."""

    key: str
    sent: Sent
    entry: Callable[[], Entry]


class Publisher:
    """The article and story topics of one output. Thread-safe.

    Documents are read and handed over by one thread at a time, so that none overtakes a newer one of the same key.
    """

    def __init__(self, spec: OutputSpec) -> None:
        self._spec = spec
        self._order = threading.Lock()
        # The story in which an article was when this process last published it.
        self._told: dict[str, str] = {}

    def publish(self, index: Index, decisions: Sequence[Decision]) -> list[DeadLetter]:
        """Publish all that these decisions touched, and wait until the broker has it. Returns what it will never take.

        Raises KafkaAway once somebody gave up.
        """
        try:
            touched = self._touched(index, decisions)
            letters = self._send(index, touched.articles, touched, self._articles)
            if self._spec.stories:
                index.refresh()
                letters += self._send(index, touched.stories, touched, self._stories)
        except BaseException:
            self._told.clear()
            raise
        return letters

    def _touched(self, index: Index, decisions: Iterable[Decision]) -> Touched:
        touched = Touched()
        for decision in decisions:
            article, story = decision.article, decision.story
            for write in decision.writes:
                touched.articles.setdefault(write.id, article)
                placed = write.fields["story"] if write.group == "story" else None
                for name in (placed["id"], *placed["merged_from"]) if placed else ():
                    touched.stories.setdefault(name, article)
            if story and decision.writes:
                touched.stories.setdefault(story["id"], article)
            if article.id not in self._told:
                touched.articles.setdefault(article.id, article)
                if story and decision.outcome in ("known", "sighting"):
                    self._whole(index, story["id"], article, touched)
        return touched

    def _whole(self, index: Index, story: str, article: Article, touched: Touched) -> None:
        document = index.story(story) or {"members": []}
        touched.stories.setdefault(story, article)
        for member in document["members"]:
            if member["id"] not in self._told:
                touched.articles.setdefault(member["id"], article)

    def _send(
        self,
        index: Index,
        named: dict[str, Article],
        touched: Touched,
        post: Callable[[Index, Outlet, list[str], Touched], Iterator[Posted]],
    ) -> list[DeadLetter]:
        letters: list[DeadLetter] = []
        outlet = open_outlet(self._spec)
        todo = list(named)
        while todo:
            part, todo = todo[:_CHUNK], todo[_CHUNK:]
            with self._order:
                posts = list(post(index, outlet, part, touched))
            failed = []
            for posted in posts:
                outlet.wait(posted.sent)
                fate = posted.sent.fate()
                if isinstance(fate, Refusal):
                    letters.append(_letter(posted, fate))
                elif fate is not None:
                    log.warning("%s is sent to %s again: %r", posted.key, posted.sent.topic, fate)
                    failed.append(posted.key)
            if failed:
                outlet.rest("the broker refuses for the moment")
                # Not the same bytes: what stands in the index by then.
                todo = failed + todo
        return letters

    def _articles(self, index: Index, outlet: Outlet, ids: list[str], touched: Touched) -> Iterator[Posted]:
        found = {document["id"]: document for document in index.documents(ids)}
        if len(self._told) > _MOST_TOLD:
            self._told.clear()
        for name in ids:
            document = found.get(name)
            story = ((document or {}).get("story") or {}).get("id") or ""
            former = self._told.get(name, story)
            if former not in ("", story):
                # It has left that story, of which no write tells.
                touched.stories.setdefault(former, touched.articles[name])
            self._told[name] = story
            if self._spec.articles:
                value = None if document is None else document_bytes(document)
                sent = outlet.send(self._spec.articles, name.encode(), value, HEADERS)
                yield Posted(name, sent, _entry_of(document, touched.articles[name]))

    def _stories(self, index: Index, outlet: Outlet, ids: list[str], touched: Touched) -> Iterator[Posted]:
        for name in ids:
            document = index.story(name)
            value = None
            # One that is no more, or was merged into another, is a tombstone; that other is touched itself.
            if document is not None and document["id"] == name:
                value = document_bytes(document)
                if len(value) + _AROUND > self._spec.max_bytes:
                    # As `stories` prints it, with the number of its members: each of these is published by itself.
                    value = document_bytes({**document, "members": len(document["members"])})
            sent = outlet.send(self._spec.stories or "", name.encode(), value, HEADERS)
            yield Posted(name, sent, _entry_of(None, touched.stories[name]))


def _entry_of(document: Json | None, article: Article) -> Callable[[], Entry]:
    """The entry that comes to the article of `document`, without one to `article` itself."""

    def entry() -> Entry:
        if document is None or document["id"] == article.id:
            return entry_of(article)
        told: Json = {name: document.get(name) for name in ("url", "guid", "body", "author", "published", "language")}
        source = document["source"]
        publisher = Source(source["id"], source["name"] or "", source["domain"] or "", source.get("agency"))
        return Entry(Origin(""), publisher, seconds(document["first_seen"]) or 0, title=document["title"] or "", **told)

    return entry


def _letter(posted: Posted, refusal: Refusal) -> DeadLetter:
    """The letter of a refused document. Its replay takes the article through the graph again, and so to the topic; the
    same document refused again is the same letter."""
    log.error("%s: %s", posted.key, refusal.reason)
    entry = posted.entry()
    origin = Origin(f"{STAGE}:{posted.sent.topic}")
    return DeadLetter(STAGE, f"{refusal.reason}: {posted.key}", "entry", entry_document(entry), origin, entry.arrived)


_publishers: PerProcess[Publisher] = PerProcess()


def publisher(spec: OutputSpec) -> Publisher:
    """The publisher of an output: the same for every caller of the process."""
    return _publishers.get((spec.key, spec.articles, spec.stories), lambda: Publisher(spec))
