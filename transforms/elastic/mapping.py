"""The mappings of the indices: read from `mappings/*.yaml`, fitted to a server, and compared with what it has."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path

import yaml

from transforms.records import Json

KINDS = ("articles", "health", "stories", "alerts", "feeds", "revisions", "forgotten", "judgements", "meta")
_MARK = "TEXT:"
_STANDARD = "standard"
# What a server tells back otherwise than it was told: values that it takes for granted.
_DEFAULTS: Json = {"analyzer": _STANDARD, "type": "object"}


@cache
def _shipped(kind: str) -> Json:
    path = Path(__file__).with_name("mappings") / f"{kind}.yaml"
    found: Json = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def analyzers() -> list[str]:
    """The names of all language analyzers that the mappings ask for."""
    named = (field["type"] for kind in KINDS for _, field in fields(_shipped(kind)))
    wanted = {name.removeprefix(_MARK) for name in named if name.startswith(_MARK)}
    return sorted(wanted - {_STANDARD})


def mapping(kind: str, known: Collection[str]) -> Json:
    """The mapping of an index of this kind on a server that has the language analyzers `known`."""
    fitted = copy.deepcopy(_shipped(kind))
    for _, field in fields(fitted):
        if field["type"].startswith(_MARK):
            name = field["type"].removeprefix(_MARK)
            field.update(type="text", analyzer=name if name in known else _STANDARD)
    return fitted


def fields(mapped: Json, above: str = "") -> Iterator[tuple[str, Json]]:
    """Every field of a mapping by its full name, subfields and objects that are not indexed included, with its
    definition (of which `type` is always told)."""
    for part in ("properties", "fields"):
        for name, field in (mapped.get(part) or {}).items():
            path = f"{above}{name}"
            if "properties" not in field:
                field.setdefault("type", "object")
                yield path, field
            yield from fields(field, f"{path}.")


def differences(wanted: Json, present: Json) -> tuple[list[str], list[str]]:
    """Names of the fields of `wanted` that `present` does not have, or has otherwise, and of those that cannot be
    changed, as they are of another type. Analyzers are left as they are: they cannot be changed either, and do no
    harm."""
    there = {path: _told(field) for path, field in fields(copy.deepcopy(present))}
    changed, clashing = [], []
    for path, field in fields(copy.deepcopy(wanted)):
        new, old = _told(field), there.get(path)
        if old is None:
            changed.append(path)
        elif field["type"] != (old.get("type") or "object"):
            clashing.append(path)
        elif {**new, "analyzer": None} != {**old, "analyzer": None}:
            changed.append(path)
    return changed, clashing


def kept_analyzers(wanted: Json, present: Json) -> Json:
    """`wanted` with the analyzers that the fields of `present` have: what may be put over it."""
    fitted = copy.deepcopy(wanted)
    there = dict(fields(copy.deepcopy(present)))
    for path, field in fields(fitted):
        if field["type"] == "text" and path in there:
            field.pop("analyzer", None)
            if "analyzer" in there[path]:
                field["analyzer"] = there[path]["analyzer"]
    return fitted


def _told(field: Json) -> Json:
    return {
        name: value
        for name, value in field.items()
        if name not in ("properties", "fields") and (name == "type" or value != _DEFAULTS.get(name))
    }
