"""Each file under `cases/`: an article, and for each entity the spans as written.

What is not listed must not be found.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from transforms.tag.entities import load_gazetteer

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))


def surfaces(case: dict[str, Any], key: str) -> dict[str, list[str]]:
    """The text under the spans that are found, by entity id."""
    texts = {"title": case.get("title", ""), "body": case["body"]}
    found = load_gazetteer().entities(texts["title"], texts["body"], case["language"])
    return {
        entity["id"]: [texts[span["field"]][span["start"] : span["end"]] for span in entity[key]]
        for entity in found
        if entity.get(key)
    }


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert surfaces(case, "spans") == case["entities"]
    assert surfaces(case, "demonyms") == case.get("demonyms", {})


def test_there_are_cases() -> None:
    assert len(CASES) >= 80
