"""Cookie notices, paywalls, robot checks and error pages are no articles; articles about them are."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from transforms.clean import walls
from transforms.clean.article import clean
from transforms.errors import DataError
from transforms.records import Article, DeadLetter, Entry, Origin, Source

HERE = Path(__file__).parent / "cases" / "walls"
WALL = "We use cookies on our site. By continuing you agree to our cookie policy."


def cases(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((HERE / f"{name}.yaml").read_text("utf-8"))
    return found


def entry(**fields: Any) -> Entry:
    return Entry(Origin("test"), Source("desk"), 1_795_000_000, url="https://example.org/a", **fields)


@pytest.mark.parametrize("case", cases("walls"), ids=lambda case: f"{case['language']}-{case['text'][:24]}")
def test_a_wall_is_known(case: dict[str, Any]) -> None:
    assert walls.is_wall(case["text"], case.get("title", ""))


@pytest.mark.parametrize("case", cases("articles"), ids=lambda case: f"{case['language']}-{case['text'][:24]}")
def test_an_article_is_none(case: dict[str, Any]) -> None:
    assert not walls.is_wall(case["text"], case.get("title", ""))


def test_a_wall_without_title_is_a_dead_letter_that_says_why() -> None:
    letter = clean(entry(body=WALL))
    assert isinstance(letter, DeadLetter)
    assert letter.reason == walls.REASON


def test_the_summary_is_taken_in_place_of_a_wall() -> None:
    article = clean(entry(title="Road open", body=WALL, summary="The road is open again.", method="page"))
    assert isinstance(article, Article)
    assert (article.body, article.method) == ("The road is open again.", "summary")


def test_a_title_is_left_of_a_wall() -> None:
    article = clean(entry(title="Road open", html=f"<p>Road open</p><p>{WALL}</p>", method="page"))
    assert isinstance(article, Article)
    assert (article.title, article.body, article.method) == ("Road open", "", "summary")


def test_a_notice_under_a_story_takes_nothing_of_it() -> None:
    story = "The road through the pass is open again after seven months. " * 3
    article = clean(entry(title="Road open", body=f"{story}\n\n{WALL}", method="page"))
    assert isinstance(article, Article)
    assert article.body.startswith("The road through the pass")
    assert article.method == "page"


def test_a_mistake_in_the_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    content = yaml.safe_load((walls.DATA / "wall_pages.yaml").read_text("utf-8"))
    content["languages"]["en"]["phrases"][1] = ["ad%"]
    (tmp_path / "wall_pages.yaml").write_text(yaml.safe_dump(content), "utf-8")
    monkeypatch.setattr(walls, "DATA", tmp_path)
    walls.walls.cache_clear()
    with pytest.raises(DataError, match=r"wall_pages.yaml: languages\.en\.phrases\.1: 'ad%'"):
        walls.walls()
    walls.walls.cache_clear()


def test_hostile_text_costs_little() -> None:
    began = time.perf_counter()
    for text in ("cookies you " * 100_000, "cookie policy. " * 180, "." * 2000, "you. " * 500, "\u202e\x00" * 1000):
        walls.is_wall(text, text)
    assert time.perf_counter() - began < 2
