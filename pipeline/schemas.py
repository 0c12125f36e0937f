"""JSON Schemas for editors and for the writers of article lines, made from the models: `python -m pipeline.schemas`.

A schema says what may be written, the models what comes of it. Where the two differ (a duration is written `5m` and
becomes 300.0 seconds), the schema is brought to the written form here.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from pipeline.config import Config
from transforms.alert.rules import RulesText
from transforms.files.schema import schema_text
from transforms.records import Json

DOCS = Path(__file__).resolve().parent.parent / "docs"
DRAFT = "https://json-schema.org/draft/2020-12/schema"
DURATION = {"type": "string", "pattern": r"^\d+(\.\d+)?\s*[smhd]$"}
_UNITS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def schemas() -> dict[str, str]:
    """File name in `docs/` to the text of the schema."""
    return {
        "article.schema.json": schema_text(),
        "config.schema.json": _text(_config()),
        "rules.schema.json": _text(_rules()),
    }


def written(seconds: float) -> str:
    """A duration as people write it, in the largest unit that divides it: 300.0 as `5m`."""
    size, unit = next(pair for pair in _UNITS if seconds % pair[0] == 0)
    return f"{round(seconds / size)}{unit}"


def _config() -> Json:
    schema = _schema(Config, "The config of news-monitor; docs/config.md tells every key.")
    for node in _nodes(schema):
        if node.get("pattern") == DURATION["pattern"] and isinstance(node.get("default"), float):
            node["default"] = written(node["default"])
        if isinstance(node.get("default"), dict) and "$ref" in node:
            # A part that is left out: its own keys tell their defaults.
            del node["default"]
    timeout = schema["$defs"]["WebhookChannel"]["properties"]["timeout"]
    whole = {"type": timeout.pop("type"), "minimum": timeout.pop("minimum"), "maximum": timeout.pop("maximum")}
    timeout["anyOf"] = [{"type": "string", "pattern": r"^\d+\s*[smhd]$"}, whole]
    return schema


def _rules() -> Json:
    schema = _schema(RulesText, "Alert rules of news-monitor; docs/alerts.md tells every key.")
    for property_ in schema["$defs"]["RuleText"]["properties"].values():
        if property_.get("type") == "array":
            # One value stands for a list of one.
            property_["anyOf"] = [{"type": property_.pop("type"), "items": property_["items"]}, property_.pop("items")]
    return schema


def _schema(model: type[BaseModel], description: str) -> Json:
    return {"$schema": DRAFT, **model.model_json_schema(mode="validation"), "description": description}


def _nodes(value: object) -> Iterator[Json]:
    """Every mapping in a schema."""
    if isinstance(value, dict):
        yield value
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        yield from _nodes(child)


def _text(schema: Json) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the schemas, or with `--check` fail where one in `docs/` is not up to date."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.schemas", description="Write the JSON Schemas in docs/.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where one is out of date")
    options = parser.parse_args()
    stale = [name for name, text in schemas().items() if not _same(DOCS / name, text)]
    if options.check:
        raise SystemExit("out of date, run `make schemas`: " + ", ".join(stale) if stale else 0)
    for name in stale:
        (DOCS / name).write_text(schemas()[name], "utf-8")


def _same(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text("utf-8") == text


if __name__ == "__main__":
    main()
