"""A packed list tags as the same names in an entity file do; a list file is checked; the cache only saves time."""

from __future__ import annotations

import json
import random
import stat
from pathlib import Path

import pytest
import yaml

from tests.bench.names import generated
from transforms.errors import DataError
from transforms.records import Json
from transforms.tag.entities import Gazetteer, builtin_paths, load_gazetteer
from transforms.tag.lists.cache import cache_dir, open_list, version_of
from transforms.tag.lists.packed import Damaged, Packed, pack
from transforms.tag.lists.record import Listed, read_list, write_list

FIREFLY = Listed("watch:firefly", "person", "Rufus Firefly", {"en": ["Rufus Firefly"], "ar": ["روفوس فايرفلاي"]})
UNION = Listed("watch:agu", "organisation", "Ardelian Grain Union", {"also": ["Ardelian Grain Union"]}, ["AGU"])


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def watch(folder: Path, *entities: Listed, name: str = "watch") -> Path:
    path = folder / f"{name}.jsonl"
    write_list(path, name, entities)
    return path


def spans(gazetteer: Gazetteer, body: str, language: str) -> dict[str, list[str]]:
    return {
        entity["id"]: [body[span["start"] : span["end"]] for span in entity["spans"]]
        for entity in gazetteer.entities("", body, language)
    }


def test_names_codes_clitics_and_capitals(tmp_path: Path) -> None:
    gazetteer = load_gazetteer(lists=[watch(tmp_path, FIREFLY, UNION)])
    text = "RUFUS FIREFLY and rufus firefly met the ardelian grain union, AGU, in Oman; agu did not come."
    assert spans(gazetteer, text, "en") == {
        "watch:firefly": ["RUFUS FIREFLY"], "watch:agu": ["ardelian grain union", "AGU"], "Q842": ["Oman"],
    }  # fmt: skip
    assert spans(gazetteer, "التقى الوزير بروفوس فايرفلاي في عُمان، ولروفوس فايرفلاي بيت", "ar") == {
        "watch:firefly": ["روفوس فايرفلاي", "روفوس فايرفلاي"], "Q842": ["عُمان"],
    }  # fmt: skip


def test_a_surname_is_its_persons_where_the_full_name_stands(tmp_path: Path) -> None:
    driftwood = Listed("watch:driftwood", "person", "Otto Driftwood", {"en": ["Otto Driftwood"], "ar": ["أوتو العمر"]})
    belozor = Listed("watch:belozor", "person", "Ирина Белозор", {"ru": ["Ирина Белозор"]})
    putin = Listed("watch:putin", "person", "Boris Putin", {"en": ["Boris Putin"]})
    gazetteer = load_gazetteer(lists=[watch(tmp_path, FIREFLY, driftwood, belozor, putin)])
    text = "Firefly came. Rufus Firefly met Otto Driftwood; a firefly shone, and Driftwood left Margaret Firefly alone."
    assert spans(gazetteer, text, "en") == {
        "watch:firefly": ["Firefly", "Rufus Firefly"], "watch:driftwood": ["Otto Driftwood", "Driftwood"],
    }  # fmt: skip
    assert spans(gazetteer, "Firefly came alone.", "en") == {}
    assert spans(gazetteer, "Rufus Firefly is ill, said President Firefly.", "en") == {
        "watch:firefly": ["Rufus Firefly", "Firefly"]
    }
    assert spans(gazetteer, "Ирина Белозор уехала. Говорят о Белозоре и с Белозором.", "ru") == {
        "watch:belozor": ["Ирина Белозор", "Белозоре", "Белозором"]
    }
    assert spans(gazetteer, "قال أوتو العمر إن العمر قصير", "ar") == {"watch:driftwood": ["أوتو العمر"]}
    # One surname, two people named in full: it is nobody's. Only the one of the list named: it is theirs.
    both = "Boris Putin met Vladimir Putin. Putin smiled."
    assert spans(gazetteer, both, "en") == {"watch:putin": ["Boris Putin"], "Q7747": ["Vladimir Putin"]}
    assert spans(gazetteer, "Boris Putin came. Putin smiled.", "en") == {"watch:putin": ["Boris Putin", "Putin"]}


def test_the_longest_name_wins_across_lists_and_files(tmp_path: Path) -> None:
    lists = [
        watch(tmp_path, Listed("a:oman", "organisation", "Oman Grain", {"en": ["Oman Grain"]}), name="a"),
        watch(tmp_path, Listed("b:oman", "organisation", "Oman Grain Fund", {"en": ["Oman Grain Fund"]}), name="b"),
    ]
    gazetteer = load_gazetteer(lists=lists)
    text = "Oman Grain Fund, Oman Grain and Oman"
    assert spans(gazetteer, text, "en") == {"b:oman": ["Oman Grain Fund"], "a:oman": ["Oman Grain"], "Q842": ["Oman"]}


def test_a_name_of_an_entity_file_wins_and_a_shared_id_is_one_entity(tmp_path: Path) -> None:
    oman = Listed("Q842", "country", "Sultanate", {"en": ["Land of Frankincense", "Oman"]})
    rival = Listed("watch:oman", "organisation", "Oman", {"en": ["Oman"]})
    found = load_gazetteer(lists=[watch(tmp_path, oman, rival)]).entities("", "Oman, the Land of Frankincense", "en")
    assert [(entity["id"], entity["name"], entity["count"]) for entity in found] == [("Q842", "Oman", 2)]


def test_tags_say_which_lists_made_them(tmp_path: Path) -> None:
    one, other = watch(tmp_path, FIREFLY), watch(tmp_path, UNION, name="grain")
    gazetteer = load_gazetteer(lists=[one, other])
    assert gazetteer.tagged_by == {
        "entities": gazetteer.version,
        "lists": {"watch": version_of(one), "grain": version_of(other)},
    }
    assert len({gazetteer.version, load_gazetteer(lists=[one]).version, load_gazetteer().version}) == 3


def test_ids_and_names_are_known(tmp_path: Path) -> None:
    gazetteer = load_gazetteer(lists=[watch(tmp_path, FIREFLY, UNION)])
    assert gazetteer.find("Rufus Firefly") == gazetteer.find("watch:firefly") == ["watch:firefly"]
    assert "watch:agu" in gazetteer.ids
    assert "watch:nobody" not in gazetteer.ids
    assert gazetteer.name("watch:agu") == "Ardelian Grain Union"
    assert gazetteer.count == len(gazetteer.ids) == load_gazetteer().count + 2
    with pytest.raises(KeyError):
        gazetteer.name("watch:nobody")


def test_a_packed_list_tags_as_an_entity_file(tmp_path: Path) -> None:
    entities = list(generated(3000))
    own = {one.id: {"name": one.name, "type": one.type, **one.names, "short": {}} for one in entities}
    # An entity file gives a person its display name in English too.
    told = [Listed(one.id, one.type, one.name, {"en": [one.name], **one.names}) for one in entities]
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump({"type": "person", "entities": own}, allow_unicode=True), "utf-8")
    as_file = load_gazetteer([*builtin_paths(), file])
    as_list = load_gazetteer(lists=[watch(tmp_path, *told, name="bench")])
    dice, found = random.Random(7), 0
    for language, joints in (
        ("ar", [" و", " في ", "، "]),
        ("en", [" and ", ", "]),
        ("ru", [" и ", ". "]),
        ("fr", [" "]),
    ):
        for _ in range(40):
            body = "".join(f"{dice.choice(entities).name}{dice.choice(joints)}" for _ in range(30))
            first, second = as_file.entities("", body, language), as_list.entities("", body, language)
            found += len(first)
            assert [shown(one) for one in first] == [shown(one) for one in second]
    assert found > 2000


def shown(entity: Json) -> tuple[str, int, list[Json]]:
    return entity["id"], entity["count"], entity["spans"]


def test_the_cache_is_used_and_does_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = watch(tmp_path, FIREFLY)
    first = open_list(path)
    (kept,) = cache_dir().iterdir()
    before = kept.stat().st_mtime_ns
    assert open_list(path).ids("rufus firefly") == first.ids("rufus firefly") == ["watch:firefly"]
    assert kept.stat().st_mtime_ns == before
    for damage in (b"", b"NEWSLIST", kept.read_bytes()[:200]):
        kept.write_bytes(damage)
        assert open_list(path).ids("rufus firefly") == ["watch:firefly"]
    in_the_way = tmp_path / "file"
    in_the_way.write_text("", "utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(in_the_way))
    assert open_list(path).ids("rufus firefly") == ["watch:firefly"]


def test_a_changed_list_is_read_anew(tmp_path: Path) -> None:
    path = watch(tmp_path, FIREFLY)
    before = open_list(path).version
    write_list(path, "watch", [UNION])
    changed = open_list(path)
    assert changed.version != before
    assert (changed.ids("rufus firefly"), changed.ids("agu")) == ([], ["watch:agu"])


def test_nothing_is_in_an_empty_list() -> None:
    packed = Packed(pack("empty", "v", []))
    assert (packed.ids("oman"), packed.opening("oman"), packed.entity("Q842")) == ([], None, None)
    with pytest.raises(Damaged):
        Packed(b"NEWSLIST" + b"\0" * 100)


HEAD = '{"list": "watch", "format": 1}\n'
LINE = '{"id": "watch:a", "type": "person", "name": "A B", "names": {"en": ["Ada Byrne"]}}\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line 1: no head of a list; import it with"),
        (LINE, "line 1: no head of a list"),
        ('{"list": "watch", "format": 2}\n', "line 1: no head of a list"),
        ('{"list": "Watch!", "format": 1}\n', "'Watch!' is no name for a list; write small letters"),
        (HEAD + "{\n", "line 2: is no JSON object; write one object a line"),
        (HEAD + LINE + LINE, "line 3: the id watch:a is there already; give each entity one line"),
        (HEAD + LINE.replace("watch:a", "ada"), "line 2: 'ada' is no id; use a Wikidata id such as Q159"),
        (HEAD + LINE.replace("person", "persona"), "line 2: 'persona' is no type; use one of country"),
        (HEAD + LINE.replace('"en"', '"it"'), "line 2: 'it' is no language; use one of ar"),
        (HEAD + LINE.replace('["Ada Byrne"]', '"Ada"'), "line 2: names or codes have another form"),
        (HEAD + LINE.replace('["Ada Byrne"]', "[]"), "line 2: watch:a has no name"),
        (
            HEAD + LINE.replace("Ada Byrne", "Ada\\tByrne"),
            "line 2: 'Ada\\tByrne' is not a name; write text with letters",
        ),
        (HEAD + LINE.replace("Ada Byrne", "A" * 201), "is not a name"),
        (HEAD + LINE.replace('"type"', '"kind": 1, "type"'), "line 2: unknown key 'kind'; known: codes, id"),
    ],
)
def test_a_mistake_names_file_line_and_remedy(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "watch.jsonl"
    path.write_text(text, "utf-8")
    with pytest.raises(DataError) as caught:
        load_gazetteer(lists=[path])
    assert str(path) in str(caught.value)
    assert says in str(caught.value)


def test_lists_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"import the list first, or mend entities\.lists"):
        load_gazetteer(lists=[tmp_path / "none.jsonl"])
    (tmp_path / "latin.jsonl").write_bytes(HEAD.encode() + "é".encode("latin-1"))
    with pytest.raises(DataError, match="is not UTF-8"):
        load_gazetteer(lists=[tmp_path / "latin.jsonl"])
    (tmp_path / "b").mkdir()
    twice = [watch(tmp_path, FIREFLY), watch(tmp_path / "b", UNION)]
    with pytest.raises(DataError, match="another list is called 'watch' too; import one of them with another --name"):
        load_gazetteer(lists=twice)


def test_a_list_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = watch(tmp_path, UNION, FIREFLY)
    before = path.read_bytes()
    assert [json.loads(line).get("id") for line in before.splitlines()] == [None, "watch:agu", "watch:firefly"]
    assert [one.document() for one in read_list(path)[1]] == [UNION.document(), FIREFLY.document()]

    class Broken(RuntimeError): ...

    def entities():  # type: ignore[no-untyped-def]
        yield FIREFLY
        raise Broken

    with pytest.raises(Broken):
        write_list(path, "watch", entities())
    assert path.read_bytes() == before
    assert sorted(one.name for one in tmp_path.iterdir() if one.is_file()) == ["watch.jsonl"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
