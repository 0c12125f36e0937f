"""The language of articles: our own cases, and SIB-200 where it lies beside the project."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from transforms.language.detect import detect

HERE = Path(__file__).parent
EVAL = Path(os.environ.get("NEWS_EVAL_DATA") or HERE.parents[1].parent / "shared" / "eval")
CASES = [
    case
    for path in sorted((HERE / "cases").glob("*.yaml"))
    for case in yaml.safe_load(path.read_text(encoding="utf-8"))["cases"]
]
SIB200 = {"arb": "ar", "deu": "de", "eng": "en", "fra": "fr", "heb": "he", "pes": "fa"}
SIB200 |= {"rus": "ru", "spa": "es", "tur": "tr", "ukr": "uk", "urd": "ur", "zho": "zh"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['language']}-{case['title'][:20]}")
def test_case(case: dict[str, Any]) -> None:
    assert detect(case["title"], case["body"], case.get("hint")) == case["language"]


def test_hostile_text_has_some_language() -> None:
    for text in ("\ud800" * 50, "\x00" * 50, "1" * 100_000, "a" * 1_000_000, "😀" * 40):
        assert isinstance(detect(text, text, "en"), str)


def test_sib200(capsys: pytest.CaptureFixture[str]) -> None:
    files = sorted((EVAL / "sib200").glob("*.tsv"))
    if not files:
        reason = f"no SIB-200 in {EVAL / 'sib200'} (set NEWS_EVAL_DATA)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    right: dict[str, tuple[int, int]] = {}
    for path in files:
        language = SIB200[path.name[:3]]
        with path.open(encoding="utf-8") as lines:
            sentences = [row["text"] for row in csv.DictReader(lines, delimiter="\t")]
        right[language] = (sum(detect("", sentence) == language for sentence in sentences), len(sentences))
    with capsys.disabled():
        print("\nlanguage of SIB-200 sentences:", ", ".join(f"{k} {n}/{m}" for k, (n, m) in right.items()))
    assert sum(n for n, _ in right.values()) / sum(m for _, m in right.values()) >= 0.99
    assert min(n / m for n, m in right.values()) >= 0.97
