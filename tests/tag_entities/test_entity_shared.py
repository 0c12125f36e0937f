"""The founding document. Names in ANERcorp are measured in tests/eval."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from transforms.tag.entities import load_gazetteer

ROOT = Path(__file__).parents[2].parent / "shared"
EVAL = Path(os.environ.get("NEWS_EVAL_DATA", ROOT / "eval"))


def need(path: Path) -> Path:
    if not path.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{path} is absent, and CI has it")
        pytest.skip(f"{path} is absent; set NEWS_EVAL_DATA to the folder of evaluation data")
    return path


def test_the_founding_document() -> None:
    (path,) = need(ROOT / "seed").glob("*.txt")
    title, _, body = path.read_text(encoding="utf-8").partition("\n")
    found = {entity["name"] for entity in load_gazetteer().entities(title, body, "ar")}
    assert found >= {
        "Russia", "North Korea", "India", "China", "United States",
        "Valery Gerasimov", "Sergei Shoigu", "Vladimir Putin", "Kim Jong Un",
    }  # fmt: skip
