"""Every case file, played as it stands, backwards and shuffled: stories, roles and originals do not depend on it."""

from __future__ import annotations

import copy
import random
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.fold.fold_play import Play, article, expected, moment, result, text
from transforms.records import rfc3339

FILES = sorted(Path(__file__).parent.glob("cases/*.yaml"))
CASES = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in FILES}
each_case = pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES.items()])


def played(steps: list[dict[str, Any]]) -> Play:
    play = Play()
    for step in steps:
        if "forget" in step:
            play.forget(step["forget"])
        else:
            play.deliver(article(step))
        play.check()
    return play


@each_case
def test_in_the_order_given(case: dict[str, Any]) -> None:
    wanted = case["expect"]
    play = played(case["articles"])
    assert play.result() == expected(wanted["stories"])
    if "outcomes" in wanted:
        assert play.outcomes == wanted["outcomes"]
    documents = play.shelf.documents()
    for name, code in wanted.get("reasons", {}).items():
        assert documents[name]["story"]["verdict"]["reason_code"] == code, name
    for name, said in wanted.get("says", {}).items():
        assert documents[name]["story"]["verdict"]["text"] == said, name
    for name, revision in wanted.get("revisions", {}).items():
        assert documents[name]["revision"] == revision, name
    for name, parts in wanted.get("bodies", {}).items():
        assert documents[name]["body"] == text(parts), name
    for name, sources in wanted.get("sources", {}).items():
        assert [source["id"] for source in documents[name]["sources"]] == sources
    for name, offset in wanted.get("effective", {}).items():
        assert documents[name]["published_effective"] == rfc3339(moment(offset)), name
    for name, offset in wanted.get("given", {}).items():
        assert documents[name]["published"] == rfc3339(moment(offset)), name


@each_case
def test_shares_and_lags(case: dict[str, Any]) -> None:
    documents = played(case["articles"]).shelf.documents()
    for name, wanted in case["expect"].get("copied_from", {}).items():
        found = {entry["id"]: entry for entry in documents[name]["story"]["copied_from"]}
        assert set(found) == set(wanted), name
        for other, fields in wanted.items():
            assert {key: found[other][key] for key in fields} == pytest.approx(fields, abs=0.02), (name, other)
    for name, others in case["expect"].get("originals_linked", {}).items():
        assert {entry["id"] for entry in documents[name]["story"]["copied_from"]} >= set(others), name
    for name, document in documents.items():
        assert name not in {entry["id"] for entry in document["story"]["copied_from"]}


@each_case
def test_story_ids(case: dict[str, Any]) -> None:
    """A story's id goes on while it does; a merge keeps the older and names the other."""
    play, minted, former = Play(), {}, {}
    for number, step in enumerate(case["articles"]):
        if "forget" in step:
            play.forget(step["forget"])
            continue
        story = play.deliver(article(step)).story
        if story is not None:
            minted.setdefault(step["id"], story["id"])
            former[number] = story["id"]
    documents = play.shelf.documents()
    if "merged" in case["expect"]:
        kept, *gone = [minted[name] for name in case["expect"]["merged"]]
        for name in case["expect"]["stories"][0]:
            assert documents[name]["story"]["id"] == kept
            assert documents[name]["story"]["merged_from"] == gone
    for number, name in case["expect"].get("keeps_story", {}).items():
        assert documents[name]["story"]["id"] == former[number]
    named = [d["story"]["id"] for d in documents.values()]
    assert not set(named) & {old for d in documents.values() for old in d["story"]["merged_from"]}


@pytest.mark.parametrize("seed", ["backwards", 1, 2, 3, 4, 5])
@pytest.mark.parametrize(
    "case", [pytest.param(case, id=name) for name, case in CASES.items() if not case.get("ordered")]
)
def test_in_any_order(case: dict[str, Any], seed: int | str) -> None:
    steps = list(case["articles"])
    if seed == "backwards":
        steps.reverse()
    else:
        random.Random(seed).shuffle(steps)
    play = played(steps)
    assert play.result() == expected(case["expect"]["stories"])
    given, shuffled = played(case["articles"]).shelf.documents(), play.shelf.documents()
    for name, document in given.items():
        placed, again = document["story"], shuffled[name]["story"]
        assert placed["copied_from"] == again["copied_from"], name
        assert placed["verdict"] == again["verdict"], name


def test_enough_cases_and_none_is_hollow() -> None:
    assert len(CASES) >= 25
    for name, case in CASES.items():
        told = {step["id"] for step in case["articles"] if "id" in step}
        gone = {one for step in case["articles"] for one in step.get("forget", ())}
        assert {one for story in case["expect"]["stories"] for one in story} == told - gone, name


def test_the_result_is_read_off_documents() -> None:
    play = played(CASES["verbatim"]["articles"])
    documents = copy.deepcopy(play.shelf.documents())
    documents["portal"]["story"]["id"] = "elsewhere"
    assert result(documents) != play.result()
