"""Wire credit on labelled sets: each figure is printed (pytest -s) and must not fall below its floor in floors.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from tests.attribute import measure
from tests.attribute.measure import Score

FLOORS = yaml.safe_load((Path(__file__).parent / "floors.yaml").read_text("utf-8"))


def hold(name: str, scores: Mapping[str, Score]) -> None:
    """Prints a line a score; fails where one of the set's floors is missed, or has nothing to hold."""
    for row, found in scores.items():
        print(f"{name} {row}: {found}")
    for row, floors in FLOORS[name].items():
        assert row in scores, f"{name}: nothing was measured for {row}"
        for figure, floor in floors.items():
            assert getattr(scores[row], figure) >= floor, f"{name} {row}: {figure} is below {floor}: {scores[row]}"


def test_arabic_bylines() -> None:
    labels = measure.labelled_bylines().values()
    assert len(labels) == 300
    assert all(sum(slug in of for of in labels) >= 50 for slug in measure.FOUR)
    assert sum(not of for of in labels) >= 50
    hold("bylines", measure.byline_scores())


def test_bodies_with_the_byline_hidden() -> None:
    hold("body", measure.body_scores())


def test_credits_and_mentions() -> None:
    cases = [case for _, case in measure.mention_cases()]
    assert len(cases) >= 60
    assert 0.45 <= sum(bool(case["agencies"]) for case in cases) / len(cases) <= 0.55
    assert {case["language"] for case in cases} == {"ar", "de", "en", "es", "fa", "fr", "ru", "tr"}
    hold("mentions", measure.mention_scores())


@pytest.mark.parametrize("language", ["fr", "de"])
def test_impresso(language: str) -> None:
    scores = {language: measure.impresso_score(language)}
    print(f"impresso {language}: {scores[language]}")
    assert scores[language].f1 >= FLOORS["impresso"][language]["f1"], str(scores[language])
