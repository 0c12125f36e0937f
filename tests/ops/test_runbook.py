"""The runbook names what there is: ten troubles, each whole; metrics, fields, words of logs and `health`, commands."""

from __future__ import annotations

import re
import shlex
from functools import cache

import pytest
import yaml

from tests.docs import docs_pages
from tests.docs.docs_pages import ROOT
from tests.docs.test_docs_pages import commands
from transforms import metrics

PAGE = "docs/runbook.md"
HEADINGS = re.findall(r"^## \d+\. .*$", docs_pages.text_of(PAGE), re.MULTILINE)
ROWS = [(heading, *row) for heading in HEADINGS for row in docs_pages.rows(PAGE, heading)]


def of(kind: str) -> list[tuple[str, str]]:
    """What stands in code marks in the rows of a kind, with its heading."""
    return [(heading, code) for heading, seen, what in ROWS if seen == kind for code in docs_pages.codes(what)]


def section(heading: str) -> str:
    return docs_pages.text_of(PAGE).split(f"{heading}\n")[1].split("\n## ")[0]


@cache
def said(folders: tuple[str, ...]) -> str:
    """All literal texts of our modules, one after the other, as a reader of a log sees them."""
    code = "".join(path.read_text("utf-8") for name in folders for path in sorted((ROOT / name).rglob("*.py")))
    return re.sub(r'"\s*\n\s*f?"', "", code)


def test_there_are_ten() -> None:
    assert [int(re.findall(r"\d+", heading)[0]) for heading in HEADINGS] == list(range(1, 11))
    assert {seen for _, seen, _ in ROWS} <= {"metric", "health", "log", "document", "command"}


@pytest.mark.parametrize("heading", HEADINGS)
def test_each_tells_how_it_shows_why_what_to_do_and_when_it_is_over(heading: str) -> None:
    text = section(heading)
    assert [row for row in ROWS if row[0] == heading]
    parts = [text.index(f"**{part}") for part in ("Why.**", "Do.**", "Over when**")]
    assert parts == sorted(parts)
    assert "```sh\n" in text


@pytest.mark.parametrize(("heading", "name"), of("metric"))
def test_metrics_are_counted(heading: str, name: str) -> None:
    assert name in metrics.ALL


@pytest.mark.parametrize(("heading", "words"), of("log"))
def test_logs_say_so(heading: str, words: str) -> None:
    assert words in said(("pipeline", "transforms"))


@pytest.mark.parametrize(("heading", "words"), of("health"))
def test_health_says_so(heading: str, words: str) -> None:
    code = "".join((ROOT / "pipeline" / name).read_text("utf-8") for name in ("healthcheck.py", "board.py"))
    assert words in code


@pytest.mark.parametrize(
    "name", sorted(set(re.findall(r"`(news\.(?:pipeline|feed)\.[a-z_]+)`", docs_pages.text_of(PAGE))))
)
def test_fields_are_in_the_mapping(name: str) -> None:
    if name == "news.feed.reader":  # of log records
        return
    mapped = [yaml.safe_load(path.read_text("utf-8")) for path in (ROOT / "transforms/elastic/mappings").glob("*.yaml")]
    assert any(name in _names(one) for one in mapped), name


def _names(node: object, prefix: str = "") -> list[str]:
    if not isinstance(node, dict):
        return []
    found = []
    for key, value in node.items():
        inner = prefix if key in ("properties", "mappings", "template") else f"{prefix}.{key}".lstrip(".")
        found += [inner, *_names(value, inner)]
    return found


@pytest.mark.parametrize("line", [
    line for block in docs_pages.blocks(PAGE, "sh") for line in block.splitlines() if "-m pipeline" in line
])  # fmt: skip
def test_commands_take_what_is_written(line: str) -> None:
    """The command exists, each option is its own, and there is no word too many."""
    words = shlex.split(line, comments=True)[3:]
    known = commands()
    name = " ".join(words[:2]) if " ".join(words[:2]) in known else words[0]
    assert name in known
    options = [word for word in words if word.startswith("--")]
    assert set(options) <= known[name]
