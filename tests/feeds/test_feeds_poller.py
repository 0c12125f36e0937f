"""The poller against a real server: what it asks, when, and what it puts out."""

from __future__ import annotations

import itertools
import json
import pickle
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from feeds_server import LONG, Handler, MemoryStore, Server, policy, rss

from transforms.feeds.http import Fetched
from transforms.feeds.poll import Answer, ask, conclude
from transforms.feeds.poller import Poller, Record
from transforms.feeds.specs import FeedSpec, FetchPolicy
from transforms.records import DeadLetter, Entry, Poll, Source


def spec(url: str, name: str = "a", interval: float = 60.0, **more: Any) -> FeedSpec:
    return FeedSpec(name, url, Source(name, domain="news.example"), interval, **more)


class Run:
    """A poller with what it put out; `commit` stores progress as the graph does, once a poll is complete."""

    def __init__(
        self, feeds: list[FeedSpec], store: MemoryStore, rules: FetchPolicy | None = None, once: bool = False,
        **more: Any,
    ):  # fmt: skip
        self.store, self.records = store, []
        self.poller = Poller(feeds, store, rules or policy(), once, **more)
        self.commits = True
        self.poller.start()

    records: list[Record]

    def until(self, done: Callable[[], bool], seconds: float = 8.0) -> None:
        end = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < end, f"not in {seconds} s: {self.poller.counts()} {self.records[-3:]}"
            self.step()
            time.sleep(0.01)

    def step(self) -> None:
        for record in self.poller.drain(100):
            self.records.append(record)
            if isinstance(record, Poll):
                seqs = [r.origin.seq for r in self.records if not isinstance(r, Poll)
                        and (r.origin.reader, r.origin.batch) == (record.reader, record.batch)]  # fmt: skip
                assert sorted(seqs) == list(range(record.entries)), "a poll follows all its records"
                if self.commits:
                    assert self.store.commit_poll(record.reader, record.batch, json.loads(json.dumps(record.progress)))

    def polls(self, name: str | None = None) -> list[Poll]:
        return [r for r in self.records if isinstance(r, Poll) and name in (None, r.reader.removeprefix("feed:"))]

    def entries(self) -> list[Entry]:
        return [r for r in self.records if isinstance(r, Entry)]


@pytest.fixture
def run() -> Iterator[Callable[..., Run]]:
    runs: list[Run] = []

    def start(*args: Any, **more: Any) -> Run:
        runs.append(Run(*args, **more))
        return runs[-1]

    yield start
    for one in runs:
        one.poller.stop(2.0)


def once(
    run: Callable[..., Run], feeds: list[FeedSpec], store: MemoryStore, rules: FetchPolicy | None = None, **more: Any
) -> Run:
    going = run(feeds, store, rules, once=True, **more)
    going.until(lambda: going.poller.finished)
    return going


def feed_of(server: Server, items: list[tuple[str, str, str]], etag: bool = True) -> Callable[[Handler], None]:
    """A feed that honours If-None-Match; `items` may change between requests."""

    def feed(handler: Handler) -> None:
        body = rss(*items)
        tag = f'"{hash(body)}"'
        if etag and handler.headers.get("If-None-Match") == tag:
            handler.answer(304)
        else:
            handler.answer(200, body, {"ETag": tag, "Content-Type": "application/rss+xml"} if etag else {})

    return feed


def test_items_come_out_once_and_only_news_later(server: Server, run: Callable[..., Run]) -> None:
    items = [("1", "One", LONG), ("2", "Two", LONG)]
    url = server.do("/feed", feed_of(server, items))
    store = MemoryStore()
    first = once(run, [spec(url)], store)
    told = [(e.guid, e.title, e.method, e.origin.seq) for e in first.entries()]
    assert told == [("1", "One", "feed", 0), ("2", "Two", "feed", 1)]
    (poll,) = first.polls()
    assert poll.entries == 2
    assert [poll.progress[key] for key in ("status", "error", "failures")] == [200, None, 0]
    assert len(poll.progress["seen"]) == 2
    assert pickle.loads(pickle.dumps(first.records)) == first.records

    unchanged = once(run, [spec(url)], store)
    assert (unchanged.entries(), unchanged.polls()[0].progress["status"]) == ([], 304)
    assert unchanged.polls()[0].progress["seen"] == poll.progress["seen"]

    items[:] = [("3", "Three", LONG), ("2", "Two, corrected", LONG), ("1", "One", LONG)]
    changed = once(run, [spec(url)], store)
    assert [e.guid for e in changed.entries()] == ["3", "2"]
    assert changed.polls()[0].batch > unchanged.polls()[0].batch > poll.batch
    assert store.rows["feed:a"]["polls"] == 3


def test_an_unchanged_body_without_validators_costs_nothing(server: Server, run: Callable[..., Run]) -> None:
    url = server.do("/feed", feed_of(server, [("1", "One", LONG)], etag=False))
    store = MemoryStore()
    once(run, [spec(url)], store)
    again = once(run, [spec(url)], store)
    assert (again.entries(), again.polls()[0].progress["status"]) == ([], 200)


def test_what_was_not_committed_is_read_again(server: Server, run: Callable[..., Run]) -> None:
    url = server.do("/feed", feed_of(server, [("1", "One", LONG)]))
    store = MemoryStore()
    lost = run([spec(url)], store, once=True)
    lost.commits = False
    lost.until(lambda: lost.poller.finished)
    again = once(run, [spec(url)], store)
    assert [e.guid for e in again.entries()] == ["1"]
    assert "if-none-match" not in server.seen[-1].headers


def test_the_request_is_stored_before_it_is_made(server: Server, run: Callable[..., Run]) -> None:
    store = MemoryStore()
    stored: list[bool] = []

    def feed(handler: Handler) -> None:
        stored.append("requested_ms" in store.feeds().get("feed:a", {}))
        handler.answer(200, rss())

    once(run, [spec(server.do("/feed", feed))], store)
    assert stored == [True]


def test_a_restart_does_not_poll_early(server: Server, run: Callable[..., Run]) -> None:
    url = server.do("/feed", feed_of(server, []))
    store = MemoryStore()
    first = run([spec(url, interval=1.0)], store)
    first.commits = False
    first.until(lambda: len(first.polls()) == 1)
    first.poller.stop()
    second = run([spec(url, interval=1.0)], store)
    second.until(lambda: len(second.polls()) == 1)
    one, two = server.requests("/feed")
    assert two.at - one.at >= 1.0


def test_a_feed_is_polled_once_per_interval_and_not_before_its_commit(server: Server, run: Callable[..., Run]) -> None:
    items = [("1", "One", LONG)]
    url = server.do("/feed", feed_of(server, items))
    going = run([spec(url, interval=0.3)], MemoryStore())
    going.until(lambda: len(going.polls()) == 4)
    items.insert(0, ("2", "Late", LONG))
    going.until(lambda: any(e.guid == "2" for e in going.entries()))
    times = [seen.at for seen in server.requests("/feed")]
    assert min(b - a for a, b in itertools.pairwise(times)) >= 0.3
    assert max(b - a for a, b in itertools.pairwise(times)) < 1.5
    assert [e.guid for e in going.entries()] == ["1", "2"]
    going.commits = False
    held = len(going.polls())
    going.until(lambda: len(going.polls()) == held + 1)
    asked = len(server.requests("/feed"))
    time.sleep(0.8)
    going.step()
    assert len(server.requests("/feed")) == asked, "left alone until its poll is committed"
    assert not going.poller.idle


def test_release_polls_again_from_what_is_stored(server: Server, run: Callable[..., Run]) -> None:
    url = server.do("/feed", feed_of(server, [("1", "One", LONG)]))
    going = run([spec(url, interval=0.3)], MemoryStore())
    going.commits = False
    going.until(lambda: len(going.polls()) == 1)
    going.poller.release()
    going.commits = True
    going.until(lambda: len(going.polls()) == 2)
    assert [e.guid for e in going.entries()] == ["1", "1"], "what was lost comes again"
    first, second = server.requests("/feed")
    assert second.at - first.at >= 0.3


def test_hanging_feeds_do_not_hold_up_others(server: Server, run: Callable[..., Run]) -> None:
    feeds = [spec(server.do(f"/hang{n}", lambda handler: server.sleep(30)), f"hang{n}", 0.3) for n in range(3)]
    feeds += [spec(server.do(f"/f{n}", feed_of(server, [("1", "One", LONG)])), f"f{n}", 0.3) for n in range(40)]
    going = run(feeds, MemoryStore(), policy(threads=8, timeout_s=3.0))
    started = time.monotonic()
    going.until(lambda: all(len(going.polls(f"f{n}")) >= 3 for n in range(40)), 10.0)
    assert time.monotonic() - started < 6.0
    going.until(lambda: all(going.polls(f"hang{n}") for n in range(3)))
    assert {p.progress["error"].partition(":")[0] for p in going.polls("hang0")} == {"timeout"}


def test_failures_are_polls_and_keep_what_was_known(server: Server, run: Callable[..., Run]) -> None:
    url = server.do("/feed", feed_of(server, [("1", "One", LONG)]))
    store = MemoryStore()
    good = once(run, [spec(url)], store).polls()[0].progress
    for serve, error, status in (
        (lambda: server.serve("/feed", b"", 500), "http-500", 500),
        (lambda: server.serve("/feed", b"<html><body>hello</body></html>", ETag='"new"'), "not-a-feed", 200),
        (lambda: server.serve("/feed", b"", 410), "http-410", 410),
        (lambda: server.serve("/feed", b"", 304), None, 304),
    ):
        serve()
        (poll,) = once(run, [spec(url)], store).polls()
        assert poll.entries == 0
        assert (poll.progress["error"] or "").partition(":")[0] == (error or "")
        assert poll.progress["status"] == status
        kept = (poll.progress["etag"], poll.progress["seen"])
        assert kept == (good["etag"], good["seen"]), "those of the last good body"
    assert store.rows["feed:a"]["failures"] == 0
    server.serve("/feed", b"", 410)
    gone = once(run, [spec(url)], store).polls()[0].progress
    assert gone["gone"]
    assert gone["next_due_ms"] - time.time() * 1000 > 86_000_000


def test_a_304_to_an_unconditional_request_is_a_failure(server: Server, run: Callable[..., Run]) -> None:
    (poll,) = once(run, [spec(server.serve("/feed", b"", 304))], MemoryStore()).polls()
    assert poll.progress["error"].startswith("http-304")


def test_retry_after_delays_the_next_poll(server: Server, run: Callable[..., Run]) -> None:
    store = MemoryStore()
    once(run, [spec(server.serve("/feed", b"", 503, Retry_After="7200"))], store)
    assert store.rows["feed:a"]["next_due_ms"] - time.time() * 1000 == pytest.approx(7_200_000, abs=5000)


def test_a_permanent_redirect_is_adopted_once_it_succeeded(server: Server, run: Callable[..., Run]) -> None:
    url = server.serve("/old", status=301, Location="/new")
    server.serve("/new", b"", 500)
    store = MemoryStore()
    once(run, [spec(url)], store)
    assert store.rows["feed:a"].get("url") in (None, url)
    server.do("/new", feed_of(server, [("1", "One", LONG)]))
    once(run, [spec(url)], store)
    assert store.rows["feed:a"]["url"] == server.url("/new")
    asked = len(server.requests("/old"))
    once(run, [spec(url)], store)
    assert len(server.requests("/old")) == asked, "asked at its new address"
    server.serve("/new", b"", 404)
    for _ in range(4):
        once(run, [spec(url)], store)
    server.do("/old", feed_of(server, [("2", "Back", LONG)]))
    back = once(run, [spec(url)], store)
    assert [e.guid for e in back.entries()] == ["2"], "a move that came to nothing is undone"


def test_a_temporary_target_is_not_saved(server: Server, run: Callable[..., Run]) -> None:
    server.do("/new", feed_of(server, []))
    store = MemoryStore()
    once(run, [spec(server.serve("/old", status=302, Location="/new"))], store)
    assert store.rows["feed:a"]["url"] == server.url("/old")


def test_another_configured_url_starts_without_validators(server: Server, run: Callable[..., Run]) -> None:
    store = MemoryStore()
    once(run, [spec(server.do("/one", feed_of(server, [("1", "One", LONG)])))], store)
    moved = once(run, [spec(server.do("/two", feed_of(server, [("1", "One", LONG)])))], store)
    assert "if-none-match" not in server.requests("/two")[0].headers
    assert moved.entries() == [], "what was seen stays seen"


def test_unusable_items_are_dead_letters_once(server: Server, run: Callable[..., Run]) -> None:
    body = (b"<rss version='2.0'><channel><title>x</title><item><title>Nameless</title></item>"
            b"<item><guid>http://a.example/1</guid></item><item><guid>http://a.example/2</guid><title>" +
            LONG.encode() + b"</title></item></channel></rss>")  # fmt: skip
    url = server.serve("/feed", body)
    store = MemoryStore()
    first = once(run, [spec(url)], store, policy(pages=False))
    letters = [r for r in first.records if isinstance(r, DeadLetter)]
    assert {(d.stage, d.input_kind) for d in letters} == {("read", "entry")}
    assert ["text" in d.reason for d in letters] == [False, True]
    assert letters[0].input["title"] == "Nameless"
    json.dumps(letters[0].input)
    assert first.polls()[0].entries == 3
    server.serve("/feed", body + b" ")
    assert once(run, [spec(url)], store, policy(pages=False)).polls()[0].entries == 0


def test_items_that_share_a_guid_are_told_apart(server: Server, run: Callable[..., Run]) -> None:
    items = [("1", "One", LONG), ("1", "Another", LONG), ("1", "One", LONG)]
    url = server.do("/feed", feed_of(server, items, etag=False))
    store = MemoryStore()
    assert [e.title for e in once(run, [spec(url)], store).entries()] == ["One", "Another"]
    server.do("/feed", feed_of(server, [("0", "New", LONG), ("1", "One", LONG), ("1", "Another", LONG)], etag=False))
    assert [e.title for e in once(run, [spec(url)], store).entries()] == ["New"]


def test_a_feed_that_is_empty_for_a_moment_does_not_bring_all_again(server: Server, run: Callable[..., Run]) -> None:
    store = MemoryStore()
    items = [("1", "One", LONG)]
    url = server.do("/feed", feed_of(server, items))
    once(run, [spec(url)], store)
    items.clear()
    once(run, [spec(url)], store)
    items.append(("1", "One", LONG))
    assert once(run, [spec(url)], store).entries() == []


def test_summaries_get_their_pages_after_the_rest(server: Server, run: Callable[..., Run]) -> None:
    page = f"<html><body><article><p>{LONG}</p><p>{LONG}</p></article></body></html>".encode()
    server.serve("/p1", page, Content_Type="text/html")
    server.serve("/p2", b"", 403)
    body = "".join(
        f"<item><link>{server.url(path)}</link><title>{path}</title><description>{text}</description></item>"
        for path, text in (("/p1", "Short."), ("/p2", "Also short."), ("/p3", LONG))
    )
    url = server.serve("/feed", f"<rss version='2.0'><channel><title>x</title>{body}</channel></rss>".encode())
    going = once(run, [spec(url, language="en")], MemoryStore())
    assert [(e.title, e.method) for e in going.entries()] == [("/p3", "feed"), ("/p1", "page"), ("/p2", "summary")]
    assert going.entries()[1].body is not None
    assert going.entries()[2].extra == {"page_error": "http-403: the server refused"}
    assert (going.entries()[2].summary, going.entries()[2].language) == ("Also short.", "en")
    assert going.polls()[0].entries == 3
    without = once(run, [spec(url)], MemoryStore(), policy(pages=False))
    assert [(e.method, e.extra) for e in without.entries()] == [("summary", {}), ("summary", {}), ("feed", {})]


def test_links_that_are_no_urls_harm_nobody(server: Server, run: Callable[..., Run]) -> None:
    links = ["http://[::1", "http://a b/", "http://xn--a/", "https://%/", "http://a:99999999/", "http://\u202e.example/",
             "http://" + "a" * 3000]  # fmt: skip
    items = "".join(f"<item><link>{link}</link><title>T</title></item>" for link in links)
    url = server.serve("/feed", f"<rss version='2.0'><channel><title>x</title>{items}</channel></rss>".encode())
    going = once(run, [spec(url), spec("http://[::1", "broken")], MemoryStore())
    assert {e.method for e in going.entries()} == {"summary"}
    letters = [r for r in going.records if isinstance(r, DeadLetter)]
    assert len(going.entries()) + len(letters) == len(links)
    assert {p.reader: bool(p.progress["error"]) for p in going.polls()} == {"feed:a": False, "feed:broken": True}


def test_slow_pages_fall_back_when_their_time_is_over(server: Server, run: Callable[..., Run]) -> None:
    items = "".join(f"<item><link>{server.url(f'/p{n}')}</link><title>{n}</title></item>" for n in range(5))
    url = server.serve("/feed", f"<rss version='2.0'><channel><title>x</title>{items}</channel></rss>".encode())
    going = once(run, [spec(url)], MemoryStore(), policy(page_budget_s=0.3, per_host_delay_s=0.4))
    errors = [e.extra["page_error"].partition(":")[0] for e in going.entries()]
    assert errors[0] == "http-404"
    assert errors[-1] == "budget"
    assert len(errors) == 5


def test_a_full_queue_holds_the_threads_and_loses_nothing(server: Server, run: Callable[..., Run]) -> None:
    items = [(str(n), f"Title {n}", LONG) for n in range(100)]
    feeds = [spec(server.do(f"/f{n}", feed_of(server, items)), f"f{n}") for n in range(3)]
    going = run(feeds, MemoryStore(), policy(queue=10), once=True)
    time.sleep(0.5)
    assert going.poller.counts()["undrained"] == 10
    going.until(lambda: going.poller.finished)
    assert (len(going.entries()), len(going.polls())) == (300, 3)


def test_once_polls_every_feed_exactly_once_whatever_is_due(server: Server, run: Callable[..., Run]) -> None:
    feeds = [spec(server.do(f"/f{n}", feed_of(server, [("1", "One", LONG)])), f"f{n}", 3600) for n in range(20)]
    store = MemoryStore()
    for _ in range(2):
        going = once(run, feeds, store, policy(threads=4))
        assert len(going.polls()) == 20
        assert going.poller.drain(10) == []
    assert all(len(server.requests(f"/f{n}")) == 2 for n in range(20))
    assert once(run, [], store).polls() == []


def test_once_can_leave_alone_what_is_not_due(server: Server, run: Callable[..., Run]) -> None:
    """As a loop of bounded runs does: each starts anew and must know intervals, Retry-After, 410 and pauses."""
    now, store = time.time_ns() // 1_000_000, MemoryStore()
    rows = {"new": None, "over": now - 1, "later": now + 600_000, "gone": now + 86_000_000}
    feeds = [spec(server.do(f"/{name}", feed_of(server, [("1", "One", LONG)])), name, 3600) for name in rows]
    store.rows = {f"feed:{name}": {"batch": 1, "next_due_ms": due} for name, due in rows.items() if due}
    for due in (["new", "over"], []):
        going = once(run, feeds, store, due_only=True)
        assert sorted(poll.reader.removeprefix("feed:") for poll in going.polls()) == due
    assert [len(server.requests(f"/{name}")) for name in rows] == [1, 1, 0, 0]


def test_what_becomes_due_after_the_start_waits_for_the_next_bounded_run(
    server: Server, run: Callable[..., Run]
) -> None:
    clock, store = itertools.count(10_000_000, 1000), MemoryStore()
    store.rows = {"feed:a": {"batch": 1, "next_due_ms": 10_000_500}}
    url = server.do("/feed", feed_of(server, [("1", "One", LONG)]))
    going = once(run, [spec(url)], store, due_only=True, now_ms=lambda: next(clock))
    time.sleep(0.1)
    assert (going.polls(), going.poller.finished) == ([], True)


def test_stop_is_quick_and_what_was_put_out_can_be_drained(server: Server, run: Callable[..., Run]) -> None:
    feeds = [spec(server.do("/hang", lambda handler: server.sleep(30)), "hang"),
             spec(server.do("/f", feed_of(server, [("1", "One", LONG)])), "f")]  # fmt: skip
    going = run(feeds, MemoryStore(), policy(timeout_s=20.0, step_timeout_s=20.0))
    while going.poller.counts()["undrained"] < 2:
        time.sleep(0.01)
    started = time.monotonic()
    going.poller.stop(0.5)
    assert time.monotonic() - started < 1.5
    going.step()
    assert len(going.entries()) == 1


def test_a_store_that_fails_is_told_by_drain(server: Server, run: Callable[..., Run]) -> None:
    class Broken(MemoryStore):
        def mark_requested(self, reader: str, at_ms: int) -> None:
            raise OSError("disk full")

    going = run([spec(server.url("/feed"))], Broken())
    with pytest.raises(OSError, match="disk full"):
        going.until(lambda: False, 3.0)
    assert server.seen == []


def test_secrets_do_not_reach_progress_entries_or_another_origin(server: Server, run: Callable[..., Run]) -> None:
    items = [("1", "One", LONG)]
    server.do("/new", feed_of(server, items))
    url = server.serve("/feed", status=301, Location=server.url("/new", "other.example"))
    with_secret = url.replace("http://", "http://us:geheim@")
    store = MemoryStore()
    going = once(run, [spec(with_secret)], store, policy(hosts={"other.example": "127.0.0.1"}))
    assert len(going.entries()) == 1
    assert "geheim" not in repr(going.records) + json.dumps(store.rows) + repr(going.poller.__dict__)
    first = server.requests("/feed")[0]
    assert "authorization" in first.headers
    assert "authorization" not in server.seen[-1].headers


def test_a_moved_feed_keeps_its_secrets_at_home() -> None:
    here = spec("https://us:geheim@news.example/feed")
    assert ask(here, {}, 0).secret.auth == ("us", "geheim")
    moved = {"url": "https://elsewhere.example/feed", "url_mark": here.url_mark, "etag": "x"}
    assert ask(here, moved, 0).secret.auth is None
    assert ask(here, moved, 0).url == "https://elsewhere.example/feed"
    assert ask(here, moved, 0).etag == "x"
    assert ask(here, moved, 90_000_000).etag is None, "once a day the whole feed is asked for"


def test_concluding_does_not_change_what_it_was_given() -> None:
    here = spec("https://news.example/feed")
    progress = {"seen": {"a": "b"}, "failures": 2, "batch": 7, "requested_ms": 1}
    before = json.dumps(progress)
    answer = Answer(ask(here, progress, 0), Fetched(200, here.url, body=rss(("1", "One", LONG))), 1000, lambda: 0.0)
    result = conclude(here, policy(), progress, answer)
    assert json.dumps(progress) == before
    assert (result.progress["failures"], result.progress["next_due_ms"]) == (0, 61_000)
    assert "batch" not in result.progress


def test_two_feeds_of_one_id_and_a_bad_policy_are_refused() -> None:
    with pytest.raises(ValueError, match="same id"):
        Poller([spec("http://a.example/"), spec("http://b.example/")], MemoryStore(), policy())
    with pytest.raises(ValueError, match="network"):
        Poller([], MemoryStore(), policy(allow_addresses=("nonsense",)))
