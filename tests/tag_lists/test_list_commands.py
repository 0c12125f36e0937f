"""`lists import` and `lists check` as a person uses them; what is imported tags, and its change is retagged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.running import answer, command, configure, exported, write_lines
from transforms.tag.entities import load_gazetteer
from transforms.tag.lists.collisions import collisions, counts, without
from transforms.tag.lists.record import Listed

TABLE = """id,type,name,ar,codes
1,person,Rufus Firefly,روفوس فايرفلاي,
2,organisation,Ardelian Grain Union,,AGU
"""
BODY = (
    "The harbour of Dalmar opened a new quay on Tuesday. Rufus Firefly of the Ardelian Grain Union spoke of a long "
    "year, and thanked the growers of the south, who paid for half of it; the port paid for the rest."
)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "watch.csv").write_text(TABLE, "utf-8")
    write_lines(tmp_path / "in.jsonl", [{"url": "https://wire.example/a", "title": "Quay", "body": BODY}])
    return configure(tmp_path, [{"kind": "files", "path": "in.jsonl"}])


IMPORT = ("lists", "import", "watch.csv", "--format", "csv", "--into", "lists/watch.jsonl")


def test_import_says_how_to_use_it_and_twice_gives_the_same(config: Path) -> None:
    said = command(config, *IMPORT).stdout
    assert "watch: 2 entities, 4 names, version" in said
    assert "to use it: entities: {lists: [lists/watch.jsonl]}" in said
    made = config.with_name("lists") / "watch.jsonl"
    before = made.read_bytes()
    rule = "rules:\n  - {id: grain, name: Grain, severity: low, any_entity: ['watch:2']}\n"
    config.with_name("rules.yaml").write_text(rule, "utf-8")
    own = {"entities": {"lists": ["lists/watch.jsonl"]}, "alerts": {"rules": "rules.yaml"}}
    configure(config.parent, [{"kind": "files", "path": "in.jsonl"}], **own)
    (told,) = answer(config, *IMPORT)
    assert made.read_bytes() == before
    assert (told["entities"], told["names"], told["collisions"], told["in_config"]) == (2, 4, [], True)
    assert [row["message"][:2] for row in answer(config, "check") if row["check"] == "alert rules"] == ["1,"]
    (entities,) = [row for row in answer(config, "check") if row["check"] == "entities"]
    assert entities["message"].startswith(f"{load_gazetteer().count + 2}, version")


def test_a_list_tags_and_retag_follows_its_change(config: Path) -> None:
    command(config, "run", "--quiet")
    command(config, *IMPORT)
    configure(config.parent, [{"kind": "files", "path": "in.jsonl"}], entities={"lists": ["lists/watch.jsonl"]})
    (told,) = answer(config, "retag")
    assert {key: one["added"] for key, one in told["entities"].items()} == {"watch:1": 1, "watch:2": 1}
    (document,) = exported(config).values()
    version = document["tagged_by"]["lists"]["watch"]
    assert [one["id"] for one in answer(config, "search", "--entity", "Rufus Firefly")] == [document["id"]]
    config.with_name("watch.csv").write_text(TABLE.replace("Rufus Firefly", "Otto Driftwood"), "utf-8")
    (told,) = answer(config, *IMPORT)
    (told,) = answer(config, "retag")
    assert {key: one["removed"] for key, one in told["entities"].items()} == {"watch:1": 1}
    (document,) = exported(config).values()
    assert document["tagged_by"]["lists"]["watch"] != version
    # Without the list its tags go, and the document no more says that it made them.
    configure(config.parent, [{"kind": "files", "path": "in.jsonl"}])
    command(config, "retag")
    (document,) = exported(config).values()
    assert "lists" not in document["tagged_by"]
    assert [entity["id"] for entity in document["entities"]] == []


def test_bad_rows_are_told_and_nothing_is_written(config: Path) -> None:
    command(config, *IMPORT)
    made = config.with_name("lists") / "watch.jsonl"
    before = made.read_bytes()
    config.with_name("watch.csv").write_text(TABLE + "3,persona,Otto Driftwood,,\n4,person,,,\n", "utf-8")
    failed = command(config, *IMPORT, fails=2)
    assert "watch.csv: line 4: 'persona' is no type; use one of" in failed.stderr
    assert "watch.csv: line 5: has no name; give it a name, or delete the row" in failed.stderr
    assert "Nothing was imported." in failed.stderr
    assert made.read_bytes() == before
    assert [one.name for one in made.parent.iterdir()] == ["watch.jsonl"]


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("watch.csv", "--format", "cvs", "--into", "w.jsonl"), 'unknown format "cvs"; did you mean "csv"?'),
        (("none.csv", "--format", "csv", "--into", "w.jsonl"), "cannot be read (No such file or directory)"),
        (("watch.csv", "--format", "jrc", "--into", "w.jsonl"), "line 1: has 1 columns"),
        (("watch.csv", "--format", "csv", "--into", "w.jsonl", "--name", "A B"), "is no name for a list"),
        (("watch.csv", "--format", "csv", "--into", "w.jsonl", "--keep", "all"), 'no reason "all"; write one of taken'),
        (("watch.csv", "--format", "csv", "--into", "watch.csv/w.jsonl"), "cannot be written"),
    ],
)
def test_mistakes_of_usage(config: Path, args: tuple[str, ...], says: str) -> None:
    assert says in command(config, "lists", "import", *args, fails=2).stderr
    assert not config.with_name("w.jsonl").exists()


CROWDED = """id,type,name,codes
,person,Oman,
,person,Putin,
,organisation,Ibn,
,organisation,The Sun,
,organisation,Times,
7,person,Ada Byrne,
8,person,Ada Byrne,
,city,dalmar,XQ
"""


def test_collisions_are_left_out_and_reported(config: Path) -> None:
    config.with_name("watch.csv").write_text(CROWDED, "utf-8")
    (told,) = answer(config, *IMPORT)
    assert [(one["line"], one["name"], one["reason"], one.get("others")) for one in told["collisions"]] == [
        (2, "Oman", "taken", ["Q842"]), (3, "Putin", "taken", ["Q7747"]), (4, "Ibn", "short", None),
        (6, "Times", "common", None), (7, "Ada Byrne", "ambiguous", ["watch:8"]),
        (8, "Ada Byrne", "ambiguous", ["watch:7"]), (9, "dalmar", "common", None),
    ]  # fmt: skip
    assert told["left_out"] == {"taken": 2, "ambiguous": 2, "short": 1, "common": 2}
    assert (told["entities"], told["names"]) == (2, 2)
    said = command(config, *IMPORT, "--keep", "ambiguous", "--keep", "common").stdout
    assert "watch: 5 entities, 6 names" in said
    assert "line 2: Oman (watch:oman) is taken, as of Q842" in said


def test_check_looks_at_all_lists_of_the_config(config: Path) -> None:
    for name in ("one", "two"):
        command(config, "lists", "import", "watch.csv", "--format", "csv", "--into", f"{name}.jsonl")
    lists: dict[str, Any] = {"lists": ["one.jsonl", "two.jsonl"]}
    configure(config.parent, [{"kind": "files", "path": "in.jsonl"}], entities=lists)
    failed = command(config, "lists", "check", "--json", fails=1)
    told = [json.loads(line) for line in failed.stdout.splitlines()]
    assert [(one["list"], one["left_out"]) for one in told] == [("one", {"taken": 4}), ("two", {"taken": 4})]
    assert told[0]["collisions"][0]["others"] == ["two:1"]
    configure(config.parent, [{"kind": "files", "path": "in.jsonl"}], entities={"lists": ["one.jsonl"]})
    assert "one: 2 entities, 4 names" in command(config, "lists", "check").stdout


def test_reasons() -> None:
    entities = [
        Listed("w:1", "person", "x", {"en": ["Ada Byrne", "Vladimir Putin"], "ar": ["الأمل", "آدا بيرن"]}),
        Listed("w:2", "person", "x", {"ru": ["Ада Бирн"], "also": ["Ada Byrne", "田中太郎"]}, ["A", "AB"]),
        Listed("w:3", "city", "x", {"ar": ["لرن"], "en": ["Lerna", "North Lerna"]}),
    ]
    found = collisions(entities, load_gazetteer())
    assert [(one.id, one.name, one.reason) for one in found] == [
        ("w:1", "Ada Byrne", "ambiguous"), ("w:1", "Vladimir Putin", "taken"), ("w:1", "الأمل", "common"),
        ("w:2", "Ada Byrne", "ambiguous"), ("w:2", "田中太郎", "script"), ("w:2", "A", "short"),
        ("w:3", "لرن", "short"),
    ]  # fmt: skip
    assert counts(found) == {"taken": 1, "ambiguous": 2, "short": 2, "common": 1, "script": 1}
    assert [(one.names, one.codes) for one in without(entities, found)] == [
        ({"ar": ["آدا بيرن"]}, []), ({"ru": ["Ада Бирн"]}, ["AB"]), ({"en": ["Lerna", "North Lerna"]}, []),
    ]  # fmt: skip
    assert without(entities[:1], [one for one in found if one.reason != "taken"])[0].names["en"] == ["Vladimir Putin"]
