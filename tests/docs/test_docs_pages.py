"""What README and docs/ name is there: links, commands, options, targets, keys, files, counts."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer

from pipeline.cli import app
from pipeline.newsroom import expected
from tests.docs import docs_pages
from tests.docs.docs_pages import PAGES, ROOT
from tests.docs.test_docs_config import EXISTING
from transforms.alert.rules import RuleText

_PATH = re.compile(r"`((?:transforms|pipeline|tests|docs|\.ci)/[\w./*-]*)`")
_PLACEHOLDERS = re.compile(r"ID|<\w+>")


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def commands() -> dict[str, set[str]]:
    """Every command with its options."""
    from pipeline import cli_health, cli_index, cli_judge, cli_lists, cli_retag, cli_run  # noqa: F401 - add their commands

    found: dict[str, set[str]] = {}
    todo: list[tuple[str, Any]] = list(typer.main.get_command(app).commands.items())  # type: ignore[attr-defined]
    for name, command in todo:
        if inside := getattr(command, "commands", None):
            todo += [(f"{name} {inner}", one) for inner, one in inside.items()]
        else:
            found[name] = {option for parameter in command.params for option in parameter.opts}
    return found


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_links_resolve(page: Path) -> None:
    for link in docs_pages.links(page.read_text("utf-8")):
        if link.startswith("https://"):
            continue
        file, _, fragment = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), f"{link} leads nowhere"
        if fragment:
            assert fragment in docs_pages.anchors(target.read_text("utf-8")), f"{link}: no such heading"


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_commands_and_options_exist(page: Path) -> None:
    known = commands()
    commanded = re.compile(r"python -m pipeline ((?:index |judge |lists )?[a-z]+)([^\n`#]*)")
    for name, rest in commanded.findall(page.read_text("utf-8")):
        assert name in known, f"no command {name}"
        for option in re.findall(r"(?<!\S)--[a-z-]+(?!\w)", rest):
            assert option in known[name], f"{name} has no option {option}"


def test_readme_tells_every_command_and_its_options() -> None:
    known = commands()
    told: set[str] = set()
    for row in docs_pages.rows("README.md", "## Commands"):
        names = docs_pages.codes(row[0])
        told.update(names)
        options = {option for code in docs_pages.codes(row[1]) for option in re.findall(r"--[a-z-]+", code)}
        assert options <= set.union(*(known[name] for name in names)), row
    assert told == known.keys()


def test_exit_codes_agree() -> None:
    codes = [row[0] for row in docs_pages.rows("docs/operations.md", "## Commands and exit codes")]
    assert codes == ["0", "1", "2", "3"]


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_make_targets_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", docs_pages.text_of("Makefile"), re.MULTILINE))
    told = re.findall(r"(?:`|^)make ([a-z-]+)", page.read_text("utf-8"), re.MULTILINE)
    assert set(told) <= targets


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_config_keys_exist(page: Path) -> None:
    known = {re.sub(r"\[\w+\]", "", key) for key in EXISTING}
    parts = "index|fetch|dedupe|agencies|topics|entities|alerts|dead_letters"
    for key in re.findall(rf"`((?:{parts})\.[a-z_.]+)`", page.read_text("utf-8")):
        assert key in known or ".yaml" in key or ".jsonl" in key, f"no config key {key}"


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_paths_exist(page: Path) -> None:
    for path in _PATH.findall(page.read_text("utf-8")):
        pattern = _PLACEHOLDERS.sub("*", path)
        assert any(ROOT.glob(pattern.rstrip("/"))), f"no {path}"


def test_rule_keys_are_all_told() -> None:
    told = {key for row in docs_pages.rows("docs/alerts.md", "## The rules file") for key in docs_pages.codes(row[0])}
    assert told == set(RuleText.model_fields)


def test_the_sample_is_as_the_readme_says() -> None:
    told = {row[0]: int(row[1]) for row in docs_pages.rows("README.md", "## The sample newsroom")}
    outcome = expected()
    counts = outcome["counts"]
    stories, unique, digests, hostile = (len(outcome[key]) for key in ("stories", "unique", "digests", "hostile"))
    figures = {
        "feeds ": counts["feeds"],
        "entries": counts["entries"],
        f"articles; {len(outcome['same_url'])} ": counts["articles"],
        "reposts": counts["reposts"],
        f"stories: {stories} with reposts, {unique} that nobody reposts, {digests} digests, {hostile} hostile": sum(
            (stories, unique, digests, hostile)
        ),
        "stories in which a repost": len(outcome["early"]),
        "revised": len(outcome["revisions"]),
        f"articles read from their pages; a further {len(outcome['refused_pages'])} ": len(outcome["pages"]),
    }
    assert len(told) == len(figures)
    for (row, count), (begin, figure) in zip(told.items(), figures.items(), strict=True):
        assert row.startswith(begin)
        assert count == figure, row


def test_dependencies_have_a_row_each() -> None:
    project = tomllib.loads(docs_pages.text_of("pyproject.toml"))["project"]
    needed = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    told = [name for row in docs_pages.rows("docs/dependencies.md") for name in docs_pages.codes(row[0])]
    assert sorted(told) == sorted(re.match(r"[\w.-]+", line)[0] for line in needed)  # type: ignore[index]
    for row in docs_pages.rows("docs/dependencies.md"):
        assert row[1], f"{row[0]} has no reason"


def test_decisions_are_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    pages = {path.name for path in folder.glob("2*.md")}
    assert pages == set(docs_pages.links((folder / "README.md").read_text("utf-8")))
    for name in pages:
        title, date = (folder / name).read_text("utf-8").splitlines()[0:3:2]
        assert title.startswith("# ")
        assert date.startswith(name[:10])


def test_pages_name_no_machine() -> None:
    """Paths of whoever wrote them are of no use to a reader."""
    for page in PAGES:
        assert not re.search(r"/(?:home|work|root|tmp|Users)/", page.read_text("utf-8")), page
