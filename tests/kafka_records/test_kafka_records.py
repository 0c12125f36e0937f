"""Kafka records to entries: cases are files; what is hostile never raises; dead letters hold all and replay."""

from __future__ import annotations

import base64
import json
import random
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
import yaml

from transforms.clean.article import clean
from transforms.deadletters.again import again
from transforms.deadletters.record import as_bytes, from_line, to_line
from transforms.feeds.parse import ParsedFeed, parse_feed
from transforms.feeds.poll import entry_of
from transforms.feeds.specs import FeedSpec
from transforms.files.entry import entry_of_line
from transforms.kafka.record import MAX_ENTRIES, MAX_VALUE, Record, read_record, replayed_record
from transforms.records import Article, DeadLetter, Entry, Json, Origin, Source

CASES = Path(__file__).parent / "cases"
NOW = 1_772_500_000
STAMP_MS = 1_772_400_000_123
WIRE = Source("wire", "Wire", "wire.example")
READER = "kafka:main:news:3"


def cases() -> list[Any]:
    found = sorted(CASES.glob("*.yaml"))
    assert found
    return [
        pytest.param(case, id=f"{path.stem}: {case['about']}")
        for path in found
        for case in yaml.safe_load(path.read_text("utf-8"))
    ]


def encoded(case: Json, name: str) -> bytes | None:
    if f"{name}_base64" in case:
        return base64.b64decode(case[f"{name}_base64"])
    value = case.get(name)
    return None if value is None else str(value).encode()


def record(value: bytes | None, key: bytes | None = None, *headers: tuple[str, bytes | None], at: int = 41) -> Record:
    return Record("news", 3, at, STAMP_MS, key, value, headers)


def of(case: Json) -> Record:
    headers = tuple((name, None if value is None else value.encode()) for name, value in case.get("headers", ()))
    whole = record(encoded(case, "value"), encoded(case, "key"), *headers)
    return replace(whole, timestamp_ms=case.get("timestamp_ms", STAMP_MS))


def source_of(case: Json) -> Source:
    return Source(**case["source"]) if "source" in case else WIRE


def sorted_out(found: list[Entry | DeadLetter]) -> tuple[list[Entry], list[DeadLetter]]:
    return [i for i in found if isinstance(i, Entry)], [i for i in found if isinstance(i, DeadLetter)]


@pytest.mark.parametrize("case", cases())
def test_a_case(case: Json) -> None:
    found = read_record(of(case), source_of(case), READER, NOW)
    entries, dead = sorted_out(found)
    assert [item.origin for item in found] == [Origin(READER, 41, seq) for seq in range(len(found))]
    assert len(entries) == len(case.get("entries", ())), found
    for entry, expected in zip(entries, case.get("entries", ()), strict=True):
        told = asdict(entry)
        assert {name: told[name] for name in expected} == expected
    assert len(dead) == len(case.get("dead", ())), found
    for letter, reason in zip(dead, case.get("dead", ()), strict=True):
        assert reason in letter.reason


@pytest.mark.parametrize("case", [case for case in cases() if case.values[0].get("dead")])
def test_a_dead_letter_holds_the_record_and_fails_again_as_the_same_letter(case: Json) -> None:
    given = of(case)
    for letter in sorted_out(read_record(given, source_of(case), READER, NOW))[1]:
        place = letter.input if letter.input_kind == "record" else letter.input["record"]
        assert (letter.stage, place["topic"], place["partition"], place["offset"]) == ("kafka", "news", 3, 41)
        if letter.input_kind == "record" and "part" not in letter.input:
            assert as_bytes(letter.input["value"]) == given.value
        stored = from_line(to_line(letter)[1])
        (back,) = again(stored.letter)
        assert isinstance(back, DeadLetter)
        assert to_line(back)[0] == stored.id
        assert (back.reason, back.origin) == (letter.reason, letter.origin)


def test_a_letter_that_was_mended_gives_all_that_is_in_it() -> None:
    (letter,) = read_record(record(b'{"guid": "a", "title": "One",}', b"k"), WIRE, READER, NOW)
    assert isinstance(letter, DeadLetter)
    feed = "<rss version='2.0'><channel><title>W</title><item><guid>a</guid><title>One</title></item>" \
        "<item><guid>b</guid><title>Two</title></item></channel></rss>"  # fmt: skip
    mended = replace(letter, input={**letter.input, "value": feed})
    entries, dead = sorted_out(again(mended))
    assert [(entry.guid, entry.arrived, entry.origin) for entry in entries] == [
        ("a", STAMP_MS // 1000, Origin(READER, 41, 0)),
        ("b", STAMP_MS // 1000, Origin(READER, 41, 1)),
    ]
    assert not dead


def test_of_a_batch_only_what_was_dead_is_replayed() -> None:
    events = [{"specversion": "1.0", "data": {"guid": name, "title": name}} for name in "abc"]
    del events[1]["data"]["title"]  # type: ignore[attr-defined]
    batch = record(json.dumps(events).encode(), b"k", ("content-type", b"application/cloudevents-batch+json"))
    entries, dead = sorted_out(read_record(batch, WIRE, READER, NOW))
    assert [entry.guid for entry in entries] == ["a", "c"]
    (letter,) = dead
    assert json.loads(letter.input["value"]) == events[1]
    mended = json.dumps({"specversion": "1.0", "data": {"guid": "b", "title": "Mended"}})
    (back,) = again(replace(letter, input={**letter.input, "value": mended}))
    assert isinstance(back, Entry)
    assert (back.guid, back.title, back.origin) == ("b", "Mended", letter.origin)


def test_a_later_replay_keeps_the_arrival() -> None:
    dead = read_record(replace(record(b"{"), timestamp_ms=0), WIRE, READER, NOW)
    assert isinstance(dead[0], DeadLetter)
    mended = replace(dead[0], input={**dead[0].input, "value": '{"guid": "a", "title": "One"}'})
    (entry,) = replayed_record(mended, NOW + 90_000_000)
    assert entry.arrived == NOW


@pytest.mark.parametrize("changed", [{"partition": "x"}, {"headers": 3}, {"headers": [1]}, {"source": None}])
def test_a_letter_edited_out_of_shape_stays(changed: Json) -> None:
    (letter,) = read_record(record(b"{"), WIRE, READER, NOW)
    assert isinstance(letter, DeadLetter)
    spoilt = replace(letter, input={**letter.input, **changed})
    assert again(spoilt) == [spoilt]


def test_a_form_that_the_config_names_is_the_only_one_tried() -> None:
    event = record(b'{"specversion": "1.0", "data": {"x": 1}, "guid": "g", "title": "One"}')
    (entry,) = read_record(event, WIRE, READER, NOW, "json")
    assert isinstance(entry, Entry)
    assert entry.extra == {"specversion": "1.0", "data": {"x": 1}}
    article = record(b'{"guid": "g", "title": "One"}')
    for form, reason in (("cloudevents", "it has no specversion"), ("feed", "not a feed that can be read")):
        (letter,) = read_record(article, WIRE, READER, NOW, form)
        assert isinstance(letter, DeadLetter)
        assert reason in letter.reason
        assert letter.input["format"] == form
        assert to_line(again(letter)[0]) == to_line(letter)  # type: ignore[arg-type]


def test_a_huge_value_is_cut_and_cannot_be_replayed() -> None:
    value = b'{"guid": "g", "title": "' + b"a" * MAX_VALUE + b'"}'
    (letter,) = read_record(record(value), WIRE, READER, NOW)
    assert isinstance(letter, DeadLetter)
    assert letter.reason == "the value is longer than 8 MB"
    assert letter.input["length"] == len(value)
    assert value.startswith(as_bytes(letter.input["value"]))
    assert again(letter) == [letter]
    under = b'{"guid": "g", "title": 1, "x": "' + b"a" * (MAX_VALUE - 40) + b'"}'
    (letter,) = read_record(record(under), WIRE, READER, NOW)
    assert isinstance(letter, DeadLetter)
    assert as_bytes(letter.input["value"]) == under


def test_too_many_items_and_events_are_told_and_not_lost_silently() -> None:
    items = "".join(f"<item><guid>{n}</guid><title>T {n}</title></item>" for n in range(MAX_ENTRIES + 7))
    feed = f"<rss version='2.0'><channel><title>W</title>{items}</channel></rss>"
    events = [{"specversion": "1.0", "data": {"guid": str(n), "title": "T"}} for n in range(MAX_ENTRIES + 7)]
    for value in (feed, json.dumps(events)):
        entries, dead = sorted_out(read_record(record(value.encode()), WIRE, READER, NOW))
        assert len(entries) == MAX_ENTRIES
        assert [f"{MAX_ENTRIES + 7} " in letter.reason and str(MAX_ENTRIES) in letter.reason for letter in dead] == [
            True
        ]


HOSTILE = [
    b"[" * 100_000, b'{"a":' * 100_000, b"<a>" * 300_000, b"<" * 100_000, b"\0", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe",
    b"{" + b'"a":1,' * 200_000 + b'"b":1}', b"1" * 5_000_000, b"-", b'"\\ud800"', b'{"guid": "\\u0000", "title": "a"}',
    b"<?xml version='1.0' encoding='no-such'?><rss/>", b"<!DOCTYPE " + b"x" * 100_000, b"<rss>" + b"&a;" * 100_000,
    b'{"specversion": "1.0", "data": "' + b"<a>" * 100_000 + b'"}', b'{"specversion": {}, "data": 1}', b"1e999999999",
    b'{"specversion": "1.0", "data_base64": ' + b"[" * 20 + b"]" * 20 + b"}", b'{"guid": 1e400, "title": "a"}',
    b'{"version": "https://jsonfeed.org/version/1", "items": [[], 1, null, {"id": {}}]}',
    b'{"version": "https://jsonfeed.org/version/1", "items": 7}', b"{}", b'{"": ""}', b"[{}]", b"[[[[]]]]",
]  # fmt: skip


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("content-type", b"application/cloudevents+json"),),
        (("content-type", b"application/cloudevents-batch+json"),),
        (("ce_specversion", b"1.0"), ("content-type", b"\xff\xfe")),
        (("content-type", None), ("ce_id", b"\x00" * 10_000)),
        (("content-type", b"application/cloudevents+" + b"\x1b[2J" * 100),),
    ],
)
def test_nothing_hostile_raises(headers: tuple[tuple[str, bytes | None], ...]) -> None:
    for value in HOSTILE:
        found = read_record(Record("news", 3, 41, STAMP_MS, b"\xff", value, headers), WIRE, READER, NOW)
        for item in found:
            if isinstance(item, DeadLetter):
                assert item.reason.isprintable()
                assert to_line(again(from_line(to_line(item)[1]).letter)[0])  # type: ignore[arg-type]
            else:
                clean(item)


def test_bytes_turned_at_random_never_raise() -> None:
    chance = random.Random(20261127)
    seeds = [given for case in cases() if (given := of(case.values[0])).value]
    for _ in range(3000):
        value = bytearray(chance.choice(seeds).value or b"")
        for _ in range(chance.randint(1, 6)):
            if not value:
                break
            at = chance.randrange(len(value))
            kind = chance.randrange(3)
            if kind == 0:
                value[at] = chance.randrange(256)
            elif kind == 1:
                del value[at : at + chance.randint(1, 30)]
            else:
                value[at:at] = chance.choice([b"{", b"[", b"<", b'"', b"\\", b"\0", b"null", b"\xf0\x9f"])
        for item in read_record(replace(chance.choice(seeds), value=bytes(value)), WIRE, READER, NOW):
            if isinstance(item, DeadLetter):
                to_line(item)


def test_an_article_has_one_id_by_file_feed_and_kafka() -> None:
    url = "https://WWW.Courier.example/ferry?utm_source=rss&id=3#top"
    text = {"title": "Ferry to Orvik resumes", "body": "The ferry resumed on Sunday."}
    line = json.dumps({"url": url, **text}).encode()
    item = f"<title>{text['title']}</title><link>{escape(url)}</link><description>{text['body']}</description>"
    feed = f"<rss version='2.0'><channel><title>W</title><item>{item}</item></channel></rss>"
    event = json.dumps({"specversion": "1.0", "data": {"url": url, **text}}).encode()
    parsed = parse_feed(feed.encode())
    assert isinstance(parsed, ParsedFeed)
    polled = entry_of(FeedSpec("w", "https://w.example/feed", WIRE), parsed.items[0], Origin("feed:w"), NOW, "feed")
    found: list[Any] = [entry_of_line(line, Source(""), "file:a", 0, NOW), polled]
    for value in (line, feed.encode(), event):
        found += read_record(record(value, b"some-key"), WIRE, READER, NOW)
    articles = [clean(entry) for entry in found]
    assert all(isinstance(article, Article) for article in articles), articles
    assert len({article.id for article in articles}) == 1  # type: ignore[union-attr]
    assert len({(article.title, article.body) for article in articles}) == 1  # type: ignore[union-attr]
