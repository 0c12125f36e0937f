"""Rules, queries and the alert documents that they make: one case a file."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from transforms.alert.evaluate import alert_id, evaluate
from transforms.alert.inert import plain, web_address
from transforms.alert.parse import Parser
from transforms.alert.rules import Rules, load_rules
from transforms.alert.view import View
from transforms.errors import DataError

CASES = Path(__file__).parent / "cases"
KNOWN: dict[str, Any] = {
    "topics": ["ceasefire", "coup", "military_hotlines", "arms_deals"],
    "entities": ["norland", "sudria", "vestmark"],
    "agencies": ["reuters", "afp", "tass"],
    "channels": ["terminal", "file"],
}


def cases(kind: str) -> list[Any]:
    found = sorted((CASES / kind).glob("*.yaml"))
    assert found, f"no cases in {kind}"
    return [pytest.param(yaml.safe_load(path.read_text("utf-8")), id=path.stem) for path in found]


def queries(expected: str) -> list[Any]:
    return [
        pytest.param(case.values[0]["article"], query, id=f"{case.id}: {query}")
        for case in cases("queries")
        for query in case.values[0][expected]
    ]


def rules_from(tmp_path: Path, rules: Any, **known: Any) -> Rules:
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump({"rules": rules}, allow_unicode=True), "utf-8")
    return load_rules(path, **known)


@pytest.mark.parametrize(("article", "query"), queries("matches"))
def test_query_matches(article: dict[str, Any], query: str) -> None:
    view = View(article)
    node = Parser("rules.yaml", "query").parse(query)
    assert node.matches(view)
    for hit in node.hits(view):
        if hit.start is not None:
            assert 0 <= hit.start < hit.end <= len(article[hit.field])


@pytest.mark.parametrize(("article", "query"), queries("misses"))
def test_query_does_not_match(article: dict[str, Any], query: str) -> None:
    assert not Parser("rules.yaml", "query").parse(query).matches(View(article))


@pytest.mark.parametrize("case", cases("rules"))
def test_alerts_of_an_article(case: dict[str, Any], tmp_path: Path) -> None:
    rules = rules_from(tmp_path, case["rules"], **KNOWN)
    alerts = evaluate(rules, case["article"], case["story"])
    assert [alert["rule"] for alert in alerts] == [expected["rule"] for expected in case["alerts"]]
    for alert, expected in zip(alerts, case["alerts"], strict=True):
        evidence = expected.pop("evidence", None)
        assert {key: alert[key] for key in expected} == expected
        if evidence is not None:
            assert len(alert["evidence"]) == len(evidence)
            for piece, wanted in zip(alert["evidence"], evidence, strict=True):
                assert {key: piece[key] for key in wanted} == wanted
                assert piece["article_id"] == case["article"]["id"]
        shown = json.dumps(alert, ensure_ascii=False)
        assert not any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in shown)
        assert "\\u00" not in shown
        assert "<" not in shown


@pytest.mark.parametrize("case", cases("errors"))
def test_mistakes_are_named(case: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(case["rules"], "utf-8")
    with pytest.raises(DataError) as caught:
        load_rules(path, **KNOWN)
    error = caught.value
    assert (error.file, error.key) == (str(path), case["key"])
    assert case["problem"] in error.problem
    assert case["remedy"] in error.remedy


def test_missing_file_is_a_data_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        load_rules(tmp_path / "absent.yaml")


def test_no_file_means_no_rules() -> None:
    assert load_rules(None, channels=["terminal"]).rules == ()


def test_ids_are_free_when_nothing_is_known(tmp_path: Path) -> None:
    assert rules_from(tmp_path, [{"id": "r", "any_topic": ["whatever"]}]).rules


def test_version_follows_the_meaning_and_not_the_layout(tmp_path: Path) -> None:
    rule = {"id": "r", "any_topic": ["coup"], "severity": "high"}
    version = rules_from(tmp_path, [rule]).version
    (tmp_path / "rules.yaml").write_text("# note\nrules:\n- severity: high\n  any_topic: coup\n  id: r\n", "utf-8")
    assert load_rules(tmp_path / "rules.yaml").version == version
    assert rules_from(tmp_path, [{**rule, "severity": "low"}]).version != version


def test_channels_of_a_rule_default_to_all(tmp_path: Path) -> None:
    listed = [{"id": "a", "query": "x", "channels": ["file"]}, {"id": "b", "query": "x"}]
    rules = rules_from(tmp_path, listed, channels=["terminal", "file"])
    assert rules.channels("a") == ("file",)
    assert rules.channels("b") == ("terminal", "file")


def test_alert_id_depends_on_rule_and_story_only(tmp_path: Path) -> None:
    rules = rules_from(tmp_path, [{"id": "r", "query": "pact"}])
    first = evaluate(rules, {"id": "a", "title": "Pact", "body": ""}, {"id": "s"}, at=0)
    second = evaluate(rules, {"id": "b", "title": "A pact again", "body": "pact"}, {"id": "s"}, at=9)
    assert first[0]["id"] == second[0]["id"] == alert_id("r", "s") != alert_id("r", "t")
    assert first[0]["created"] == "1970-01-01T00:00:00Z"
    assert first[0]["history"] != second[0]["history"]


def test_evidence_is_capped(tmp_path: Path) -> None:
    rules = rules_from(tmp_path, [{"id": "r", "query": "pact"}])
    alert = evaluate(rules, {"id": "a", "title": "", "body": "pact " * 1000}, {"id": "s"})[0]
    assert len(alert["evidence"]) == 3


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (None, ""),
        ("a\tb\nc", "a b c"),
        ("\x1b[1;31mred\x1b[m", "red"),
        ("\x1b]0;title\x07rest", "rest"),
        ("\x1b]8;;u\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]unfinished", "unfinished"),
        ("\x9b31mred", "red"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("cut <img src=x onerror=y", "cut"),
        ("<!-- x --><p class='a'>text</p>", "text"),
        ("half \ud800 pair", "half \ufffd pair"),
        ("x" * 400, "x" * 299 + "…"),
    ],
)  # fmt: skip
def test_plain(text: str | None, shown: str) -> None:
    assert plain(text) == shown


def test_plain_is_quick_on_a_hostile_title() -> None:
    begin = time.perf_counter()
    plain("<" * 1_000_000 + "<a" * 1_000_000 + "\x1b]" * 100_000)
    assert time.perf_counter() - begin < 1


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://a.example/x?y=1", True),
        ("HTTP://a.example", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("https://a.example/\x1b[2J", False),
        ("https:///path", False),
        ("https://a.example/<script>", False),
        ("https://[broken", False),
        (None, False),
    ],
)
def test_web_address(url: str | None, kept: bool) -> None:
    assert web_address(url) == (url if kept else None)
