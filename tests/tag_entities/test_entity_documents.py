from __future__ import annotations

import json

import pytest

from transforms.tag.entities import load_gazetteer
from transforms.tag.entity_data import LANGUAGES


def test_documents_are_sorted_counted_and_plain() -> None:
    found = load_gazetteer().entities("China", "Russia and China, Russian tea, China again.", "en")
    assert [(entity["id"], entity["count"]) for entity in found] == [("Q148", 3), ("Q159", 1)]
    assert found[0]["spans"][0] == {"field": "title", "start": 0, "end": 5}
    assert found[0]["name"] == "China"
    assert found[0]["type"] == "country"
    assert "demonyms" not in found[0]
    assert found[1]["demonyms"] == [{"field": "body", "start": 18, "end": 25}]
    assert json.loads(json.dumps(found)) == found


def test_a_demonym_alone_tags_without_counting() -> None:
    (entity,) = load_gazetteer().entities("", "A Russian bridge.", "en")
    assert (entity["id"], entity["count"], entity["spans"]) == ("Q159", 0, [])


def test_nothing_in_nothing() -> None:
    assert load_gazetteer().entities("", "", None) == []
    assert load_gazetteer().entities("\u200f\u064b", "\u0640", "ar") == []


def test_it_is_loaded_once_and_has_a_version() -> None:
    assert load_gazetteer() is load_gazetteer()
    assert load_gazetteer().version.startswith("1-")
    assert len(load_gazetteer().version) < 20


def test_names_in_other_languages() -> None:
    gazetteer = load_gazetteer()
    assert gazetteer.name("Q159") == "Russia"
    assert gazetteer.name("Q159", "ar") == "روسيا"
    assert gazetteer.name("Q159", "ru") == "Россия"
    assert gazetteer.name("Q159", "ja") == "Russia"
    with pytest.raises(KeyError):
        gazetteer.name("Q0")


@pytest.mark.parametrize(
    ("asked", "id_"),
    [
        ("Q159", "Q159"),
        ("russia", "Q159"),
        ("روسيا", "Q159"),
        ("Shoigu", "person:sergei-shoigu"),
        ("نيتو", None),
        ("Russian", None),
    ],
)
def test_find(asked: str, id_: str | None) -> None:
    assert load_gazetteer().find(asked)[:1] == ([id_] if id_ else [])


def test_the_lists_are_as_long_as_promised() -> None:
    entities = load_gazetteer().data.entities.values()
    least = {"country": 195, "city": 300, "organisation": 100, "person": 280, "weapon": 55, "treaty": 35, "place": 100}
    for type_, count in least.items():
        assert sum(entity.type == type_ for entity in entities) >= count, type_


def test_every_entity_has_a_name_in_the_four_languages() -> None:
    entities = load_gazetteer().data.entities.values()
    lacking = {
        entity.id: [lang for lang in LANGUAGES[:4] if not (entity.names.get(lang) or entity.codes)]
        for entity in entities
    }
    assert {id_: langs for id_, langs in lacking.items() if langs} == {}


def test_no_two_entities_of_a_type_claim_a_name_without_a_rule() -> None:
    assert load_gazetteer().collisions() == []


def test_every_rule_is_for_a_name_that_is_listed() -> None:
    gazetteer = load_gazetteer()
    listed = {
        (key, sense.entity.id) for key, senses in gazetteer._lexicon.senses.items() for sense in senses if sense.entity
    }
    assert [rule for rule in gazetteer.data.rules for name in rule.names if (name, rule.entity) not in listed] == []


def test_seven_hundred_thousand_letters_take_no_more_than_their_share() -> None:
    """A body made to be slow: names that begin and never end, one after another."""
    body = "جمهورية كوريا الديمقراطية " * 20_000 + "United Nations High " * 10_000
    assert load_gazetteer().entities("", body, None)
