"""Running the product as a person does: the command line, in its own process, with a config in its own folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline import config as config_of
from pipeline import opening
from transforms.alert.evaluate import evaluate
from transforms.alert.rules import Rules

ROOT = Path(__file__).resolve().parent.parent


def shared(*parts: str, variable: str = "NEWS_EVAL_DATA") -> Path:
    """A path of the evaluation data; skips where it is not at hand, but never in CI."""
    base = Path(os.environ.get(variable) or ROOT.parent / "shared" / "eval")
    path = base.joinpath(*parts)
    if not path.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{path} must be there in CI")
        pytest.skip(f"evaluation data is absent ({'/'.join(parts)}); set {variable}")
    return path


def seed_text() -> str:
    """The founding document, as the blog published it."""
    folder = shared().parent / "seed"
    return next(iter(sorted(folder.glob("*.txt")))).read_text("utf-8")


def configure(folder: Path, sources: list[dict[str, Any]], **more: Any) -> Path:
    """A config file in `folder` with these sources; all that it writes stays in the folder."""
    config = {"sources": sources, "index": {"kind": "embedded", "path": "news.db"},
              "dead_letters": {"path": "dead.jsonl"}, **more}  # fmt: skip
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(config, allow_unicode=True), "utf-8")
    return path


def environment(config: Path, **more: str) -> dict[str, str]:
    """The environment of a command with this config."""
    return {**os.environ, "NEWS_CONFIG": str(config), "PYTHONPATH": str(ROOT), **more}


def command(config: Path, *args: str, timeout: float = 240, env: Mapping[str, str] | None = None,
            fails: int = 0) -> subprocess.CompletedProcess[str]:  # fmt: skip
    """`python -m pipeline ARGS` to its end; asserts the exit code."""
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", *args], cwd=config.parent, env={**environment(config), **(env or {})},
        capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip
    assert done.returncode == fails, f"exit {done.returncode}: {done.stdout[-2000:]}\n{done.stderr[-6000:]}"
    return done


def answer(config: Path, *args: str) -> list[dict[str, Any]]:
    """The JSON lines that a command prints."""
    return [json.loads(line) for line in command(config, *args, "--json").stdout.splitlines()]


def exported(config: Path) -> dict[str, dict[str, Any]]:
    """All article documents by id."""
    return {document["id"]: document for document in answer(config, "export")}


def write_lines(path: Path, records: list[dict[str, Any]]) -> None:
    """Article JSON lines."""
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), "utf-8")


def outcome(documents: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[Any, ...]]:
    """What must not depend on the order of arrival: for each article its story's members, its role and its original."""
    members = _by_story(documents)
    return {
        name: (
            frozenset(members[document["story"]["id"]]),
            document["story"]["role"],
            document["story"]["original_id"],
        )
        for name, document in documents.items()
    }


Alerted = set[tuple[str, frozenset[str]]]


def alerts(config: Path, documents: Mapping[str, Mapping[str, Any]]) -> Alerted:
    """Each alert's rule and the articles of its story, as no id of a story or alert is the same in two runs;
    `documents` are those that `exported` gives."""
    stories: dict[str, set[str]] = {}
    for name, document in documents.items():
        for story in (document["story"]["id"], *document["story"]["merged_from"]):
            stories.setdefault(story, set()).add(name)
    found = answer(config, "alerts", "--limit", "100000")
    pairs = [(alert["rule"], alert["story_id"]) for alert in found]
    assert len(pairs) == len(set(pairs)) == len({alert["id"] for alert in found})
    return {(rule, frozenset(stories[story])) for rule, story in pairs}


def alertable(config: Path, documents: Mapping[str, Mapping[str, Any]]) -> Alerted:
    """The same of each rule that a story meets as it is in the end, by any of its articles."""
    members = _by_story(documents)
    met = meeting(opening.rules_of(config_of.read(config)), documents)
    return {(rule, frozenset(members[story])) for rule, story in met}


def meeting(rules: Rules, documents: Mapping[str, Mapping[str, Any]]) -> set[tuple[str, str]]:
    """Each rule with the id of each story that meets it by any of its articles, by article documents."""
    sources = {
        story: [source for name in names for source in documents[name]["sources"]]
        for story, names in _by_story(documents).items()
    }
    return {
        (alert["rule"], story)
        for document in documents.values()
        for story in [document["story"]["id"]]
        for alert in evaluate(rules, dict(document), {"id": story, "sources": sources[story]})
    }


def _by_story(documents: Mapping[str, Mapping[str, Any]]) -> dict[str, set[str]]:
    members: dict[str, set[str]] = {}
    for name, document in documents.items():
        members.setdefault(document["story"]["id"], set()).add(name)
    return members
