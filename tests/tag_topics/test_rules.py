"""The pattern language, the counting and the checks on topic files, on small topics made for the purpose."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml

from transforms.errors import DataError
from transforms.tag.topic_patterns import PatternError, arabic_forms, parse
from transforms.tag.topic_score import length_factor
from transforms.tag.topics import Topics, load_topics


def made(tmp_path: Path, rules: dict | None = None, language: str = "en", **changed: object) -> Topics:
    """Topics of one file `t.yaml`; None as a changed value takes the key away."""
    data = {
        "id": "t",
        "names": {"en": "T"},
        "threshold": 10,
        "languages": {language: rules or {"patterns": {10: ["x"]}}},
    }
    data.update(changed)
    file = tmp_path / "t.yaml"
    file.write_text(yaml.safe_dump({k: v for k, v in data.items() if v is not None}, allow_unicode=True), "utf-8")
    load_topics.__globals__["_load"].cache_clear()
    return load_topics([file])


def found(topics: Topics, body: str, title: str = "", language: str = "en") -> list[str]:
    texts = {"title": title, "body": body}
    return [
        texts[item["field"]][item["start"] : item["end"]]
        for topic in topics.topics(title, body, language)
        for item in topic["evidence"]
    ]


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("sanction%", "New Sanctions.", ["Sanctions"]),
        ("sanction", "New sanctions.", []),
        ("cease-fire", "A cease fire, at last", ["cease fire"]),
        ("impos% <2> sanctions", "imposing new harsh sanctions", ["imposing new harsh sanctions"]),
        ("impos% <1> sanctions", "imposing new harsh sanctions", []),
        ("(a|b c) d", "b c d", ["b c d"]),
        ("(a|b c) d", "b d", []),
        ("missile test", "a missile. Test it", []),
        ("missile test", "a missile\ntest it", []),
        ("u.s. sanctions", "the U.S. sanctions", ["U.S. sanctions"]),
        ("élections", "ELECTIONS libres", ["ELECTIONS"]),
        ("coup d'état", "le coup d’État manqué", ["coup d’État"]),
    ],
)
def test_pattern(tmp_path: Path, pattern: str, text: str, expected: list[str]) -> None:
    assert found(made(tmp_path, {"patterns": {10: [pattern]}}), text) == expected


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("عقوبات", "وبالعقوبات", ["وبالعقوبات"]),
        ("عقوبات", "للعقوبات الجديدة", ["للعقوبات"]),
        ("العقوبات", "عقوبات جديدة", []),
        ("العقوبات", "والعقوبات الجديدة", ["والعقوبات"]),
        ("هدنة", "الهُدْنَة", ["الهُدْنَة"]),
        ("هدنة", "هـــدنه", ["هـــدنه"]),
        ("رسوم جمركية", "رسومًا جمركيةً", ["رسومًا جمركيةً"]),
        ("بعثة", "رسالة بعثها", []),
    ],
)
def test_arabic_pattern(tmp_path: Path, pattern: str, text: str, expected: list[str]) -> None:
    assert found(made(tmp_path, {"patterns": {10: [pattern]}}, "ar"), text, language="ar") == expected


def test_short_words_are_not_taken_apart() -> None:
    assert arabic_forms("بلد") == ["بلد"]
    assert all(len(form) >= 3 for form in arabic_forms("وبالعدل"))


def test_invisible_marks_do_not_move_spans(tmp_path: Path) -> None:
    body = "\u200fThe sanc\u00adtions\u200e bite"
    assert found(made(tmp_path, {"patterns": {10: ["sanctions"]}}), body) == ["sanc\u00adtions\u200e"]


def test_spans_behind_blank_lines_and_odd_spaces(tmp_path: Path) -> None:
    body = "One.\n\n\u00a0Two\x85three \x1c four\tsanctions\n(sanctions)"
    assert found(made(tmp_path, {"patterns": {10: ["sanctions"]}}), body) == ["sanctions", "sanctions"]


@pytest.mark.parametrize(
    "pattern", ["", "<3> a", "a <3>", "a <0> b", "a <11> b", "a%b", "ab%", "(a|)", "a (b", "(a|b) (c", "...", "a|b"]
)
def test_wrong_pattern(pattern: str) -> None:
    with pytest.raises(PatternError):
        parse(pattern)


def test_too_many_phrases() -> None:
    choice = "(" + "|".join(f"a b{i}" for i in range(9)) + ")"
    with pytest.raises(PatternError, match="more than"):
        parse(f"{choice} {choice}")


def test_near(tmp_path: Path) -> None:
    rules = {"near": [{"groups": [["strike"], ["air", "jets"]], "within": 4, "weight": 10}]}
    topics = made(tmp_path, rules)
    assert found(topics, "jets made a strike") == ["jets made a strike"]
    assert found(topics, "strike by many of the jets") == []
    assert found(topics, "strike, strike") == []


def test_ignored_hits_do_not_count(tmp_path: Path) -> None:
    topics = made(tmp_path, {"patterns": {10: ["strike"]}, "ignored": ["hunger strike"]})
    assert found(topics, "a hunger strike") == []
    assert found(topics, "a hunger strike and a strike") == ["strike"]


def test_required_groups(tmp_path: Path) -> None:
    topics = made(tmp_path, {"patterns": {10: ["strike"]}, "required": [["army", "navy"], ["city"]]})
    assert found(topics, "a strike by the army") == []
    assert found(topics, "a strike by the army", title="The city") == ["strike"]


def test_excluded_forbids_or_costs(tmp_path: Path) -> None:
    assert found(made(tmp_path, {"patterns": {10: ["strike"]}, "excluded": [{"any": ["goal"]}]}), "goal strike") == []
    topics = made(tmp_path, {"patterns": {10: ["strike"], 4: ["jets"]}, "excluded": [{"any": ["goal"], "cost": 6}]})
    assert found(topics, "goal strike") == []
    assert found(topics, "goal strike jets") == ["strike", "jets"]


def test_shared_sets(tmp_path: Path) -> None:
    (tmp_path / "_sets.yaml").write_text("sports: {en: [goal], fr: [but]}")
    topics = made(tmp_path, {"patterns": {10: ["strike"]}, "excluded": [{"set": "sports", "cost": 6}]})
    assert found(topics, "goal strike") == []
    assert found(topics, "but a strike") == ["strike"]


def test_light_patterns_support_and_never_make(tmp_path: Path) -> None:
    topics = made(tmp_path, {"patterns": {10: ["strike"], 9: ["jets", "bombs"]}})
    assert found(topics, "jets bombs", title="bombs jets") == []


def test_score(tmp_path: Path) -> None:
    topics = made(tmp_path, {"patterns": {10: ["strike", "air strike"], 4: ["jets"]}})

    def score(title: str, body: str) -> float:
        return topics.topics(title, body, "en")[0]["score"]

    assert score("strike", "") == round(20 / 30, 3)  # the title counts twice
    assert score("", "strike") == round(15 / 25, 3)  # the lead one and a half times
    assert score("", "w " * 60 + "strike") == 0.5
    assert score("", "strike strike") == round(22.5 / 32.5, 3)  # the second hit brings half
    assert score("", "air strike") == round(15 / 25, 3)  # words are counted once
    assert score("", "strike jets") == round(21 / 31, 3)
    assert topics.topics("", "strike " + "w " * 479, "en") == []  # one mention in 480 words: 7.5 points
    assert length_factor(480) == 2.0
    assert length_factor(7) == 1.0


def test_language_decides(tmp_path: Path) -> None:
    topics = made(tmp_path, {"patterns": {10: ["strike"]}})
    assert found(topics, "strike", language="en-GB") == ["strike"]
    assert topics.topics("", "strike", "tr") == []
    assert topics.topics("", "", None) == []
    assert [topic["id"] for topic in topics.topics("", "a strike", None)] == ["t"]
    assert topics.topics("", "забастовка", None) == []


def test_version_follows_the_data(tmp_path: Path) -> None:
    one = made(tmp_path, {"patterns": {10: ["strike"]}}).version
    assert one != made(tmp_path, {"patterns": {10: ["strikes"]}}).version
    assert one == made(tmp_path, {"patterns": {10: ["strike"]}}).version


@pytest.mark.parametrize(
    ("rules", "changed", "key", "words"),
    [
        ({"paterns": {10: ["x"]}}, {}, "languages.en.paterns", "did you mean patterns?"),
        ({"patterns": {}}, {}, "languages.en", "no pattern"),
        ({"patterns": {10: []}}, {}, "languages.en.patterns.10", "at least one"),
        ({"patterns": {10: [""]}}, {}, "languages.en.patterns.10.0", "empty"),
        ({"patterns": {10: ["ok", False]}}, {}, "languages.en.patterns.10.1", "quotes"),
        ({"patterns": {10: ["a%b"]}}, {}, "languages.en.patterns.10.0", "end of a word"),
        ({"patterns": {"ten": ["x"]}}, {}, "languages.en.patterns.ten", "number"),
        ({"patterns": {-3: ["x"]}}, {}, "languages.en.patterns.-3", "number"),
        ({"near": [{"groups": [["a"]], "within": 3, "weight": 5}]}, {}, "languages.en.near.0.groups", "two groups"),
        ({"near": [{"groups": [["a"], ["b"]], "weight": 5}]}, {}, "languages.en.near.0.within", "from 1"),
        ({"near": [{"groups": [["a"], ["b"]], "within": 3}]}, {}, "languages.en.near.0.weight", "number"),
        ({"patterns": {10: ["x"]}, "excluded": [{"some": ["y"]}]}, {}, "languages.en.excluded.0.some", "any"),
        ({"patterns": {10: ["x"]}, "excluded": [{"set": "sport"}]}, {}, "languages.en.excluded.0.set.sport", "unknown"),
        ({"patterns": {10: ["x"]}, "excluded": [{"any": ["y"], "set": "s"}]}, {}, "languages.en.excluded.0", "two"),
        ({"patterns": {10: ["x"]}, "required": "x"}, {}, "languages.en.required", "list"),
        (None, {"treshold": 4}, "treshold", "did you mean threshold?"),
        (None, {"threshold": 0}, "threshold", "above 0"),
        (None, {"threshold": None}, "threshold", "missing"),
        (None, {"id": "other"}, "id", "file's name"),
        (None, {"languages": {}}, "languages", "no language"),
        (None, {"languages": {"eng": {"patterns": {10: ["x"]}}}}, "languages.eng", "ISO 639-1"),
    ],
)
def test_mistakes_in_a_file(tmp_path: Path, rules: dict | None, changed: dict, key: str, words: str) -> None:
    with pytest.raises(DataError) as caught:
        made(tmp_path, rules, **changed)
    assert caught.value.file.endswith("t.yaml")
    assert caught.value.key == key
    assert words in str(caught.value)


def test_mistakes_of_yaml_and_files(tmp_path: Path) -> None:
    file = tmp_path / "t.yaml"
    for text, words in (("id: [", "not YAML"), ("id: a\nid: b\n", "twice"), ("- a", "mapping")):
        file.write_text(text)
        load_topics.__globals__["_load"].cache_clear()
        with pytest.raises(DataError, match=words):
            load_topics([file])
    with pytest.raises(DataError, match="cannot be read"):
        load_topics([tmp_path / "none.yaml"])
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataError, match="no topic files"):
        load_topics([tmp_path / "folder"])


def test_hostile_texts_cost_little() -> None:
    topics = load_topics()
    start = time.process_time()
    for text in (
        "hotline military " * 30_000,
        "sanctions" * 30_000,
        "\u200f" * 300_000,
        "(" * 300_000,
        "a\n" * 100_000,
    ):
        topics.topics(text[:1000], text, "en")
    assert time.process_time() - start < 10


def test_shipped_topics_are_loaded_once() -> None:
    assert load_topics() is load_topics()
    assert len(load_topics().all) >= 28
    assert all(set(topic.languages) >= {"ar", "en", "fr", "ru"} for topic in load_topics().all)
    assert all(set(topic.names) >= {"ar", "en", "fr", "ru"} for topic in load_topics().all)
