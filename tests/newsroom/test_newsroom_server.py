"""The newsroom over real HTTP."""

from __future__ import annotations

import calendar
import time
from collections.abc import Iterator
from io import BytesIO

import feedparser
import httpx
import pytest

from pipeline.newsroom import Newsroom
from pipeline.newsroom.model import DAY
from transforms.feeds.pages import extract

START = 1_780_000_000
CLIENT = httpx.Client(trust_env=False)
VERSIONS = {"rss2": "rss20", "rdf": "rss10", "atom": "atom10"}


@pytest.fixture(scope="module")
def whole() -> Iterator[Newsroom]:
    """The day as it stands at its end."""
    with Newsroom(day_s=None, start=START) as newsroom:
        yield newsroom


def get(newsroom: Newsroom, url: str, **headers: str) -> httpx.Response:
    """GET `url` with its host mapped to the newsroom, as the monitor's fetcher does."""
    parts = httpx.URL(url)
    address = parts.copy_with(host="127.0.0.1", port=int(newsroom.hosts[parts.host].split(":")[1]))
    return CLIENT.get(address, headers={"Host": parts.host} | headers)


def source(newsroom: Newsroom, key: str) -> str:
    (found,) = [s["url"] for s in newsroom.sources if s["id"] == key]
    return found


def read(newsroom: Newsroom, key: str, **headers: str) -> tuple[httpx.Response, list[dict]]:
    """A feed's answer and its entries: link, title, published (seconds UTC or None) and HTML."""
    answer = get(newsroom, source(newsroom, key), **headers)
    if newsroom.plan.outlets[key].format == "json":
        items = answer.json()["items"] if answer.status_code == 200 else []
        return answer, [{"link": i["url"], "title": i["title"], "html": i.get("content_html", "")} for i in items]
    parsed = feedparser.parse(BytesIO(answer.content), response_headers=dict(answer.headers))
    assert not parsed.bozo, parsed.get("bozo_exception")
    if answer.status_code == 200:
        assert parsed.version == VERSIONS[newsroom.plan.outlets[key].format]
    entries = [
        {
            "link": e.get("link", ""),
            "title": e.title,
            "html": e.content[0].value if "content" in e else e.get("summary", ""),
            # feedparser calls the date of RSS 1.0 "updated".
            "published": e.get("published_parsed") or (e.get("updated_parsed") if parsed.version == "rss10" else None),
        }
        for e in parsed.entries
    ]
    return answer, entries


def test_every_feed_lists_its_articles_latest_first(whole: Newsroom) -> None:
    for feed in whole.sources:
        _, entries = read(whole, feed["id"])
        own = [item for item in whole.items if feed["id"] in item.feeds]
        if feed["id"] == "trouble":  # feedparser shows its controls as other letters
            entries, own = entries[1:], own[:-1]
        assert [e["title"] for e in entries] == [item.states[-1].title for item in reversed(own)], feed["id"]


def test_sources_have_the_form_of_the_config(whole: Newsroom) -> None:
    assert {"kind": "rss", "url": "http://levant.example/fr/rss.xml", "id": "wire-fr", "agency": "afp"} in whole.sources
    assert {"kind": "rss", "url": "http://nahr.example/rss.xml", "id": "nahr"} in whole.sources
    assert {s["agency"] for s in whole.sources if "agency" in s} == {"reuters", "afp", "tass"}


def test_dates_lie_in_the_day_before_the_start(whole: Newsroom) -> None:
    for feed in whole.sources:
        outlet = whole.plan.outlets[feed["id"]]
        if outlet.format == "json":
            continue
        for entry in read(whole, feed["id"])[1]:
            if not outlet.dated:
                assert entry["published"] is None
                continue
            published = calendar.timegm(entry["published"])
            assert START - DAY <= published <= START


@pytest.mark.parametrize(("key", "encoding", "word"), [("ufuq", "cp1256", "سورفانيا"), ("volna", "cp1251", "Сорвания")])
def test_old_code_pages(whole: Newsroom, key: str, encoding: str, word: str) -> None:
    answer, entries = read(whole, key)
    assert word in answer.content.decode(encoding)
    assert any(word in entry["html"] for entry in entries)


def test_one_article_in_two_feeds_differs_by_tracking_alone(whole: Newsroom) -> None:
    _, main = read(whole, "nahr")
    _, world = read(whole, "nahr-world")
    tracked = {entry["link"] for entry in world}
    assert all("utm_source=world" in link for link in tracked)
    assert {link.split("?")[0] for link in tracked} <= {entry["link"] for entry in main}
    assert all(get(whole, link).status_code == 200 for link in tracked)


def test_furniture_surrounds_the_text(whole: Newsroom) -> None:
    (entry,) = [e for e in read(whole, "mirsad")[1] if e["title"].startswith("سورفانيا تباشر")]
    assert entry["html"].startswith(f"<p>{entry['title']}</p>")
    for furniture in ("Share this content", "اكتشاف المزيد من مدونة المرصاد", "اترك تعليقاً"):
        assert furniture in entry["html"]
    assert "{" not in entry["html"]


def test_the_text_of_summary_feeds_is_on_the_pages(whole: Newsroom) -> None:
    outcome = whole.expected()
    assert len(outcome["pages"]) >= 20
    for item in whole.items:
        if item.url not in outcome["pages"]:
            continue
        text = " ".join((extract(get(whole, item.url).text, item.url) or "").split())
        missing = [part for part in item.states[-1].body if part not in text]
        assert missing == [], item.url


def test_summaries_are_short(whole: Newsroom) -> None:
    for key in ("sahifa", "ledger", "kiosque"):
        for entry in read(whole, key)[1]:
            assert len(entry["html"].split()) <= 40


def test_a_closed_path_is_named_in_robots_txt(whole: Newsroom) -> None:
    assert "Disallow: /archive/" in get(whole, "http://ledger.example/robots.txt").text
    assert get(whole, "http://nahr.example/robots.txt").text == "User-agent: *\nDisallow: \n"
    assert "http://ledger.example/archive/parish-chest" in whole.expected()["refused_pages"]


def test_hostile_entries_are_served_as_they_are(whole: Newsroom) -> None:
    answer, entries = read(whole, "trouble")
    assert len(entries) == len(whole.expected()["hostile"]) == 5
    assert "<script>alert(" in entries[-1]["title"]
    assert "<link>javascript:alert(document.domain)</link>" in answer.text
    assert "http://169.254.169.254/latest/meta-data/" in [entry["link"] for entry in entries]
    assert "\x9b2J" in answer.text


@pytest.mark.parametrize("key", ["nahr", "nahr-world", "ufuq", "qalam"])
def test_conditional_requests(key: str) -> None:
    with Newsroom(day_s=None, at=0.5) as newsroom:
        time.sleep(1.1)
        first, entries = read(newsroom, key)
        assert entries
        held = {"If-None-Match": first.headers.get("etag"), "If-Modified-Since": first.headers.get("last-modified")}
        held = {name: value for name, value in held.items() if value}
        assert len(held) == len(newsroom.plan.outlets[key].validators)
        again = get(newsroom, source(newsroom, key), **held)
        if again.status_code == 500:
            again = get(newsroom, source(newsroom, key), **held)
        assert (again.status_code, again.content) == (304, b"")
        newsroom.advance(1.0)
        changed, more = read(newsroom, key, **held)
        assert changed.status_code == 200
        assert len(more) > len(entries)
        assert newsroom.hits[0].conditional is False
        assert newsroom.hits[-1].conditional


def test_a_stranger_s_etag_gets_the_feed(whole: Newsroom) -> None:
    later = {"If-None-Match": '"other"', "If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}
    assert get(whole, source(whole, "nahr"), **later).status_code == 200


def test_the_flaky_feed_fails_now_and_then_until_the_day_is_over() -> None:
    with Newsroom(day_s=None, at=0.9) as newsroom:
        statuses = [read_status(newsroom, "qalam") for _ in range(8)]
        assert statuses == [200, 500, 200, 200, 200, 500, 200, 200]
        assert {read_status(newsroom, "nahr") for _ in range(8)} == {200}
        newsroom.advance(1.0)
        assert {read_status(newsroom, "qalam") for _ in range(8)} == {200}
    with Newsroom(day_s=None, at=0.9, faults=False) as newsroom:
        assert {read_status(newsroom, "qalam") for _ in range(8)} == {200}


def read_status(newsroom: Newsroom, key: str) -> int:
    return get(newsroom, source(newsroom, key)).status_code


def test_a_day_moved_by_hand() -> None:
    with Newsroom(day_s=None, at=0.0) as newsroom:
        page = "http://marfa.example/depeche/ceasefire-ar.html"
        assert newsroom.published() == 0
        assert get(newsroom, page).status_code == 404
        assert newsroom.advance(0.25) == newsroom.expected()["counts"]["entries"] > 0
        assert get(newsroom, page).status_code == 200
        assert not newsroom.finished
        with pytest.raises(ValueError, match="cannot go to"):
            newsroom.advance(0.2)
        assert (
            newsroom.advance(1.0)
            == newsroom.expected()["counts"]["entries"]
            == len([feed for item in newsroom.items for feed in item.feeds])
        )
        assert newsroom.finished


def test_a_revision_changes_the_feed_and_the_page() -> None:
    url = "http://barqiya.example/ar/election-ar"
    with Newsroom(day_s=None, at=13.5 / 24) as newsroom:
        before = {e["link"]: e["title"] for e in read(newsroom, "wire-ar")[1]}[url]
        newsroom.advance(16 / 24)
        after = {e["link"]: e["title"] for e in read(newsroom, "wire-ar")[1]}[url]
        assert before != after
        assert after in get(newsroom, url).text
        assert newsroom.expected(watched=True)["revisions"] == {url: 1} | {
            "http://meridian.example/world/border-en": 1,
            "http://islander.example/snow-en": 1,
        }


def test_a_day_by_the_clock() -> None:
    with Newsroom(day_s=2.0) as newsroom:
        assert newsroom.second(newsroom._began) == 0
        early = newsroom.published(newsroom._began + 0.5)
        assert 0 < early < newsroom.published(newsroom._began + 1.5) < newsroom.published(newsroom._began + 2)
        with pytest.raises(ValueError, match="has a clock"):
            newsroom.advance(1.0)
        time.sleep(max(0.0, newsroom._began + 2.05 - time.time()))
        assert newsroom.finished
        assert len(read(newsroom, "wire-en")[1]) == 6


def test_without_a_host_map_the_path_names_the_site(whole: Newsroom) -> None:
    direct = CLIENT.get(f"http://{whole.address}/nahr.example/rss.xml")
    assert direct.content == get(whole, "http://nahr.example/rss.xml").content
    index = CLIENT.get(f"http://{whole.address}/").text
    assert all(feed["url"] in index for feed in whole.sources)
    assert "<script>alert" not in index
    assert CLIENT.get(f"http://{whole.address}/nowhere.example/").status_code == 404


def test_head_has_no_body(whole: Newsroom) -> None:
    answer = CLIENT.head(f"http://{whole.address}/nahr.example/rss.xml")
    assert answer.status_code == 200
    assert int(answer.headers["content-length"]) > 1000
    assert answer.content == b""


def test_a_closed_newsroom_says_so() -> None:
    with pytest.raises(RuntimeError, match="closed"):
        _ = Newsroom(day_s=None).address
