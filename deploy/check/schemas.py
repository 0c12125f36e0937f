"""JSON Schemas as kubeconform reads them, from what packages hold. Pure."""

from __future__ import annotations

import json
from typing import Any

import yaml

Json = dict[str, Any]


def of_core(text: str) -> str:
    """A schema of kubernetes-validate, with its references relative to its own folder instead of a server's `/api`, and
    so without an id of its own."""
    schema = json.loads(text.replace('"/api/_definitions.json', '"_definitions.json'))
    schema.pop("$id", None)
    return json.dumps(schema)


def of_custom(text: str, version: str) -> Json:
    """The schema of a CRD's `version`, refusing keys that it does not know, as `-strict` does for the kinds of
    Kubernetes. Raises StopIteration where the CRD has no such version."""
    told = yaml.safe_load(text)
    found = next(one for one in told["spec"]["versions"] if one["name"] == version)
    schema: Json = found["schema"]["openAPIV3Schema"]
    schema["properties"] = {
        "apiVersion": {"const": f"{told['spec']['group']}/{version}"},
        "kind": {"const": told["spec"]["names"]["kind"]},
        "metadata": {"type": "object"},
        **schema["properties"],
    }
    schema["required"] = ["apiVersion", "kind", "metadata", "spec"]
    _close(schema)
    return schema


def _close(schema: Any) -> None:
    """No key beside the named ones, all the way down, but where the API server itself keeps unknown keys."""
    if isinstance(schema, list):
        for item in schema:
            _close(item)
    if not isinstance(schema, dict):
        return
    properties = schema.get("properties")
    if isinstance(properties, dict) and not schema.get("x-kubernetes-preserve-unknown-fields"):
        schema.setdefault("additionalProperties", False)
    for name, value in schema.items():
        if name == "properties":
            for one in value.values():
                _close(one)
        else:
            _close(value)
