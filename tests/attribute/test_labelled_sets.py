"""The labelled sets of wire credit are what their figures (tests/eval/credit.py) are said to be of."""

from __future__ import annotations

from tests.attribute import measure


def test_bylines() -> None:
    labels = measure.labelled_bylines().values()
    assert len(labels) == 300
    assert all(sum(slug in of for of in labels) >= 50 for slug in measure.FOUR)
    assert sum(not of for of in labels) >= 50


def test_credits_and_mentions() -> None:
    cases = [case for _, case in measure.mention_cases()]
    assert len(cases) >= 60
    assert 0.45 <= sum(bool(case["agencies"]) for case in cases) / len(cases) <= 0.55
    assert {case["language"] for case in cases} == {"ar", "de", "en", "es", "fa", "fr", "ru", "tr"}
