"""The repost graph: rows, medians, credit, order; and how it reads on a terminal."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from pipeline import show
from tests.index.index_samples import BLOG, NOON, WIRE
from transforms.index.reposts import graph
from transforms.records import Json, Source, rfc3339

ARABIC = {"id": "sahifa", "name": "صحيفة المرفأ", "domain": "www.Sahifa.example"}


def article(key: str, source: Json, at: int = 0, *agencies: str, share: float | None = None, of: str = "a") -> Json:
    copied = [] if share is None else [{"id": of, "share_of_this": share, "lag_s": at}]
    return {
        "id": key, "url": f"https://{source['domain']}/{key}", "source": source, "wire": {"agencies": list(agencies)},
        "published_effective": rfc3339(NOON + at), "story": {"original_id": of, "copied_from": copied},
    }  # fmt: skip


def nobody(url: str | None, source: Source) -> str | None:
    return source.agency


def row(source: Json, copies: Json, **fields: Any) -> Json:
    return {"source": source, "copies": copies, **fields}


AGENCY = {**WIRE, "agency": "reuters"}
PAIRS = [
    (article("b", BLOG, 60, "reuters", share=0.5), article("a", AGENCY)),
    (article("c", BLOG, 180, "afp", share=1.0), article("a", AGENCY)),
    (article("d", BLOG, -600, share=0.9), article("a", AGENCY)),
    (article("e", ARABIC, 7200, "afp", of="z"), article("z", BLOG, 0, "afp")),
    (article("f", BLOG, 5, share=0.25, of="y"), article("y", ARABIC)),
]
ROWS = [
    row(BLOG, AGENCY, reposts=3, lag_s=60, share=0.9, credited=1, creditable=3),
    row(BLOG, ARABIC, reposts=1, lag_s=5, share=0.25, credited=0, creditable=0),
    row(ARABIC, BLOG, reposts=1, lag_s=7200, share=None, credited=1, creditable=1),
]


def test_a_row_for_each_source_and_whom_it_copies_the_busiest_first() -> None:
    assert graph(PAIRS, nobody) == ROWS
    assert graph(reversed(PAIRS), nobody) == ROWS
    assert graph(PAIRS, nobody, limit=1) == ROWS[:1]


def test_a_source_is_named_by_id_or_domain() -> None:
    assert graph(PAIRS, nobody, "blog") == ROWS[:2]
    assert graph(PAIRS, nobody, "sahifa.example") == ROWS[2:]
    assert graph(PAIRS, nobody, "elsewhere") == []


def test_whose_own_the_original_is_may_be_known_by_its_address() -> None:
    pairs = [(article("b", BLOG, 60, "spa"), article("a", WIRE))]
    (found,) = graph(pairs, lambda url, _: "spa" if url == "https://www.wire.example/a" else None)
    assert (found["credited"], found["creditable"]) == (1, 1)


def test_on_a_terminal_names_stand_last_in_their_own_direction() -> None:
    console = Console(width=60, record=True, file=io.StringIO())
    show.reposts(console, ROWS)
    head, first, second, third, count = console.export_text().splitlines()
    assert first.split()[:8] == ["3", "1", "minute", "later", "90%", "1", "of", "3"]
    assert first.endswith("\u2068Blog\u2069 (\u2068blog\u2069) copies \u2068Wire\u2069 (\u2068wire\u2069)")
    assert second.endswith("copies \u2068صحيفة المرفأ\u2069 (\u2068sahifa\u2069)")
    assert third.split()[:7] == ["1", "2", "hours", "later", "-", "1", "of"]
    # Every line's names begin where the heading says.
    assert {line.index("\u2068") for line in (first, second, third)} == {head.index("who")}
    assert count == "3 rows"
