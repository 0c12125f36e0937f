from __future__ import annotations

from pathlib import Path

import pytest

from transforms.errors import DataError
from transforms.tag.entities import builtin_paths, load_gazetteer

LIST = "type: country\nentities:\n  Q1:\n    name: Freedonia\n    ar: [فريدونيا]\n"


def load(tmp_path: Path, *texts: str) -> object:
    paths = []
    for number, text in enumerate(texts):
        paths.append(tmp_path / f"list{number}.yaml")
        paths[-1].write_text(text, encoding="utf-8")
    return load_gazetteer(paths)


@pytest.mark.parametrize(
    ("text", "key", "says"),
    [
        ("entitys: {}", "entitys", "did you mean 'entities'?"),
        (LIST + "    demonym: {ar: [فريدوني]}", "entities.Q1.demonym", "did you mean 'demonyms'?"),
        (LIST + "    demonyms: {arabic: [فريدوني]}", "entities.Q1.demonyms.arabic", "known keys: ar, de, en"),
        (LIST + "    type: contry", "entities.Q1.type", "use one of country"),
        (LIST + "    fr: {a: b}", "entities.Q1.fr", "write it as [one, another]"),
        (LIST + "    fr: [no]", "entities.Q1.fr", "in quotes where YAML reads it otherwise"),
        (LIST + "    fr: ['...']", "entities.Q1.fr", "is not a name"),
        (LIST + "    drop: {en: [Sylvania]}", "entities.Q1.drop.en", "is not a name to drop"),
        (LIST + "rules: [{names: [Freedonia], entity: Q2}]", "rules[0].entity", "no entity has the id 'Q2'"),
        (LIST + "rules: [{names: [Freedonia], entity: Q1, afterr: [x]}]", "rules[0].afterr", "did you mean 'after'?"),
        (LIST + "rules: [{entity: Q1}]", "rules[0]", "lacks names or entity"),
        (LIST + "rules: [{names: [Freedonia], entity: Q1, otherwise: maybe}]", "rules[0].otherwise", "write yes or no"),
        (LIST + "rewrites: [[غ, ج, ق]]", "rewrites[0]", "not a pair"),
        ("type: person\nentities: {jane: {name: Jane}}", "entities.jane", "type:slug"),
        ("type: person\nentities: {'person:x': {ar: [جين]}}", "entities.person:x", "has no name"),
        ("- a", "", "not a mapping"),
        ("a: [", "", "cannot be read"),
    ],
)
def test_a_mistake_names_file_key_and_remedy(tmp_path: Path, text: str, key: str, says: str) -> None:
    with pytest.raises(DataError) as caught:
        load(tmp_path, text)
    assert caught.value.key == key
    assert "list0.yaml" in str(caught.value)
    assert says in str(caught.value)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        load_gazetteer([tmp_path / "none.yaml"])


def test_a_later_file_adds_to_an_entity(tmp_path: Path) -> None:
    more = """
entities:
  Q1: {name: The Free Land, ar: [أرض الحرية], drop: {ar: [فريدونيا]}, demonyms: {en: [Freedonian]}}
"""
    gazetteer = load(tmp_path, LIST, more)
    found = gazetteer.entities("", "فريدونيا وأرض الحرية", "ar")  # type: ignore[attr-defined]
    assert [(e["name"], e["count"]) for e in found] == [("The Free Land", 1)]


def test_one_id_has_one_type(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="city here, country in another file"):
        load(tmp_path, LIST, "entities: {Q1: {type: city, en: [Freedonia]}}")


def test_a_watch_list_joins_the_projects_own_files(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("type: person\nentities: {'person:rufus': {name: Rufus Firefly, country: Q38}}", encoding="utf-8")
    gazetteer = load_gazetteer([*builtin_paths(), mine])
    assert [e["id"] for e in gazetteer.entities("", "Italian President Firefly came; Rufus Firefly left.", "en")] == [
        "person:rufus",
        "Q38",
    ]
    assert gazetteer.version != load_gazetteer().version
