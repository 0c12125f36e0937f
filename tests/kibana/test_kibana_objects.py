"""Saved objects, bodies and rules are of Kibana's form as we know it, and refer to what is there."""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy.kibana import boards, body, model, names, objects, published, rules
from deploy.kibana.files import EXPORT
from deploy.kibana.source import Board, load
from tests.kibana.asked import by_body, by_lens, by_source
from transforms.errors import DataError

SOURCE = load()
MADE = objects.everything(SOURCE)
SHARED = {one["id"] for one in MADE if one["type"] in {"index-pattern", "search"}}
Json = dict[str, Any]


def test_what_is_committed_can_be_imported_by_our_model() -> None:
    lines = (EXPORT / "saved-objects.ndjson").read_text("utf-8").splitlines()
    read = [json.loads(line) for line in lines]
    assert model.problems(read) == []
    assert len({one["id"] for one in read}) == len(read) == len(MADE)
    kinds = {one["type"] for one in read}
    assert kinds == {"index-pattern", "search", "lens", "dashboard"}


def test_an_object_stands_after_what_it_refers_to() -> None:
    seen: set[str] = set()
    for one in MADE:
        assert {reference["id"] for reference in one["references"]} <= seen
        seen.add(one["id"])


def lens(made: list[Json]) -> Json:
    return next(one for one in made if one["type"] == "lens" and one["attributes"]["visualizationType"] == "lnsXY")


def layer(made: list[Json]) -> Json:
    return lens(made)["attributes"]["state"]["datasourceStates"]["formBased"]["layers"]["layer"]


def board(made: list[Json]) -> Json:
    return next(one for one in made if one["type"] == "dashboard")


def panels(made: list[Json], change: Callable[[list[Json]], None]) -> None:
    attributes = board(made)["attributes"]
    read = json.loads(attributes["panelsJSON"])
    change(read)
    attributes["panelsJSON"] = json.dumps(read)


BREAKS: dict[str, tuple[Callable[[list[Json]], Any], str]] = {
    "a data view is gone": (lambda made: made.pop(0), "which is not there"),
    "an object stands twice": (lambda made: made.append(made[0]), "stands 2 times"),
    "a reference is gone": (lambda made: lens(made)["references"].clear(), "not among its references"),
    "a panel's reference is gone": (lambda made: board(made)["references"].pop(), "not among its references"),
    "a column is gone": (lambda made: layer(made)["columns"].pop("v0"), "names column v0"),
    "the order forgets a column": (lambda made: layer(made)["columnOrder"].pop(), "columnOrder"),
    "an operation is unknown": (
        lambda made: layer(made)["columns"]["v0"].update(operationType="mode"),
        "operationType",
    ),
    "a field is missing": (lambda made: layer(made)["columns"]["v0"].pop("sourceField"), "do not go together"),
    "a key is unknown": (lambda made: board(made).update(updated="now"), "Extra inputs"),
    "panels overlap": (lambda made: panels(made, lambda p: p[1]["gridData"].update(x=0)), "stands over"),
    "a panel is too wide": (lambda made: panels(made, lambda p: p[3]["gridData"].update(w=48)), "out of the grid"),
    "text that is no JSON": (lambda made: board(made)["attributes"].update(panelsJSON="[{"), "Invalid JSON"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_object_is_named(name: str) -> None:
    made = copy.deepcopy(MADE)
    spoil, told = BREAKS[name]
    spoil(made)
    found = model.problems(made)
    assert any(told in line for line in found), found


def bodies() -> dict[str, Json]:
    return {one.id: boards.payload(names.PREFIX, one) for one in SOURCE.boards}


def test_bodies_for_the_dashboards_api_fit_our_model() -> None:
    assert body.problems(bodies(), SHARED) == []


def test_a_broken_body_is_named() -> None:
    made = bodies()
    made["newsroom-now"]["panels"][0]["config"]["metrics"][0]["operation"] = "mode"
    made["source-health"]["panels"][0]["config"]["data_source"]["ref_id"] = "nowhere"
    del made["pipeline-health"]["panels"][0]["config"]["metrics"][0]["field"]
    told = "\n".join(body.problems(made, SHARED))
    assert "newsroom-now: panels.0.vis.config.metric.metrics.0: Input tag 'mode'" in told
    assert "source-health: refers to nowhere, which is not there" in told
    assert "pipeline-health: panels.0.vis.config.metric.metrics.0.last_value.field: Field required" in told


@pytest.mark.parametrize("one", SOURCE.boards, ids=lambda one: one.id)
def test_both_ways_give_the_same_dashboard(one: Board) -> None:
    lenses = {made["id"]: made for made in MADE if made["type"] == "lens"}
    saved = next(made for made in MADE if made["id"] == names.dashboard(names.PREFIX, one.id))
    by_import = json.loads(saved["attributes"]["panelsJSON"])
    by_api = boards.payload(names.PREFIX, one)["panels"]
    for panel, left, right in zip(one.panels, by_import, by_api, strict=True):
        assert {**right["grid"], "i": right["id"]} == left["gridData"]
        assert panel.title == left["title"] == right["config"]["title"]
        if panel.kind != "documents":
            # What stands in the index is asked by the source; so both must ask what the source does.
            assert by_source(panel) == by_lens(lenses[left["panelIndex"]]) == by_body(right)


def test_rules_have_uuids_and_what_their_type_needs() -> None:
    for rule in SOURCE.rules:
        assert uuid.UUID(names.rule(names.PREFIX, rule.id)).version == 5
        view = SOURCE.view(rule.data)
        assert view
        made = rules.created(names.PREFIX, rule, view)
        assert made["rule_type_id"] == ".es-query"
        needed = {"index", "esQuery", "size", "threshold", "thresholdComparator", "timeField", "timeWindowSize",
                  "timeWindowUnit"}  # fmt: skip
        assert needed <= made["params"].keys()
        assert "query" in json.loads(made["params"]["esQuery"])


def test_an_update_keeps_the_actions_that_a_person_added() -> None:
    rule = SOURCE.rules[0]
    view = SOURCE.view(rule.data)
    assert view
    action = {"id": "mail", "group": "query matched", "params": {"to": ["desk"]}, "connector_type_id": ".email"}
    made = rules.updated(names.PREFIX, rule, view, {"actions": [action], "name": "old"})
    assert made["actions"] == [{"id": "mail", "group": "query matched", "params": {"to": ["desk"]}}]
    assert not {"rule_type_id", "consumer", "enabled"} & made.keys()


def openapi(folder: Path, schema: Json, path: str = "/api/dashboards/{id}") -> Path:
    described = {"put": {"requestBody": {"content": {"application/json": {"schema": schema}}}}}
    text = {"Later": {"type": "string", "x-oas-optional": True}}
    file = folder / "kibana.json"
    file.write_text(json.dumps({"paths": {path: described}, "components": {"schemas": text}}), "utf-8")
    return file


def test_a_published_schema_can_be_checked_against(tmp_path: Path) -> None:
    later = {"$ref": "#/components/schemas/Later"}
    schema = {
        "type": "object",
        "required": ["title", "later"],
        "properties": {"title": {"type": "string"}, "later": later},
    }
    file = openapi(tmp_path, schema)
    # What is referred to and marked as optional may be left out, though the file requires it.
    assert published.problems(file, {"good": {"title": "a"}, "bad": {"later": "b"}}) == [
        "bad: : 'title' is a required property"
    ]
    with pytest.raises(DataError, match="not described here"):
        published.problems(openapi(tmp_path, schema, "/api/other"), {})
