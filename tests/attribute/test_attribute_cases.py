"""Every case file: texts whose credit is known, and texts that name an agency and credit none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from transforms.attribute import load_agencies

CASES = Path(__file__).parent / "cases"
WANTED = [
    "reuters", "afp", "france24", "ap", "dpa", "efe", "ansa", "tass", "ria", "interfax", "xinhua", "anadolu", "spa",
    "wam", "qna", "kuna", "mena", "petra", "map", "aps", "sana", "ina", "yonhap", "kyodo", "pti", "agencies",
]  # fmt: skip


def read(pattern: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(CASES.glob(pattern)):
        data = yaml.safe_load(path.read_text("utf-8"))
        for number, case in enumerate(data["cases"], 1):
            empty = {"language": data.get("language"), "agencies": [], "title": "", "author": None}
            yield f"{path.stem}-{number}", {**empty, **case}


def credit(case: dict[str, Any]) -> dict[str, Any]:
    return load_agencies().credits(case["title"], case["body"], case["author"], case["language"])


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in read("*.yaml")])
def test_case(case: dict[str, Any]) -> None:
    found = credit(case)
    assert found["agencies"] == case["agencies"]
    for piece in found["evidence"]:
        assert case[piece["field"]][piece["start"] : piece["end"]] == piece["text"] != ""
    assert found["agencies"] == list(dict.fromkeys(piece["agency"] for piece in found["evidence"]))


def test_every_agency_has_two_credits() -> None:
    seen = [slug for _, case in read("credits_*.yaml") for slug in case["agencies"]]
    assert [slug for slug in WANTED if seen.count(slug) < 2] == []


def test_enough_mentions() -> None:
    assert len(list(read("mentions_*.yaml"))) >= 60
