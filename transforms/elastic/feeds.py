"""What is stored of each feed: when it was last asked, how far reading it has come; and what happened, poll by poll.

The history of a poll is written before its progress, under an id that comes from the two: a process that dies in
between writes it again, as the same document. (A rollover just then makes it two, in a metric.) Whoever dies before the
progress is stored reads the feed again.
"""

from __future__ import annotations

import hashlib
import json
import socket
import time
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime

from transforms.elastic.client import Server
from transforms.elastic.operations import Operation, done
from transforms.elastic.reach import Reach
from transforms.elastic.scan import scan
from transforms.index.documents import parts
from transforms.index.encode import dumps, mend, mend_text
from transforms.records import Json, Poll, rfc3339

_NONE = -1  # the batch of a feed of which no poll is stored
_LONGEST_ID = 400  # bytes
_ERROR = 1000  # characters that are shown of an error


def read(reach: Reach, readers: Collection[str] | None = None) -> dict[str, Json]:
    """Progress of these feeds (None: of all) by reader id, with `requested_ms` (0: never asked) and `batch` (-1: no
    poll stored)."""
    if readers is None:
        reach.refresh(reach.feeds)
        hits = scan(reach, [reach.feeds], {"match_all": {}}, [{"event.id": "asc"}])
        sources = [hit.source for hit in hits]
    else:
        sources = [kept.source for kept in reach.several(reach.feeds, map(_id, readers)).values()]
    return progress_of(sources)


def progress_of(documents: Iterable[Json]) -> dict[str, Json]:
    """What documents of feeds tell, as `read` does."""
    return {
        feed["reader"]: {**json.loads(feed["progress"]), "requested_ms": feed["requested_ms"], "batch": feed["batch"]}
        for feed in (document["news"]["feed"] for document in documents)
    }


def mark_requested(reach: Reach, reader: str, at_ms: int) -> None:
    """Store the time of the request that is about to be made."""

    def changed(source: Json | None) -> Json:
        feed = source["news"]["feed"] if source else _new(reader)
        return _document(reader, {**feed, "requested_ms": at_ms}, at_ms // 1000)

    reach.change(reach.feeds, _id(reader), changed)


def commit_polls(reach: Reach, polls: Iterable[Poll]) -> list[bool]:
    """Store the progress of each poll whose batch is above the stored one of its feed, and one health document each;
    a poll whose `progress["error"]` is set counts as failed. Which were stored."""
    outcomes: list[bool] = []
    for part in parts(polls):
        stored = reach.several(reach.feeds, {_id(poll.reader) for poll in part})
        batches = {key: kept.source["news"]["feed"]["batch"] for key, kept in stored.items()}
        new = [poll.batch > batches.get(_id(poll.reader), _NONE) for poll in part]
        _report(reach, [poll for poll, fresh in zip(part, new, strict=True) if fresh])
        outcomes += [fresh and _commit(reach, poll) for poll, fresh in zip(part, new, strict=True)]
    return outcomes


def _commit(reach: Reach, poll: Poll) -> bool:
    text = dumps(mend(poll.progress))
    tried = stored = False

    def changed(source: Json | None) -> Json | None:
        nonlocal tried, stored
        feed = source["news"]["feed"] if source else _new(poll.reader)
        if poll.batch <= feed["batch"]:
            # An answer that was lost: what is stored is what was sent.
            stored = tried and (feed["batch"], feed["progress"]) == (poll.batch, text)
            return None
        tried = stored = True
        error = poll.progress.get("error")
        success = poll.progress.get("last_success")
        return _document(
            poll.reader,
            {
                **feed, "batch": poll.batch, "progress": text, "polls": feed["polls"] + 1,
                "failed_polls": feed["failed_polls"] + bool(error), "failed": bool(error), "error": _short(error),
                "last_success": rfc3339(success) if isinstance(success, int) else None,
            },
            int(time.time()),
        )  # fmt: skip

    reach.change(reach.feeds, _id(poll.reader), changed)
    return stored


def report(server: Server, document: Json) -> None:
    """Append a health document of the pipeline, as it is. One whose answer was lost may stand twice."""
    reach = Reach(server)
    done(reach, [Operation("index", reach.health_write, None, document, alias=True)])


def _report(reach: Reach, polls: Sequence[Poll]) -> None:
    operations = []
    for poll in polls:
        error = _short(poll.progress.get("error"))
        told = _health({"reader": poll.reader, "batch": poll.batch, "error": error})
        key = hashlib.sha256(f"{poll.reader}\0{poll.batch}".encode()).hexdigest()[:32]
        operations.append(Operation("index", reach.health_write, key, told, alias=True))
    done(reach, operations)


def _health(feed: Json) -> Json:
    outcome = "failure" if feed["error"] else "success"
    return {
        "@timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "event": {"kind": "metric", "module": "news", "dataset": "news.feed", "outcome": outcome},
        "host": {"name": socket.gethostname()},
        "news": {"feed": feed},
    }


def _new(reader: str) -> Json:
    return {
        "reader": reader, "requested_ms": 0, "batch": _NONE, "polls": 0, "failed_polls": 0, "failed": False,
        "error": None, "last_success": None, "progress": "{}",
    }  # fmt: skip


def _document(reader: str, feed: Json, at: int) -> Json:
    event = {"kind": "state", "module": "news", "dataset": "news.feed", "id": reader}
    return {"@timestamp": rfc3339(at), "event": event, "news": {"feed": feed}}


def _id(reader: str) -> str:
    """The id of a feed's document: ids may be 512 bytes long, and an address longer."""
    return reader if len(reader.encode()) <= _LONGEST_ID else hashlib.sha256(reader.encode()).hexdigest()


def _short(error: object) -> str | None:
    return mend_text(str(error)[:_ERROR]) if error else None
