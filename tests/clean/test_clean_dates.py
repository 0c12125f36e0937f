"""Written times."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import yaml

from transforms.clean.dates import published
from transforms.records import rfc3339

ARRIVED = 1_795_430_000
CASES = [
    (text, want)
    for path in sorted((Path(__file__).parent / "cases" / "dates").glob("*.yaml"))
    for text, want in yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)["times"].items()
]


@pytest.mark.parametrize(("text", "want"), CASES)
def test_case(text: str, want: str) -> None:
    assert rfc3339(published(text, ARRIVED)) == (None if want == "null" else want)


def test_two_digit_years_depend_on_arrival() -> None:
    assert rfc3339(published("20 Nov 26", ARRIVED)) == "2026-11-20T00:00:00Z"
    assert rfc3339(published("20 Nov 26", 1_000_000_000)) == "1926-11-20T00:00:00Z"


def test_anything_is_a_time_or_none() -> None:
    random.seed(3)
    parts = [
        "20",
        "11",
        "2026",
        "Nov",
        ":",
        "/",
        "-",
        " ",
        "T",
        "Z",
        "+",
        "99",
        "٣",
        "نوفمبر",
        "pm",
        ",",
        ".",
        "h",
        "(",
        "\x00",
    ]
    for _ in range(20_000):
        result = published("".join(random.choices(parts, k=random.randint(1, 12))), ARRIVED)
        assert result is None or isinstance(result, int)
