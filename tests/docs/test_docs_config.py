"""docs/config.md names every key of the config, with its default, and no other; its examples load."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from pipeline import config
from pipeline.schemas import written
from tests.docs import docs_pages

PAGE = "docs/config.md"
VARIABLES = (
    "FEED_PASSWORD", "FEED_KEY", "HOOK_SECRET", "HOOK_TOKEN", "KAFKA_KEY_PASSWORD", "KAFKA_PASSWORD", "ELASTIC_API_KEY",
)  # fmt: skip
# Said in words, because another key or the reader of the file gives it.
IN_WORDS = {
    "sources[rss].id": "made of the URL", "sources[rss].name": "the id", "sources[rss].interval": "fetch.interval",
    "sources[files].id": "the record's own", 
    "sources[kafka].id": "made of the group", "sources[kafka].name": "the id", "agencies.file": "the shipped file",
    "alerts.channels[webhook].timeout": "10s",
}  # fmt: skip


def models(annotation: Any) -> list[type[BaseModel]]:
    """The models inside a type: of a list, a mapping's values, a union."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    args = get_args(annotation)
    if get_origin(annotation) is Annotated:
        args = args[:1]
    known = (list, dict, Annotated, Union, UnionType)
    return [model for arg in args for model in models(arg)] if get_origin(annotation) in known else []


def keys(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every key that can hold a value, as the page writes it."""
    for name, field in model.model_fields.items():
        inside = models(field.annotation)
        for part in inside:
            kind = part.model_fields.get("kind")
            several = len(inside) > 1 and kind is not None
            mark = f"[{get_args(kind.annotation)[0]}]" if several and kind else ""
            yield from keys(part, f"{prefix}{name}{mark}.")
        if not inside or name == "channels":
            yield f"{prefix}{name}", field


def shown(key: str, field: FieldInfo) -> str:
    """A default as the page writes it."""
    if key in IN_WORDS:
        return IN_WORDS[key]
    if field.is_required():
        return "required"
    value = field.default if field.default is not PydanticUndefined else field.default_factory()  # type: ignore[call-arg,misc]
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return written(value) if isinstance(value, float) else str(value)


DOCUMENTED = {
    key: row[2].strip("`") for row in docs_pages.rows(PAGE) for key in docs_pages.codes(row[0]) if len(row) == 4
}
EXISTING = {key: shown(key, field) for key, field in keys(config.Config)}


def test_every_key_is_told_and_no_other() -> None:
    assert DOCUMENTED.keys() == EXISTING.keys()


@pytest.mark.parametrize("key", sorted(DOCUMENTED.keys() & EXISTING.keys()))
def test_defaults(key: str) -> None:
    assert DOCUMENTED[key] == EXISTING[key]


@pytest.mark.parametrize("row", list(docs_pages.rows(PAGE)), ids=lambda row: row[0])
def test_each_key_has_a_reason(row: list[str]) -> None:
    assert row[3] or row[0].endswith(".kind`")


@pytest.mark.parametrize("text", [*docs_pages.blocks(PAGE, "yaml"), *docs_pages.blocks("README.md", "yaml")])
def test_examples_load(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, "not-a-secret")
    monkeypatch.setenv("HOOK_URL", "https://hooks.example.org/T1")
    path = tmp_path / "config.local.yaml"
    path.write_text(text, "utf-8")
    assert config.resolve(config.read(path)).sources


def test_the_full_example_shows_every_part() -> None:
    """What an editor copies from: all but the sample's source."""
    text = max(docs_pages.blocks(PAGE, "yaml"), key=len)
    for key in EXISTING:
        if "newsroom" not in key:
            assert key.rpartition(".")[2] in text, key
