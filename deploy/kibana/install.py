"""Puts everything into a Kibana: again and again with the same result."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from deploy.kibana import boards, names, objects, rules
from deploy.kibana.client import Kibana, told
from deploy.kibana.source import Rule, Source, View

Json = dict[str, Any]
Say = Callable[[str], None]
# From this version on the Dashboards API is stable.
DASHBOARDS_API = (9, 5)
_FINE = frozenset({200, 201, 204})


def install(kibana: Kibana, source: Source, prefix: str, say: Say, via: str = "auto") -> list[str]:
    """Installs all, `via` the Dashboards API, by `import`, or by what the version has; a sentence for each failure."""
    version = kibana.version()
    by_api = via == "api" or (via == "auto" and _newer(version))
    say(f"Kibana {version or 'of unknown version'}: {'Dashboards API' if by_api else 'import of saved objects'}")
    failed = _import(kibana, objects.shared(source, prefix) if by_api else objects.everything(source, prefix), say)
    if by_api:
        for board in source.boards:
            failed += _put(kibana, names.dashboard(prefix, board.id), boards.payload(prefix, board), say)
    for rule in source.rules:
        view = source.view(rule.data)
        if view:
            failed += _rule(kibana, prefix, rule, view, say)
    return failed


def plan(source: Source, prefix: str, say: Say, version: str, via: str = "auto") -> None:
    """Says what `install` would do."""
    by_api = via == "api" or (via == "auto" and _newer(version))
    made = objects.shared(source, prefix) if by_api else objects.everything(source, prefix)
    say(f"Kibana {version or 'of unknown version'}: would import {_counted(made)}")
    for board in source.boards if by_api else ():
        say(f"would put dashboard {names.dashboard(prefix, board.id)}: {board.title}")
    for rule in source.rules:
        say(f"would put rule {names.rule(prefix, rule.id)}: {rule.name}")


def _newer(version: str) -> bool:
    parts = version.partition("-")[0].split(".")
    return len(parts) >= 2 and all(part.isdigit() for part in parts) and tuple(map(int, parts[:2])) >= DASHBOARDS_API


def _counted(made: Iterable[Json]) -> str:
    kinds: dict[str, int] = {}
    for one in made:
        kinds[one["type"]] = kinds.get(one["type"], 0) + 1
    return ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))


def _import(kibana: Kibana, made: list[Json], say: Say) -> list[str]:
    path = "/api/saved_objects/_import?overwrite=true"
    status, body = kibana.call("POST", path, file=objects.ndjson(made))
    if status not in _FINE:
        return [f"import: {status}: {told(body)}"]
    say(f"imported {_counted(made)}" if body.get("success") else f"imported {body.get('successCount', 0)} objects")
    failed = [f"{error.get('type')} {error.get('id')}: {_reason(error)}" for error in body.get("errors", [])]
    return failed or ([] if body.get("success") else [f"import: {told(body)}"])


def _reason(error: Json) -> str:
    inner = error.get("error", {})
    title = error.get("meta", {}).get("title") or error.get("title") or ""
    missing = ", ".join(f"{ref.get('type')} {ref.get('id')}" for ref in inner.get("references", []))
    reason = inner.get("message") or inner.get("reason") or inner.get("type") or "refused"
    return f"{title}: {reason}" + (f" ({missing})" if missing else "")


def _put(kibana: Kibana, id: str, body: Json, say: Say) -> list[str]:
    status, answer = kibana.call("PUT", f"/api/dashboards/{id}", body)
    if status not in _FINE:
        return [f"dashboard {id}: {status}: {told(answer)}"]
    say(f"{'created' if status == 201 else 'updated'} dashboard {id}")
    return [f"dashboard {id}: {told(warning)}" for warning in answer.get("warnings", [])]


def _rule(kibana: Kibana, prefix: str, rule: Rule, view: View, say: Say) -> list[str]:
    id = names.rule(prefix, rule.id)
    path = f"/api/alerting/rule/{id}"
    status, present = kibana.call("GET", path)
    if status == 404:
        status, answer = kibana.call("POST", path, rules.created(prefix, rule, view))
        done = "created"
    elif status in _FINE:
        status, answer = kibana.call("PUT", path, rules.updated(prefix, rule, view, present))
        done = "updated"
    else:
        answer, done = present, ""
    if status not in _FINE:
        return [f"rule {rule.id}: {status}: {told(answer)}"]
    say(f"{done} rule {id}: {rule.name}")
    return []
