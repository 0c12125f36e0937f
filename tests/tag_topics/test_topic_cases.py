"""Every sentence of `cases/TOPIC.yaml` by itself, as the body of an article without a title."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from transforms.tag.topics import load_topics

CASES = Path(__file__).parent / "cases"


class Case(NamedTuple):
    topic: str
    language: str
    sentence: str
    fires: bool


def _cases() -> list[Case]:
    return [
        Case(file.stem, language, sentence, kind == "positive")
        for file in sorted(CASES.glob("*.yaml"))
        for kind, languages in yaml.safe_load(file.read_text("utf-8")).items()
        for language, sentences in languages.items()
        for sentence in sentences
    ]


ALL = _cases()


@pytest.mark.parametrize(
    "case", ALL, ids=[f"{case.topic}-{'yes' if case.fires else 'no'}-{case.language}-{i}" for i, case in enumerate(ALL)]
)
def test_sentence(case: Case) -> None:
    found = {topic["id"]: topic for topic in load_topics().topics("", case.sentence, case.language)}
    assert (case.topic in found) == case.fires, found.get(case.topic)
    for evidence in found.get(case.topic, {}).get("evidence", []):
        assert case.sentence[evidence["start"] : evidence["end"]].strip()


@pytest.mark.parametrize("topic", load_topics().all, ids=lambda topic: topic.id)
def test_every_topic_has_enough_cases_in_every_language_it_claims(topic) -> None:
    mine = [case for case in ALL if case.topic == topic.id]
    for fires in (True, False):
        chosen = [case for case in mine if case.fires == fires]
        assert len(chosen) >= 12
        assert {case.language for case in chosen} == set(topic.languages)


def test_no_case_file_without_a_topic() -> None:
    assert {file.stem for file in CASES.glob("*.yaml")} == {topic.id for topic in load_topics().all}
