"""Full text from pages, with robots.txt and a per-host pace."""

from __future__ import annotations

import itertools
import threading
import time

import pytest
from feeds_server import LONG, Server, policy

from transforms.feeds.hosts import HostQueue
from transforms.feeds.http import Fetcher
from transforms.feeds.pages import PageReader, extract, needs_page, with_page
from transforms.feeds.parse import RawItem
from transforms.records import Entry, Origin, Source

ARTICLE = LONG.strip()
PAGE = f"""<html><head><title>T</title></head><body><nav><a href="/">Home</a></nav>
<article><h1>Ferry</h1><p>{ARTICLE}</p><p>{ARTICLE}</p></article><footer>About us</footer></body></html>"""


def page_of(server: Server, path: str = "/a", **changes: object) -> RawItem:
    return RawItem(url=server.url(path), title="Ferry", summary="Short.", **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("item", "wanted"),
    [(RawItem(url="http://a.example/", summary="A short summary."), True), (RawItem(summary="No address."), False),
     (RawItem(url="http://a.example/"), True), (RawItem(url="http://a.example/", html=f"<p>{LONG}</p>"), False),
     (RawItem(url="http://a.example/", summary=LONG), False), (RawItem(url="http://a.example/", body=LONG), False),
     (RawItem(url="http://a.example/", summary="<i></i>" * 200 + "few words"), True),
     (RawItem(url="http://a.example/", summary="维林港务局表示新渡轮将开始运营" * 8), False)],
)  # fmt: skip
def test_only_summaries_need_a_page(item: RawItem, wanted: bool) -> None:
    assert needs_page(item) is wanted


def test_a_page_is_read_and_marked(server: Server) -> None:
    server.serve("/a", PAGE.encode(), Content_Type="text/html; charset=utf-8")
    page = PageReader(Fetcher(policy())).read(page_of(server))
    assert page.error is None
    assert page.text.count(ARTICLE) >= 1
    assert "Home" not in page.text
    entry = Entry(Origin("feed:x"), Source("x"), 1, url=server.url("/a"), summary="Short.", extra={"tags": ["a"]})
    full = with_page(entry, page)
    assert (full.body, full.method, full.summary) == (page.text, "page", "Short.")
    assert full.extra == {"tags": ["a"], "extraction": {"method": "trafilatura", "url": server.url("/a")}}
    assert [seen.path for seen in server.seen] == ["/robots.txt", "/a"], "a missing robots.txt allows"


def test_a_page_in_an_old_encoding_is_read_right(server: Server) -> None:
    text = "قالت بلدية ميناء فيرين إن العبارة الجديدة ستبدأ رحلاتها بعد انتهاء أعمال الصيانة. " * 6
    page = f"<html><head><meta charset='windows-1256'></head><body><article><p>{text}</p></article></body></html>"
    server.serve("/a", page.encode("windows-1256"), Content_Type="text/html")
    assert PageReader(Fetcher(policy())).read(page_of(server)).text == text.strip()


@pytest.mark.parametrize(
    ("robots", "status", "error"),
    [("User-agent: *\nDisallow: /a", 200, "robots"), ("User-agent: news-monitor\nDisallow: /", 200, "robots"),
     ("User-agent: *\nDisallow: /b", 200, None), ("", 403, None), ("", 404, None), ("", 500, "robots"),
     ("", 429, "robots"), ("\x00\x01 nonsense: *\n" * 100, 200, None)],
)  # fmt: skip
def test_robots_txt_is_obeyed(server: Server, robots: str, status: int, error: str | None) -> None:
    server.serve("/robots.txt", robots.encode(), status)
    server.serve("/a", PAGE.encode(), Content_Type="text/html")
    reader = PageReader(Fetcher(policy()))
    page = reader.read(page_of(server))
    assert (page.error or "").partition(":")[0] == (error or "")
    assert len(server.requests("/a")) == (0 if error else 1)
    reader.read(page_of(server))
    assert len(server.requests("/robots.txt")) == 1, "remembered"


def test_crawl_delay_is_told_to_the_caller(server: Server) -> None:
    server.serve("/robots.txt", b"User-agent: *\nCrawl-delay: 7")
    server.serve("/a", PAGE.encode(), Content_Type="text/html")
    assert PageReader(Fetcher(policy())).read(page_of(server)).delay_s == 7


def test_what_cannot_be_had_is_an_error_and_the_summary_stays(server: Server) -> None:
    server.serve("/pdf", b"%PDF-1.7", Content_Type="application/pdf")
    server.serve("/blank", b"<html><body></body></html>", Content_Type="text/html")
    server.serve("/big", b"x" * 3_000_000, Content_Type="text/html")
    server.serve("/tags", b"<p>a</p>" * 100_000, Content_Type="text/html")
    server.serve("/away", status=302, Location="http://10.0.0.1/")
    server.serve("/gone", status=404)
    reader = PageReader(Fetcher(policy()))
    wanted = {"/pdf": "not-html", "/blank": "extraction", "/big": "too-large", "/tags": "extraction",
              "/away": "address", "/gone": "http-404"}  # fmt: skip
    for path, code in wanted.items():
        page = reader.read(page_of(server, path))
        assert (page.error or "").partition(":")[0] == code
        entry = with_page(Entry(Origin("feed:x"), Source("x"), 1, summary="Short."), page)
        assert (entry.method, entry.summary, entry.extra) == ("summary", "Short.", {"page_error": page.error})
    for url in ("http://10.0.0.1/a", "file:///etc/passwd", "http://2130706433/"):
        assert reader.read(RawItem(url=url, summary="s")).error is not None


def test_a_page_made_to_hurt_costs_little() -> None:
    pages = ("<div>" * 200_000 + "x", "<p>" * 29_000, "<a href='" * 29_000, "&lt;" * 300_000, "<p>" + "a " * 900_000)
    for page in pages:
        started = time.process_time()
        extract(f"<html><body>{page}</body></html>")
        assert time.process_time() - started < 2.0, page[:20]


def test_a_host_has_one_task_at_a_time_and_a_pause_between_starts() -> None:
    tasks: HostQueue[int] = HostQueue()
    for number in range(6):
        tasks.put("one" if number % 2 else "two", number)
    running: dict[str, int] = {}
    starts: dict[str, list[float]] = {"one": [], "two": []}
    together: list[int] = []
    lock = threading.Lock()

    def work() -> None:
        while (taken := tasks.take(0.3)) is not None:
            with lock:
                running[taken[0]] = running.get(taken[0], 0) + 1
                together.append(running[taken[0]])
                starts[taken[0]].append(time.monotonic())
            time.sleep(0.02)
            with lock:
                running[taken[0]] -= 1
            tasks.done(taken[0], 0.1)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert max(together) == 1
    assert len(tasks) == 0
    for times in starts.values():
        assert len(times) == 3
        assert all(later - earlier >= 0.095 for earlier, later in itertools.pairwise(times))


def test_a_slow_host_does_not_hold_up_another() -> None:
    tasks: HostQueue[str] = HostQueue()
    tasks.put("slow", "s1")
    tasks.put("slow", "s2")
    assert tasks.take(0.1) == ("slow", "s1")
    tasks.put("quick", "q1")
    assert tasks.take(0.1) == ("quick", "q1")
    assert tasks.take(0.05) is None
