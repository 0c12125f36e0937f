"""What pydantic says of a config, in an editor's words: the key, what is wrong there and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from pipeline.config.model import Config
from pipeline.config.stores import PREFIX
from pipeline.values import nearest
from transforms.errors import DataError
from transforms.kafka.security import BROKER, TOPIC

WRITTEN = {
    BROKER: "write host:port, without credentials",
    TOPIC: "write a topic's name: letters, digits, dots, underscores and dashes",
    PREFIX: "write lower-case letters, digits, dots, underscores and dashes, a letter first",
}


def explain(file: str, error: ValidationError) -> DataError:
    """The first mistake, in an editor's words. The value is never shown: it may be a secret."""
    first = error.errors(include_url=False, include_input=False)[0]
    steps = [step for step in first["loc"] if not (isinstance(step, str) and step in _KINDS)]
    key = "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in steps).lstrip(".")
    if first["type"] == "extra_forbidden":
        return DataError(file, key, "unknown key", nearest(str(steps[-1]), _keys_at(first["loc"])))
    if first["type"] == "missing":
        return DataError(file, key, "missing", "add it")
    if first["type"] == "union_tag_invalid":
        context = first.get("ctx", {})
        kind = str(context.get("tag", ""))
        return DataError(file, f"{key}.kind", f'unknown kind "{kind}"', nearest(kind, _tags(context)))
    if first["type"] == "string_pattern_mismatch":
        remedy = WRITTEN.get(str(first.get("ctx", {}).get("pattern")), "see docs/config.md")
        return DataError(file, key, "is not of the right form", remedy)
    return DataError(file, key, first["msg"].removeprefix("Value error, "), "see docs/config.md")


_KINDS = {"rss", "files", "kafka", "newsroom", "embedded", "elasticsearch", "terminal", "jsonl", "webhook"}


def _tags(context: Mapping[str, Any]) -> list[str]:
    return re.findall(r"'(\w+)'", str(context.get("expected_tags", "")))


def _keys_at(loc: tuple[int | str, ...]) -> list[str]:
    """The keys allowed where `loc` ends, found in the models' own schema."""
    schema = Config.model_json_schema()
    node: Any = schema
    for step in loc[:-1]:
        node = _follow(schema, node)
        if isinstance(step, int):
            node = node.get("items", {})
        elif step in node.get("properties", {}):
            node = node["properties"][step]
        elif "discriminator" in node:
            node = {"$ref": node["discriminator"]["mapping"].get(step, "")}
        else:
            node = node.get("additionalProperties", {})
    return list(_follow(schema, node).get("properties", {}))


def _follow(schema: Any, node: Any) -> Any:
    while isinstance(node, dict) and node.get("$ref"):
        node = schema["$defs"][node["$ref"].rsplit("/", 1)[1]]
    return node if isinstance(node, dict) else {}
