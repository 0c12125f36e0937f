"""Entries that make an article, entries that do not, and their replay."""

from __future__ import annotations

import json
from typing import Any

import pytest

from transforms.clean.article import MOST_BODY, clean
from transforms.clean.replay import entry_document, entry_of
from transforms.records import Article, DeadLetter, Entry, Origin, Source

SOURCE = Source("desk", "The Desk", "example.org", "reuters")


def entry(**fields: Any) -> Entry:
    given = {
        "url": "https://example.org/a?utm_source=x",
        "guid": "g-1",
        "title": "A title",
        "body": "Some text.",
        **fields,
    }
    return Entry(Origin("feed:desk", 3, 7), SOURCE, 1_795_430_000, **given)


def article(**fields: Any) -> Article:
    made = clean(entry(**fields))
    assert isinstance(made, Article)
    return made


def test_what_is_carried_over() -> None:
    made = article(
        author="By <b>A. Writer</b>",
        published="2026-11-20T10:15:00Z",
        language="ar-SA",
        extra={"desk": {"no": 1}},
        method="page",
    )
    assert (made.url, made.guid, made.origin, made.source) == (
        "https://example.org/a",
        "g-1",
        Origin("feed:desk", 3, 7),
        SOURCE,
    )
    assert (made.author, made.published, made.language) == ("By A. Writer", 1_795_169_700, "ar-SA")
    assert (made.extra, made.method, made.arrived) == ({"desk": {"no": 1}}, "page", 1_795_430_000)


def test_which_text_is_taken() -> None:
    assert article(html="<p>From html</p>", body="From body", summary="From summary").body == "From html"
    assert article(html="<p> </p>", body="From body", summary="From summary").body == "From body"
    assert article(html=None, body=" ", summary="<p>From summary</p>").body == "From summary"
    assert article(body=None).body == ""


def test_known_by_url_or_guid() -> None:
    assert (
        article(guid="other").id
        == article(url="http://www.example.org/a/").id
        != article(url="https://example.org/b").id
    )
    assert article(url=None).id == article(url="javascript:alert(1)").id != article(url=None, guid="g-2").id
    assert article(url="javascript:alert(1)").url is None


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"title": "", "body": None}, "no text"),
        ({"title": " <b></b>", "body": "...", "summary": "<img src=x>"}, "no text"),
        ({"url": None, "guid": None}, "no url and no guid"),
        ({"url": "javascript:alert(1)", "guid": ""}, "no usable url and no guid"),
        ({"body": "word " * (MOST_BODY // 4)}, "too large"),
        ({"html": "<p>" * 3_000_000}, "too large"),
        ({"guid": "g" * 5000}, "guid longer"),
    ],
)
def test_dead_letters(fields: dict[str, Any], reason: str) -> None:
    given = entry(**fields)
    dead = clean(given)
    assert isinstance(dead, DeadLetter)
    assert dead.reason.startswith(reason)
    assert (dead.stage, dead.input_kind, dead.origin, dead.arrived) == ("clean", "entry", given.origin, given.arrived)
    assert entry_of(json.loads(json.dumps(dead.input))) == given


def test_hostile_source_names_are_made_plain() -> None:
    made = clean(
        Entry(Origin("f"), Source("s", "<b>Desk</b>\x1b[31m", "example.org"), 0, url="https://example.org/a", title="T")
    )
    assert isinstance(made, Article)
    assert made.source == Source("s", "Desk", "example.org")


def test_replay_gives_the_entry_back() -> None:
    given = entry(
        html="<p>\ud800\x00</p>",
        summary="s",
        author="a",
        published="p",
        language="ar",
        extra={"a": [1, None, {"b": 2.5}]},
    )
    assert entry_of(json.loads(json.dumps(entry_document(given)))) == given
    plain = Entry(Origin("file:x"), Source("s"), 5)
    assert entry_of(json.loads(json.dumps(entry_document(plain)))) == plain


@pytest.mark.parametrize("change", [{"origin": None}, {"source": {}}, {"title": 5}, {"arrived": None}, {"extra": "x"}])
def test_replay_refuses_what_is_no_entry(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not the document of an entry"):
        entry_of({**entry_document(entry()), **change})
