"""One poll of one feed, without its sockets: what to ask for, and what an answer means. Pure.

Progress is a JSON object, stored by the index once all of a poll's entries are written:

    url, url_mark     where the feed is (permanent redirects followed), and a hash of the configured URL
    etag, last_modified, body_hash, full_ms
                      of the last body that was read, and when that was
    next_due_ms, failures, gone, status, error, polls, last_success, title, ttl_s, items
                      for scheduling and for people; times in ms, `last_success` and `ttl_s` in s
    seen              {item key: hash of its content} for the items of that body
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from transforms.feeds.guard import origin_of
from transforms.feeds.http import Fetched
from transforms.feeds.parse import NotAFeed, RawItem, parse_feed
from transforms.feeds.schedule import DAY_S, Outcome, delay_s
from transforms.feeds.specs import FeedSpec, FetchPolicy, Secret
from transforms.records import DeadLetter, Entry, Json, Origin

# After so many failures in a row at an address that a redirect gave, the configured one is tried again.
_GIVE_UP_MOVED = 4


@dataclass(frozen=True, slots=True)
class Ask:
    """The request that a poll makes."""

    url: str
    etag: str | None
    last_modified: str | None
    secret: Secret


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request. `ended_ms` is when it was complete; `dice` gives [0, 1) for the spread of retries."""

    asked: Ask
    fetched: Fetched
    ended_ms: int
    dice: Callable[[], float]


@dataclass(frozen=True, slots=True)
class Result:
    """What a poll found: the items that were not seen before, and the progress to store once they are written."""

    fresh: tuple[RawItem, ...]
    progress: Json


def ask(spec: FeedSpec, progress: Json, now_ms: int) -> Ask:
    """The next request of a feed. Once a day it is not conditional, as some servers send 304 wrongly for ever."""
    ours = progress.get("url_mark") == spec.url_mark
    url = (ours and progress.get("url")) or spec.url
    secret = spec.secret if origin_of(url) == origin_of(spec.url) else Secret()
    if not ours or now_ms - progress.get("full_ms", 0) > DAY_S * 1000:
        return Ask(url, None, None, secret)
    return Ask(url, progress.get("etag"), progress.get("last_modified"), secret)


def conclude(spec: FeedSpec, policy: FetchPolicy, progress: Json, answer: Answer) -> Result:
    """What an answer means for a feed with this committed progress."""
    asked, fetched = answer.asked, answer.fetched
    base: Json = {key: value for key, value in progress.items() if key not in ("batch", "requested_ms")}
    base |= {"polls": base.get("polls", 0) + 1, "status": fetched.status}
    ours = base.get("url_mark") == spec.url_mark
    if fetched.error is not None:
        return _failed(spec, base, answer, fetched.error)
    if fetched.status == 304:
        if not (asked.etag or asked.last_modified):
            return _failed(spec, base, answer, "http-304: not modified, though nothing was asked about")
        return Result((), _fine(spec, base, answer))
    digest = hashlib.sha256(fetched.body).hexdigest()[:32]
    validators: Json = {"etag": fetched.etag, "last_modified": fetched.last_modified, "body_hash": digest}
    validators["full_ms"] = answer.ended_ms
    if ours and base.get("body_hash") == digest:
        return Result((), _fine(spec, base | validators, answer))
    parsed = parse_feed(fetched.body, fetched.content_type, fetched.url, policy.max_entries)
    if isinstance(parsed, NotAFeed):
        return _failed(spec, base, answer, parsed.reason)
    fresh, seen = _news(parsed.items, base.get("seen") or {})
    validators |= {"seen": seen, "title": parsed.title[:500], "ttl_s": parsed.ttl_s, "items": len(parsed.items)}
    validators["dropped"] = parsed.dropped
    return Result(fresh, _fine(spec, base | validators, answer))


def entry_of(spec: FeedSpec, item: RawItem, origin: Origin, arrived: int, method: str) -> Entry:
    """The entry that an item is."""
    return Entry(
        origin=origin,
        source=spec.source,
        arrived=arrived,
        url=item.url,
        guid=item.guid,
        title=item.title,
        body=item.body,
        html=item.html,
        summary=item.summary,
        author=item.author,
        published=item.published,
        language=item.language or spec.language,
        method=method,
        extra=dict(item.extra),
    )


def unusable(item: RawItem) -> str | None:
    """Why nothing can be made of an item, or None."""
    if not item.url and not item.guid:
        return "the item has neither an address nor a guid"
    if not (item.title or item.html or item.body or item.summary):
        return "the item has no text at all"
    return None


def dead_letter(spec: FeedSpec, item: RawItem, origin: Origin, arrived: int, reason: str) -> DeadLetter:
    """An unusable item, whole, in the shape of an entry."""
    held = {key: value for key, value in asdict(item).items() if value}
    return DeadLetter("read", reason, "entry", {**held, "source": spec.source.document()}, origin, arrived)


def _news(items: Sequence[RawItem], seen: Json) -> tuple[tuple[RawItem, ...], Json]:
    """The items that are new or changed, and the keys and hashes of all. An item that stands twice counts once."""
    fresh: list[RawItem] = []
    now: Json = {}
    for item in items:
        content = _hash(item.title, item.html, item.body, item.summary, item.author, item.url)
        base = key = _hash(item.guid, item.url) if item.guid or item.url else _hash("", content)
        number = 1
        while key in now and now[key] != content:
            number += 1
            key = f"{base}#{number}"
        if key in now:
            continue
        now[key] = content
        if seen.get(key) != content:
            fresh.append(item)
    # A feed that is empty for a moment must not bring all its items again afterwards.
    return tuple(fresh), now or seen


def _hash(*parts: str | None) -> str:
    text = "\x00".join(part or "" for part in parts)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _fine(spec: FeedSpec, base: Json, answer: Answer) -> Json:
    fetched, ended_ms = answer.fetched, answer.ended_ms
    wait = delay_s(spec.interval_s, Outcome(retry_after_s=fetched.retry_after_s), answer.dice)
    return base | {
        "url": fetched.permanent_url or answer.asked.url,
        "url_mark": spec.url_mark,
        "failures": 0,
        "gone": False,
        "error": None,
        "last_success": ended_ms // 1000,
        "next_due_ms": ended_ms + round(wait * 1000),
    }


def _failed(spec: FeedSpec, base: Json, answer: Answer, error: str) -> Result:
    """Validators stay those of the last body that was read: a 304 must not hide a later one that was not understood."""
    fetched = answer.fetched
    failures = base.get("failures", 0) + 1
    gone = fetched.status == 410
    wait = delay_s(spec.interval_s, Outcome(failures, gone, fetched.retry_after_s), answer.dice)
    base |= {"failures": failures, "gone": gone, "error": error, "next_due_ms": answer.ended_ms + round(wait * 1000)}
    if failures >= _GIVE_UP_MOVED and base.get("url") not in (None, spec.url):
        base |= {"url": spec.url, "etag": None, "last_modified": None}
    return Result((), base)


__all__ = ["Answer", "Ask", "Result", "ask", "conclude", "dead_letter", "entry_of", "unusable"]
