"""Canonical links and ids: the case files, and properties that must hold for any link."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import yaml

from transforms.clean.urls import article_id, canonical

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))


def _load(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _id(url: str) -> str:
    return article_id(canonical(url), "desk", "guid")


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    case = _load(path)
    assert set(case) <= {"about", "canonical", "same", "different", "none"}
    wrong = [(url, canonical(url), want) for url, want in case.get("canonical", []) if canonical(url) != want]
    assert not wrong
    for group in case.get("same", []):
        assert len({_id(url) for url in group}) == 1, group
    for group in case.get("different", []):
        assert len({_id(url) for url in group}) == len(group), group
    assert [url for url in case.get("none", []) if canonical(url) is not None] == []


def test_canonical_form_is_final() -> None:
    links = [url for path in CASES for url, _ in _load(path).get("canonical", [])]
    assert len(links) > 50
    assert [url for url in links if canonical(canonical(url) or "") != canonical(url)] == []


def test_id_of_guid() -> None:
    assert article_id(None, "one", "5") != article_id(None, "two", "5") != article_id(None, "two", "6")
    assert article_id(None, "one", "5") == article_id(None, "one", "5")
    assert len(article_id(None, "one", "5")) == 32
    with pytest.raises(ValueError):
        article_id(None, "one", None)


def test_any_link_is_refused_or_plain() -> None:
    random.seed(7)
    parts = [
        "http://",
        "https://",
        "m.",
        "example.org",
        "/amp",
        "/%",
        "%41",
        "ا",
        "#",
        "!",
        "?",
        "&",
        "=",
        "a",
        "..",
        ":80",
    ]
    parts += [
        ";jsessionid=1",
        "@",
        "[",
        "]",
        " ",
        "\x1b[31m",
        "\u202e",
        "\ud800",
        "<script>",
        '"',
        "google.com/url?q=",
        "\n",
    ]
    for _ in range(20_000):
        link = canonical("".join(random.choices(parts, k=random.randint(1, 9))))
        if link is not None:
            assert link.startswith(("http://", "https://"))
            assert link.isascii()
            assert link.isprintable()
            assert not set(link) & set(' <>"')


def test_long_links_are_refused() -> None:
    assert canonical("https://example.org/" + "a" * 9000) is None
