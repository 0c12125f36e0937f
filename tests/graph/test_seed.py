"""The founding document: a blog's repost of a wire story, with the blog's furniture, and the wire before or after
it."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.running import answer, command, configure, exported, seed_text, write_lines

CASES = Path(__file__).parent / "cases"
NOON = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=6)
RULES = {
    "rules": [
        {"id": "lines", "any_topic": ["military_hotlines"]},
        {"id": "pressure", "any_topic": ["sanctions"]},
        {"id": "pacts", "any_topic": ["defence_cooperation"]},
    ]
}


def seed() -> dict[str, Any]:
    """The document, and what the founding case asks of it. The texts are read, never kept in the project."""
    title, *rest = seed_text().split("\n")
    return {
        "title": title,
        "text": "\n".join(rest),
        "language": "ar",
        "agencies": ["france24", "reuters"],
        "topics": ["sanctions", "military_hotlines", "defence_cooperation"],
        "entities": ["Russia", "North Korea", "India", "China", "United States", "Valery Gerasimov", "Sergei Shoigu",
                     "Vladimir Putin", "Kim Jong Un"],
        "furniture": ["نشرت في", "2 دقائق", "Share this content", "اكتشاف المزيد", "اترك تعليق", "بريدك الإلكتروني",
                      "الحقول الإلزامية", "Continue reading", "الأرشيف"],
    }  # fmt: skip


def sibling() -> dict[str, Any]:
    """A case of our own writing, about an invented event."""
    return dict(yaml.safe_load((CASES / "sibling.yaml").read_text("utf-8")))


CASE = pytest.mark.parametrize("case", [seed, sibling], ids=["seed", "sibling"])


def original(case: dict[str, Any]) -> str:
    """The wire as an agency would have sent it: the blog's paragraphs without furniture, one added, one reworded
    away."""
    paragraphs = [p for p in case["text"].split("\n") if len(p.split()) > 12]
    kept = [p for p in paragraphs if not any(mark in p for mark in case["furniture"])]
    return "\n\n".join([*kept[:-2], kept[-1], "وأضاف المتحدث أن الوفود ستعود إلى الاجتماع في موعد لم يتحدد بعد."])


def blog_html(text: str) -> str:
    return "".join(f"<p>{escape(line)}</p>" for line in text.split("\n") if line.strip())


def rss(items: list[dict[str, str]]) -> bytes:
    entries = "".join(
        f"<item><title>{escape(i['title'])}</title><link>{i['url']}</link><guid>{i['url']}</guid>"
        f"<pubDate>{i['date']}</pubDate><content:encoded><![CDATA[{i['html']}]]></content:encoded></item>"
        for i in items
    )
    head = '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>x</title>'
    return f"<?xml version='1.0' encoding='utf-8'?>{head}{entries}</channel></rss>".encode()


@contextmanager
def serving(pages: dict[str, bytes]) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pages.get(self.path)
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "application/rss+xml")
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def ready(tmp_path: Path, sources: list[dict[str, Any]], **more: Any) -> Path:
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(RULES), "utf-8")
    alerts = {"rules": "rules.yaml", "channels": {"file": {"kind": "jsonl", "path": "alerts.jsonl"}}}
    return configure(tmp_path, sources, alerts=alerts, **more)


def check_article(document: dict[str, Any], case: dict[str, Any]) -> None:
    assert document["language"] == case["language"]
    assert set(document["wire"]["agencies"]) == set(case["agencies"])
    for piece in document["wire"]["evidence"]:
        field = document[piece["field"]]
        assert field[piece["start"] : piece["end"]] == piece["text"]
    assert set(case["topics"]) <= {topic["id"] for topic in document["topics"]}
    assert set(case["entities"]) <= {entity["name"] for entity in document["entities"]}
    left = [mark for mark in case["furniture"] if mark in document["body"]]
    assert not left, document["body"]
    kept = [p.strip() for p in case["text"].split("\n") if len(p.split()) > 20]
    kept = [p for p in kept if not any(mark in p for mark in case["furniture"])]
    for paragraph in kept:
        assert " ".join(paragraph.split()) in " ".join(document["body"].split())


@CASE
def test_as_a_file_and_as_a_feed_it_is_clean_credited_and_tagged(case: Any, tmp_path: Path) -> None:
    case = case()
    write_lines(
        tmp_path / "in.jsonl",
        [
            {
                "url": "https://blog.example/file",
                "title": case["title"],
                "body": case["text"],
                "published": NOON.isoformat(),
            }
        ],
    )
    item = {"title": case["title"], "url": "http://blog.example/feed", "date": format_datetime(NOON),
            "html": blog_html(case["text"])}  # fmt: skip
    with serving({"/feed.xml": rss([item])}) as address:
        config = ready(
            tmp_path,
            [
                {"kind": "files", "path": "in.jsonl"},
                {"kind": "rss", "url": "http://blog.example/feed.xml", "id": "blog"},
            ],
            fetch={"hosts": {"blog.example": address}, "allow_addresses": ["127.0.0.0/8"]},
        )
        command(config, "run", "--once", "--quiet")
    documents = exported(config)
    assert len(documents) == 2
    for document in documents.values():
        check_article(document, case)


@CASE
@pytest.mark.parametrize("first", ["wire", "blog"])
def test_with_the_wire_before_or_after_it_is_a_repost_of_it(case: Any, first: str, tmp_path: Path) -> None:
    case = case()
    pages: dict[str, bytes] = {"/blog.xml": rss([]), "/wire.xml": rss([])}
    items = {
        "/blog.xml": {"title": case["title"], "url": "http://blog.example/post", "html": blog_html(case["text"]),
                      "date": format_datetime(NOON + timedelta(minutes=50))},
        "/wire.xml": {"title": "برقية الوكالة", "url": "http://wire.example/1", "html": blog_html(original(case)),
                      "date": format_datetime(NOON)},
    }  # fmt: skip
    order = sorted(items, key=lambda path: first not in path)
    with serving(pages) as address:
        config = ready(
            tmp_path,
            [
                {"kind": "rss", "url": "http://blog.example/blog.xml", "id": "blog"},
                {"kind": "rss", "url": "http://wire.example/wire.xml", "id": "wire", "agency": "reuters"},
            ],
            fetch={
                "hosts": {"blog.example": address, "wire.example": address},
                "allow_addresses": ["127.0.0.0/8"],
            },
        )
        for path in order:
            pages[path] = rss([items[path]])
            command(config, "run", "--once", "--quiet")
    by_url = {document["url"]: document for document in exported(config).values()}
    wire, blog = by_url["http://wire.example/1"], by_url["http://blog.example/post"]
    check_article(blog, case)
    assert wire["story"]["role"] == "original"
    assert (blog["story"]["role"], blog["story"]["original_id"]) == ("repost", wire["id"])
    (copy,) = blog["story"]["copied_from"]
    assert copy["id"] == wire["id"]
    assert 0.6 <= copy["share_of_this"] <= 1
    assert copy["lag_s"] == 3000
    alerts = answer(config, "alerts")
    assert sorted(alert["rule"] for alert in alerts) == ["lines", "pacts", "pressure"]
