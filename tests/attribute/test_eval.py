"""Document-level F1 of credited agencies on the impresso pages (OCR of old newspapers), against its human labels."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from transforms.attribute import load_agencies

BESIDE = Path(__file__).resolve().parents[3] / "shared" / "eval"
DATA = Path(os.environ.get("NEWS_EVAL_DATA") or BESIDE) / "impresso"
# The labels' names for our slugs. "unk" (an agency that the labels do not name) has none.
SLUGS = {"ats-sda": "ats", "up-upi": "upi", "ag": "agencies", "spk-smp": "spk", "ddp-dapd": "ddp"}


def pages(language: str) -> Iterator[tuple[str, set[str]]]:
    """The text of each page, lines as printed, and the slugs of the agencies labelled in it."""
    text, gold = "", set[str]()
    for line in (DATA / f"newsagency-data-dev-{language}.tsv").read_text("utf-8").splitlines():
        if line.startswith("# language"):
            if text:
                yield text, gold
            text, gold = "", set()
        cells = line.split("\t")
        if line.startswith("#") or len(cells) < 10:
            continue
        text += cells[0] + ("\n" if "EndOfLine" in line else "" if "NoSpaceAfter" in line else " ")
        label = cells[3].rpartition("pressagency.")[2].lower()
        if label != cells[3].lower() and label != "unk":
            gold.add(SLUGS.get(label, label))
    yield text, gold


@pytest.mark.parametrize(("language", "floor"), [("fr", 0.92), ("de", 0.88)])
def test_impresso(language: str, floor: float) -> None:
    if not DATA.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail(f"no evaluation data at {DATA}")
        pytest.skip(f"no evaluation data at {DATA}: set NEWS_EVAL_DATA")
    right = wrong = missed = 0
    for text, gold in pages(language):
        # "pat" is one of the agencies that the labels leave unknown, "spk" another.
        found = set(load_agencies().credits("", text, None, language)["agencies"]) - {"pat", "spk"}
        right, wrong, missed = right + len(found & gold), wrong + len(found - gold), missed + len(gold - found)
    f1 = 2 * right / (2 * right + wrong + missed)
    assert f1 >= floor, f"F1 {f1:.3f}: {right} right, {wrong} wrong, {missed} missed"
