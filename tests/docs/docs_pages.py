"""The pages a reader has, and what stands in them: links, code blocks, tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_CODE = re.compile(r"`([^`]+)`")


def text_of(name: str) -> str:
    """A page, by its path from the project's root."""
    return (ROOT / name).read_text("utf-8")


def blocks(name: str, language: str) -> list[str]:
    """The fenced blocks of a page in one language."""
    return [text for found, text in _BLOCK.findall(text_of(name)) if found == language]


def prose(text: str) -> str:
    """A page without its fenced blocks."""
    return _BLOCK.sub("", text)


def links(text: str) -> list[str]:
    """Where a page's links and pictures go."""
    return _LINK.findall(prose(text))


def anchors(text: str) -> set[str]:
    """The fragments of a page's headings, as GitHub makes them."""
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in _HEADING.findall(prose(text)))
    return {heading.strip().replace(" ", "-") for heading in plain}


def rows(name: str, heading: str = "") -> Iterator[list[str]]:
    """The cells of the rows of a page's tables, without their heads; of those right under a heading if one is given."""
    text = prose(text_of(name))
    if heading:
        found = re.search(rf"^{re.escape(heading)}$(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL)
        assert found, f"{name} has no heading {heading!r}"
        text = found[1]
    for table in re.findall(r"(?:^\|.*\|$\n?)+", text, re.MULTILINE):
        for line in table.splitlines()[2:]:
            yield [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def codes(cell: str) -> list[str]:
    """What stands in code marks in a cell."""
    return _CODE.findall(cell)
