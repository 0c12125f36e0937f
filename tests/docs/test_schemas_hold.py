"""What the schemas take and refuse, tried with a validator."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from pipeline.schemas import DOCS, schemas
from tests.docs import docs_pages

jsonschema = pytest.importorskip("jsonschema", reason="pip install jsonschema, to try the schemas on documents")


def schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DOCS / name).read_text("utf-8"))
    return found


@pytest.mark.parametrize("name", schemas())
def test_is_a_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(name))


def test_configs_of_the_docs_are_valid() -> None:
    texts = [*docs_pages.blocks("docs/config.md", "yaml"), *docs_pages.blocks("README.md", "yaml")]
    texts.append(docs_pages.text_of("config.yaml"))
    for text in texts:
        jsonschema.validate(yaml.safe_load(text), schema("config.schema.json"))


def test_rules_are_valid() -> None:
    texts = [*docs_pages.blocks("docs/alerts.md", "yaml"), docs_pages.text_of("pipeline/newsroom/rules.yaml")]
    for text in texts:
        jsonschema.validate(yaml.safe_load(text), schema("rules.schema.json"))


def test_one_value_stands_for_a_list_of_one() -> None:
    rule = {"id": "one", "any_topic": "sanctions"}
    jsonschema.validate({"rules": [rule]}, schema("rules.schema.json"))


@pytest.mark.parametrize(
    ("name", "document"),
    [
        (
            "config.schema.json",
            {"sources": [{"kind": "rss", "url": "https://a.example/f"}], "fetch": {"intervall": "5m"}},
        ),
        ("config.schema.json", {"sources": [{"kind": "rss", "url": "https://a.example/f", "interval": "5 minutes"}]}),
        ("config.schema.json", {"sources": [{"kind": "rss", "url": "https://a.example/f", "interval": 300}]}),
        ("config.schema.json", {"sources": []}),
        ("rules.schema.json", {"rules": [{"id": "Red Lines", "any_topic": ["sanctions"]}]}),
        ("article.schema.json", {"title": "without an address"}),
    ],
)
def test_mistakes_are_refused(name: str, document: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema(name))
