"""What is kept in `export/`: everything in the forms that Kibana takes, made from the source."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from deploy.kibana import boards, names, objects, rules
from deploy.kibana.source import HOME, Source

EXPORT = HOME / "export"


def made(source: Source, prefix: str = names.PREFIX) -> dict[str, str]:
    """All files by name: saved objects for import, a body a dashboard for the Dashboards API, a body a rule."""
    found = {"saved-objects.ndjson": objects.ndjson(objects.everything(source, prefix))}
    for board in source.boards:
        found[f"dashboards-api/{names.dashboard(prefix, board.id)}.json"] = _pretty(boards.payload(prefix, board))
    for rule in source.rules:
        view = source.view(rule.data)
        if view:
            found[f"rules/{names.rule(prefix, rule.id)}.json"] = _pretty(rules.created(prefix, rule, view))
    return found


def write(files: dict[str, str], folder: Path = EXPORT) -> list[str]:
    """Writes what differs and removes what is no longer made; the names of both."""
    changed = stale(files, folder)
    for name in changed:
        path = folder / name
        if name in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[name], "utf-8")
        else:
            path.unlink()
    return changed


def stale(files: dict[str, str], folder: Path = EXPORT) -> list[str]:
    """The names of files that are missing, differ, or are too many."""
    present = {str(path.relative_to(folder)): path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()}
    return sorted(name for name in files.keys() | present.keys() if files.get(name) != present.get(name))


def _pretty(body: Any) -> str:
    return json.dumps(body, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
