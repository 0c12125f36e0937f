"""Whole articles: those of `articles/` (title, body, language; topics that must fire, topics that must not) and the
founding document, which is read where it lies and is not part of the project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from transforms.tag.topics import load_topics

ARTICLES = sorted((Path(__file__).parent / "articles").glob("*.yaml"))
SHARED = Path(__file__).resolve().parents[3] / "shared"
MUST = {"sanctions", "military_hotlines", "defence_cooperation"}


@pytest.mark.parametrize("file", ARTICLES, ids=lambda file: file.stem)
def test_article(file: Path) -> None:
    case = yaml.safe_load(file.read_text("utf-8"))
    for language in (case["language"], None):
        found = load_topics().topics(case["title"], case["body"], language)
        ids = {topic["id"] for topic in found}
        assert set(case["topics"]) <= ids
        assert not ids & set(case["absent"])
        for topic in found:
            assert 0.5 <= topic["score"] < 1
            for item in topic["evidence"]:
                assert case[item["field"]][item["start"] : item["end"]].strip()
        assert [topic["score"] for topic in found] == sorted((topic["score"] for topic in found), reverse=True)


def test_founding_document() -> None:
    found = sorted((SHARED / "seed").glob("*.txt"))
    if not found:
        reason = f"no seed document in {SHARED / 'seed'}"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    title, _, body = found[0].read_text("utf-8").strip().partition("\n")
    assert {topic["id"] for topic in load_topics().topics(title, body, "ar")} >= MUST
