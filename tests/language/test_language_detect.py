"""The language of articles: our own cases. SIB-200 is measured in tests/eval."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from transforms.language.detect import detect

HERE = Path(__file__).parent
CASES = [
    case
    for path in sorted((HERE / "cases").glob("*.yaml"))
    for case in yaml.safe_load(path.read_text(encoding="utf-8"))["cases"]
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['language']}-{case['title'][:20]}")
def test_case(case: dict[str, Any]) -> None:
    assert detect(case["title"], case["body"], case.get("hint")) == case["language"]


def test_hostile_text_has_some_language() -> None:
    for text in ("\ud800" * 50, "\x00" * 50, "1" * 100_000, "a" * 1_000_000, "😀" * 40):
        assert isinstance(detect(text, text, "en"), str)
