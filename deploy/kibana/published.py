"""Checks bodies for the Dashboards API against the OpenAPI file that Kibana publishes, where one is at hand.

No package carries that file; it is `oas_docs/output/kibana.yaml` of the Kibana repository, for each version.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from transforms.errors import DataError, MissingPart

_PATH = "/api/dashboards/{id}"


def problems(openapi: Path, bodies: Mapping[str, Any]) -> list[str]:
    """What the published schema refuses in `bodies` (by name): where, and why. Raises DataError for another file."""
    validator = _validator(openapi)
    found = []
    for name, body in bodies.items():
        for error in validator.iter_errors(body):
            found += [f"{name}: {line}" for line in _told(error)]
    return found


def _validator(openapi: Path) -> Any:
    try:
        import jsonschema  # type: ignore[import-untyped, unused-ignore]
    except ImportError as error:
        raise MissingPart("jsonschema is missing; `make setup` gets it") from error
    text = openapi.read_text("utf-8")
    document = json.loads(text) if text.lstrip().startswith("{") else yaml.load(text, yaml.CSafeLoader)
    try:
        content = document["paths"][_PATH]["put"]["requestBody"]["content"]
        schema = next(iter(content.values()))["schema"]
    except (KeyError, TypeError, StopIteration) as error:
        remedy = "take the file of Kibana 9.5 or newer"
        raise DataError(openapi.name, _PATH, "the Dashboards API is not described here", remedy) from error
    components = document["components"]
    _allow_absent(document, components)
    return jsonschema.Draft7Validator({**schema, "components": components})


def _allow_absent(node: Any, components: Mapping[str, Any]) -> None:
    """Takes from `required` what Kibana marks as optional at the place that is referred to."""
    if isinstance(node, list):
        for part in node:
            _allow_absent(part, components)
    elif isinstance(node, dict):
        if isinstance(node.get("required"), list):
            given = node.get("properties", {})
            # A figure's filter is required by the file, and left out in all of Kibana's own examples.
            figure = {"filter"} if "operation" in given else set()
            node["required"] = [
                name
                for name in node["required"]
                if name not in figure and not _optional(given.get(name, {}), components)
            ]
        for part in node.values():
            _allow_absent(part, components)


def _optional(schema: Mapping[str, Any], components: Mapping[str, Any]) -> bool:
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    return bool(schema.get("x-oas-optional") or components["schemas"].get(name, {}).get("x-oas-optional"))


def _told(error: Any) -> Iterator[str]:
    """The deepest reasons of the branch that fits best: the one whose `type` is the body's."""
    if not error.context:
        yield f"{'.'.join(map(str, error.absolute_path))}: {error.message[:300]}"
        return
    branches: dict[int, list[Any]] = {}
    for inner in error.context:
        branches.setdefault(inner.schema_path[0], []).append(inner)
    kept = [part for part in branches.values() if not any(_other_kind(inner) for inner in part)]
    for inner in min(kept or branches.values(), key=len):
        yield from _told(inner)


def _other_kind(error: Any) -> bool:
    last = error.absolute_path[-1] if error.absolute_path else None
    return error.validator == "enum" and last in {"type", "operation"}
