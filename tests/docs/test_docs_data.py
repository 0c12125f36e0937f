"""The examples in docs/data.md, docs/alerts.md and docs/documents.md are taken by the loaders; the fields told are the
documents'."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docs import docs_pages
from transforms.alert.evaluate import evaluate
from transforms.alert.rules import RuleText, load_rules
from transforms.attribute import load_agencies
from transforms.attribute.data import DEFAULT as AGENCIES
from transforms.files.entry import NOWHERE, entry_of_line
from transforms.fold.judgements import REASON
from transforms.fold.placement import placement
from transforms.fold.stories import Group, Member
from transforms.index.embedded import EmbeddedIndex
from transforms.index.interface import MENDED, Query
from transforms.records import DeadLetter, Entry, Origin, Version, Write
from transforms.tag.entities import builtin_paths, load_gazetteer
from transforms.tag.topics import load_topics

TOPIC, ENTITIES, AGENCY = docs_pages.blocks("docs/data.md", "yaml")
AT = "2026-11-23T15:54:44Z"
SOURCE = {"id": "example", "name": "Example", "domain": "example.org"}


@pytest.fixture
def index(tmp_path: Path) -> Any:
    opened = EmbeddedIndex(str(tmp_path / "news.db"))
    yield opened
    opened.close()


def fields(name: str, heading: str) -> set[str]:
    """The fields that a table names in its first column."""
    return {code for row in docs_pages.rows(name, heading) for code in docs_pages.codes(row[0])}


def filled(index: EmbeddedIndex) -> dict[str, Any]:
    """The document of an indexed article."""
    member = Member("a1", 0, 0)
    content = {"url": "https://example.org/a", "title": "Floods", "body": "A river rose.", "source": SOURCE,
               "published_effective": AT, "first_seen": AT}  # fmt: skip
    placed = placement(member, Group([member]), "s1", (), {"a1": member})
    index.apply(
        [Write("a1", "content", Version(1, 1), content), Write("a1", "story", Version(1, 2), {"story": placed})]
    )
    return next(iter(index.export()))


def test_topic(tmp_path: Path) -> None:
    path = tmp_path / "river_floods.yaml"
    path.write_text(TOPIC, "utf-8")
    topics = load_topics([path])
    assert [topic["id"] for topic in topics.topics("", "A flood warning was given for the river.", "en")] == [
        "river_floods"
    ]
    assert not topics.topics("", "A flood of complaints.", "en")


def test_topic_keys_are_told() -> None:
    told = fields("docs/data.md", "## Topics")
    assert set(yaml.safe_load(TOPIC)) - {"languages"} <= told
    assert {"patterns", "near", "ignored", "required", "excluded"} <= told


def test_entities(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(ENTITIES, "utf-8")
    gazetteer = load_gazetteer((*builtin_paths(), path))
    found = gazetteer.entities("", "The River Commission met envoys of the Russian state.", "en")
    assert {entity["id"] for entity in found} == {"organisation:river-commission", "Q159"}


def test_agency(tmp_path: Path) -> None:
    shipped = yaml.safe_load(AGENCIES.read_text("utf-8"))
    shipped["agencies"] += yaml.safe_load(AGENCY)["agencies"]
    path = tmp_path / "agencies.yaml"
    path.write_text(yaml.safe_dump(shipped, allow_unicode=True), "utf-8")
    agencies = load_agencies(path)
    assert agencies.owner("www.rna.example", None) == "rna"
    assert agencies.credits("", "MARLOW (RNA) - The river rose.", None, "en")["agencies"] == ["rna"]


def test_rules(tmp_path: Path) -> None:
    (text,) = docs_pages.blocks("docs/alerts.md", "yaml")
    path = tmp_path / "rules.yaml"
    path.write_text(text, "utf-8")
    rules = load_rules(
        path,
        topics=[topic.id for topic in load_topics().all],
        entities=load_gazetteer().data.entities,
        agencies=load_agencies().slugs,
        channels=("terminal", "desk"),
    )
    assert len(rules.rules) == 3
    assert set().union(*yaml.safe_load(text)["rules"]) <= set(RuleText.model_fields)


@pytest.mark.parametrize("line", docs_pages.blocks("docs/documents.md", "json"))
def test_article_lines(line: str) -> None:
    entry = entry_of_line(line.strip().encode(), NOWHERE, "file:x", 0)
    assert isinstance(entry, Entry)
    assert entry.published == AT


def test_article_fields(index: EmbeddedIndex) -> None:
    document = filled(index)
    (found,) = index.search(Query(text="river"))
    assert fields("docs/documents.md", "## Article") == document.keys() | found.keys()
    assert fields("docs/documents.md", "### Placement: `story`") == document["story"].keys()


def test_reasons_are_told() -> None:
    code = docs_pages.text_of("transforms/fold/placement.py")
    told = [row[0].strip("`") for row in docs_pages.rows("docs/documents.md", "### Reason codes")]
    given = re.findall(r'"reason_code": "(\w+)"', code) + re.findall(r'else "(copied_of_copy)"', code)
    assert set(told) == {*given, MENDED, REASON}


def test_story_fields(index: EmbeddedIndex) -> None:
    filled(index)
    (story,) = index.stories(Query())
    assert fields("docs/documents.md", "## Story") == story.keys()


def test_alert_fields(index: EmbeddedIndex, tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text("rules: [{id: rivers, query: river}]", "utf-8")
    (alert,) = evaluate(load_rules(path), filled(index), {"id": "s1", "sources": [SOURCE]})
    index.raise_alert(alert, ["desk"])
    (stored,) = index.alerts()
    assert fields("docs/documents.md", "## Alert") == stored.keys()
    told = docs_pages.text_of("docs/documents.md")
    for name in ("evidence", "history", "deliveries"):
        for field in stored[name][0]:
            assert f"`{field}`" in told, f"{name}.{field}"


def test_dead_letter_fields() -> None:
    from transforms.deadletters.record import to_line

    letter = DeadLetter("clean", "no text", "entry", {}, Origin("feed:x"), 0)
    assert fields("docs/documents.md", "## Dead letter") == json.loads(to_line(letter)[1]).keys()
