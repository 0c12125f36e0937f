"""Feeds to items: cases by file, the evaluation set, and bodies made to hurt."""

from __future__ import annotations

import contextlib
import io
import os
import re
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import feedparser
import pytest
import yaml
from feeds_server import Handler, Server, policy

from transforms.feeds.encodings import decode
from transforms.feeds.http import Fetcher
from transforms.feeds.parse import NotAFeed, ParsedFeed, parse_feed

CASES = Path(__file__).parent / "cases"
EVAL = Path(os.environ.get("NEWS_EVAL_DATA") or Path(__file__).parents[3] / "shared" / "eval") / "feeds"


def cases(kind: str) -> list[Any]:
    return [pytest.param(path, id=path.stem) for path in sorted((CASES / kind).glob("*.yaml"))]


@pytest.mark.parametrize("path", cases("parse"))
def test_case(path: Path) -> None:
    case = yaml.safe_load(path.read_text("utf-8"))
    expect = case["expect"]
    parsed = parse_feed(case["body"].encode(), case.get("content_type", ""), case.get("url", ""))
    if "refused" in expect:
        assert isinstance(parsed, NotAFeed)
        assert parsed.reason.partition(":")[0] == expect["refused"]
        return
    assert isinstance(parsed, ParsedFeed)
    for name in set(expect) - {"items", "hubs"}:
        assert getattr(parsed, name) == expect[name], name
    assert list(parsed.hubs) == expect.get("hubs", list(parsed.hubs))
    assert len(parsed.items) == len(expect["items"])
    for item, wanted in zip(parsed.items, expect["items"], strict=True):
        held = asdict(item)
        assert {name: held[name] for name in wanted} == wanted


@pytest.mark.parametrize("path", cases("encodings"))
def test_encoding(path: Path) -> None:
    case = yaml.safe_load(path.read_text("utf-8"))
    says = f" encoding='{case['xml_says']}'" if case["xml_says"] else ""
    feed = f"<?xml version='1.0'{says}?>{HEAD}<item><title>{case['text']}</title></item>{TAIL}"
    http = f"text/xml; charset={case['http_says']}" if case["http_says"] else ""
    parsed = parse_feed(feed.encode(case["written_in"], "replace"), http)
    assert isinstance(parsed, ParsedFeed)
    assert parsed.items[0].title == case["text"].encode(case["written_in"], "replace").decode(case["written_in"])


def test_a_page_is_read_by_its_meta_charset() -> None:
    page = "<html><head><meta content='text/html; charset=windows-1256'></head><body>مرحبا بكم في فيرين</body>"
    assert decode(page.encode("windows-1256"), "text/html", meta=True) == (page, "cp1256")


def test_some_broken_bytes_do_not_make_utf8_something_else() -> None:
    text = "خبر عاجل من مدينة فيرين " * 40
    read, codec = decode(text.encode() + b"\xd8", "text/xml; charset=utf-8")
    assert (read, codec) == (text + "\ufffd", "utf-8")


def eval_files() -> list[Path]:
    return sorted(path for path in EVAL.glob("*/*") if path.is_file()) if EVAL.is_dir() else []


@pytest.fixture(scope="module")
def eval_feeds() -> list[Path]:
    files = eval_files()
    if not files and not os.environ.get("CI"):
        pytest.skip("no evaluation data: set NEWS_EVAL_DATA or put it at ../shared/eval")
    assert len(files) >= 100
    return files


def count(parsed: ParsedFeed | NotAFeed) -> int:
    return len(parsed.items) if isinstance(parsed, ParsedFeed) else 0


def test_every_evaluation_file_is_read_or_refused_as_bytes(eval_feeds: list[Path]) -> None:
    refused = []
    for path in eval_feeds:
        body = path.read_bytes()
        parsed = parse_feed(body)
        assert count(parsed) == len(feedparser.parse(io.BytesIO(body)).entries), path.name
        if isinstance(parsed, NotAFeed):
            assert re.match(r"[a-z-]+: .", parsed.reason), path.name
            refused.append(path.name)
    assert all(name.endswith(".html") or "empty" in name for name in refused), refused


def test_every_evaluation_file_is_read_or_refused_over_http(server: Server, eval_feeds: list[Path]) -> None:
    fetcher = Fetcher(policy())
    for path in eval_feeds:
        body = path.read_bytes()
        header = re.search(rb"Header:\s*Content-type:\s*([^\r\n]+)", body)
        kind = header[1].decode("ascii") if header else "application/xml"

        def feed(handler: Handler, body: bytes = body, kind: str = kind) -> None:
            handler.answer(200, body, {"Content-Type": kind})

        fetched = fetcher.get(server.do("/feed", feed))
        parsed = parse_feed(fetched.body, fetched.content_type, fetched.url)
        counted = feedparser.parse(io.BytesIO(body), response_headers={"content-type": kind})
        assert count(parsed) == len(counted.entries), path.name


EXPECTED_TEXT = {
    "chardet_koi8r.xml": "Как пережить", "chardet_gb2312.xml": "不归移民", "chardet_shiftjis.xml": "DrecomRSSに記事",
    "chardet_euckr.xml": "TypeKey 한글닉네임", "chardet_eucjp.xml": "ゲーム三昧", "encoding_WINDOWS-1251.xml": "Цитата",
    "koi8r.xml": "Пример RSS ленты", "utf8-incorrect-prolog.xml": "Café", "windows-1252.xml": "Euro €",
    "no_encoding_ISO-8859-1.xml": "quels effets", "urdu_UTF8.xml": "پاکستان",
}  # fmt: skip


def test_the_evaluation_files_are_read_in_the_right_letters(eval_feeds: list[Path]) -> None:
    for path in eval_feeds:
        wanted = EXPECTED_TEXT.get(path.name)
        if wanted:
            parsed = parse_feed(path.read_bytes())
            assert isinstance(parsed, ParsedFeed)
            assert wanted in parsed.title + " ".join(item.title for item in parsed.items), path.name


HEAD, TAIL = "<rss version='2.0'><channel><title>x</title>", "</channel></rss>"


def item(description: str) -> str:
    return f"<item><title>t</title><guid>http://a.example/1</guid><description>{description}</description></item>"


DIVS = "<div>" * 200_000 + "deep" + "</div>" * 200_000
BILLION = "<!DOCTYPE rss [<!ENTITY a 'lol'>" + "".join(
    f"<!ENTITY {chr(98 + n)} '{('&' + chr(97 + n) + ';') * 10}'>" for n in range(10)
) + "]>" + HEAD + item("&k;") + TAIL  # fmt: skip
QUADRATIC = f"<!DOCTYPE rss [<!ENTITY a '{'x' * 100_000}'>]>" + HEAD + item("&a;" * 10_000) + TAIL
HOSTILE = {
    "raw divs": HEAD + item(DIVS) + TAIL,
    "raw divs outside items": HEAD + DIVS + TAIL,
    "raw divs, ill-formed": HEAD + item(DIVS) + "&nope;",
    "divs in CDATA": HEAD + item(f"<![CDATA[{DIVS}]]>") + TAIL,
    "escaped divs": HEAD + item(DIVS.replace("<", "&lt;")) + TAIL,
    "open items": HEAD + "<item>" * 200_000,
    "open titles": HEAD + "<title>" * 200_000,
    "open tags": HEAD + "<a " * 300_000,
    "open comments": HEAD + "<!--" * 300_000,
    "open CDATA": HEAD + "<![CDATA[" * 200_000,
    "angles": HEAD + "<" * 200_000,
    "ampersands": HEAD + item("&" * 200_000) + TAIL,
    "newlines in front": "\n" * 500_000 + HEAD + TAIL,
    "doctypes in front": "\n<!DOCTYPE " * 50_000 + HEAD + TAIL,
    "entities in front": "x\n<!ENTITY " * 50_000 + HEAD + TAIL,
    "billion laughs": BILLION,
    "quadratic entities": QUADRATIC,
    "quotes": HEAD + "<a b='" * 100_000,
    "JSON arrays": "[" * 500_000,
    "JSON objects": '{"a":' * 200_000,
    "JSON number": '{"version":' + "9" * 500_000 + "}",
    "one word": "a" * 5_000_000,
    "one foreign line": HEAD + item("\u0647" * 1_000_000) + TAIL,
    "xml declaration": "<?xml " * 200_000,
    "JSON divs": '{"version":"https://jsonfeed.org/version/1.1","items":[{"id":"1","content_html":"' + DIVS + '"}]}',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_body_costs_little(name: str) -> None:
    body = HOSTILE[name].encode()
    started = time.process_time()
    parsed = parse_feed(body)
    spent = time.process_time() - started
    assert spent < 1.0, f"{spent:.2f} s"
    if isinstance(parsed, ParsedFeed):
        text = " ".join(f"{entry.html} {entry.summary}" for entry in parsed.items)
        assert len(text) < 2.5e6
        assert "<div>" * 300 not in text


def test_a_deeply_nested_text_is_kept_without_its_tags() -> None:
    parsed = parse_feed(HOSTILE["divs in CDATA"].encode())
    assert isinstance(parsed, ParsedFeed)
    assert (parsed.items[0].summary or "").split() == ["deep"]


@pytest.mark.parametrize("wrong", ["utf-8", None])
def test_hostile_bytes_of_no_encoding_cost_little(wrong: str | None) -> None:
    says = f" encoding='{wrong}'" if wrong else ""
    body = f"<?xml version='1.0'{says}?>".encode() + HEAD.encode() + bytes(range(128, 256)) * 20_000 + TAIL.encode()
    started = time.process_time()
    parse_feed(body)
    assert time.process_time() - started < 1.0


def test_external_entities_are_not_loaded(server: Server, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("gekritzel")
    server.serve("/x.dtd", b"<!ENTITY e 'gekritzel'>")
    for declaration in (
        f"<!DOCTYPE rss [<!ENTITY e SYSTEM 'file://{secret}'>]>",
        f"<!DOCTYPE rss [<!ENTITY e SYSTEM '{server.url('/x.dtd')}'>]>",
        f"<!DOCTYPE rss SYSTEM '{server.url('/x.dtd')}'>",
        f"<!DOCTYPE rss [<!ENTITY % p SYSTEM '{server.url('/x.dtd')}'>%p;]>",
    ):
        parsed = parse_feed((declaration + HEAD + item("[&e;]") + TAIL).encode())
        assert "gekritzel" not in repr(parsed)
    assert server.seen == []


def test_a_feed_above_the_cap_is_cut_and_says_so() -> None:
    items = (f"<item><title>n{n}</title><guid>http://a.example/{n}</guid></item>" for n in range(5000))
    feed = HEAD + "".join(items) + TAIL
    parsed = parse_feed(feed.encode(), max_entries=500)
    assert isinstance(parsed, ParsedFeed)
    assert ([entry.title for entry in parsed.items[::499]], parsed.dropped) == (["n0", "n499"], 4500)
    json_feed = '{"version":"https://jsonfeed.org/version/1","items":[' + ",".join(["{}"] * 700) + "]}"
    parsed = parse_feed(json_feed.encode(), max_entries=500)
    assert isinstance(parsed, ParsedFeed)
    assert (len(parsed.items), parsed.dropped) == (500, 200)


def test_random_damage_never_raises() -> None:
    import random

    dice = random.Random(3)
    paths = sorted((CASES / "parse").glob("*.yaml"))
    whole = [yaml.safe_load(path.read_text("utf-8"))["body"].encode() for path in paths]
    for _ in range(400):
        body = bytearray(dice.choice(whole))
        for _ in range(dice.randrange(1, 8)):
            at = dice.randrange(len(body) + 1)
            with contextlib.suppress(IndexError):
                if dice.random() < 0.5:
                    body[at] = dice.randrange(256)
                else:
                    del body[at : at + dice.randrange(1, 40)]
        assert isinstance(parse_feed(bytes(body) or b" "), ParsedFeed | NotAFeed)
