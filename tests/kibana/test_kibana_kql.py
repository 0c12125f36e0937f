"""KQL to Elasticsearch: case by case, and asked of a real server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.kibana import kql
from deploy.kibana.source import load
from tests.kibana.asking import Newsroom, view_of

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "kql.yaml").read_text("utf-8"))
WELL, ILL = ([case for case in CASES if key in case] for key in ("elastic", "error"))


@pytest.mark.parametrize("case", WELL, ids=lambda case: case["kql"])
def test_it_reads(case: dict[str, Any]) -> None:
    assert kql.to_elastic(case["kql"]) == case["elastic"]


@pytest.mark.parametrize("case", ILL, ids=lambda case: case["kql"])
def test_it_tells_what_it_does_not_read(case: dict[str, Any]) -> None:
    with pytest.raises(kql.KqlError) as told:
        kql.to_elastic(case["kql"])
    assert case["error"] in str(told.value)


def test_it_names_the_fields() -> None:
    text = 'a: x and (b > 2 or not c: *) and d: ("e f" or g)'
    assert kql.fields(text) == {"a", "b", "c", "d"}


@pytest.mark.servers
def test_the_parts_of_a_split_make_the_whole(newsroom: Newsroom) -> None:
    source = load()
    view = view_of(source, "articles")

    def count(text: str) -> int:
        return newsroom.ask(view, {"size": 0, "query": kql.to_elastic(text)})["hits"]["total"]["value"]

    whole = count("")
    reposts = count("news.story.role: repost")
    assert 0 < reposts < whole
    assert count("not news.story.role: repost") == whole - reposts
    assert count("news.story.role: (repost or original or unique)") == count("news.story.role: *")
    assert count("news.copied.share >= 0.5") + count("news.copied.share < 0.5") == count("news.copied.share: *")
    assert count("@timestamp <= now+1d and @timestamp > now-7d") == whole
