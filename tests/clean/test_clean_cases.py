"""Whole entries through `clean`: the case files, and the founding case where it lies beside the project."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from transforms.clean.article import clean
from transforms.clean.html import plain
from transforms.clean.phrases import phrases
from transforms.records import Article, Entry, Origin, Source

HERE = Path(__file__).parent
CASES = sorted((HERE / "cases" / "articles").glob("*.yaml"))
SHARED = Path(os.environ.get("NEWS_EVAL_DATA") or HERE.parents[1].parent / "shared" / "eval").parent


def entry(**fields: Any) -> Entry:
    return Entry(Origin("test"), Source("desk"), 1_795_000_000, **{"url": "https://example.org/a", **fields})


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    fields = {key: case[key] for key in ("title", "body", "html", "summary") if key in case}
    article = clean(entry(**fields))
    assert isinstance(article, Article)
    for name, value in case["expect"].items():
        assert getattr(article, name) == value


def test_cleaning_twice_changes_nothing() -> None:
    for path in CASES:
        expect = yaml.safe_load(path.read_text(encoding="utf-8"))["expect"]
        article = clean(entry(title="Another title", body=expect["body"]))
        assert isinstance(article, Article)
        assert article.body == expect["body"], path.stem


def test_seed_document() -> None:
    seeds = sorted((SHARED / "seed").glob("*.txt"))
    if not seeds:
        reason = f"no seed document in {SHARED / 'seed'}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    title, body = seeds[0].read_text(encoding="utf-8").split("\n", 1)
    article = clean(entry(title=title, body=body))
    assert isinstance(article, Article)
    lines = [line for line in article.body.split("\n") if line]
    assert [line for line in lines if phrases().match(line)] == []
    # The lead, seven paragraphs and the credit line; by length and letters, since no sentence of it is copied here.
    assert len(lines) == 9
    assert all(len(line) > 60 for line in lines[:-1])
    assert phrases().is_credit(lines[-1])
    given = [plain(line) for line in body.split("\n")]
    assert lines == [line for line in given if line in lines]
    assert {line for line in given if len(line) > 100} < set(lines)
