"""The fields of the documents, from the mappings that the index is made with."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parents[2] / "transforms" / "elastic" / "mappings"
NUMBERS = frozenset({"long", "integer", "short", "float", "double"})


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its type in Elasticsearch, can a query find by it, can it be aggregated, is it in the document."""

    name: str
    type: str
    searchable: bool
    aggregatable: bool
    kept: bool

    @property
    def number(self) -> bool:
        """Is it a number?"""
        return self.type in NUMBERS


@functools.cache
def fields(mapping: str, folder: Path = FOLDER) -> Mapping[str, Field]:
    """All fields of `mapping` (a file's name without its ending), by dotted name; subfields too."""
    tree = yaml.safe_load((folder / f"{mapping}.yaml").read_text("utf-8"))
    dropped = [pattern.rstrip("*") for pattern in tree.get("_source", {}).get("excludes", [])]
    return {field.name: field for field in _walk("", tree["properties"], tuple(dropped))}


def _walk(prefix: str, properties: Mapping[str, Any], dropped: tuple[str, ...]) -> Iterator[Field]:
    for name, body in properties.items():
        full = prefix + name
        if "properties" in body:
            yield from _walk(f"{full}.", body["properties"], dropped)
        elif body["type"] != "object":
            yield _field(full, body, not full.startswith(dropped) if dropped else True)
            for sub, of in body.get("fields", {}).items():
                yield _field(f"{full}.{sub}", of, False)


def _field(name: str, body: Mapping[str, Any], kept: bool) -> Field:
    kind = "text" if body["type"].startswith("TEXT:") else body["type"]
    stored = body.get("doc_values", True)
    return Field(name, kind, body.get("index", True), kind != "text" and stored, kept)
