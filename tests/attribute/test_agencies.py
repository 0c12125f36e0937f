"""The agencies file's checks, owners of domains, order and limits of evidence, and speed."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml

from transforms.attribute import load_agencies
from transforms.attribute.data import DEFAULT
from transforms.attribute.stage import with_credit
from transforms.errors import DataError
from transforms.records import Article, Origin, Source


def test_order_is_author_body_title() -> None:
    found = load_agencies().credits("Fair opens - Reuters", "PARIS (AFP) - It opens.", "dpa", "en")
    assert found["agencies"] == ["dpa", "afp", "reuters"]
    assert found["evidence"][1] == {"agency": "afp", "field": "body", "start": 7, "end": 10, "text": "AFP"}


def test_spans_are_of_the_text_as_written() -> None:
    body = "اُفْتُتِحَ المعرض.\nالمصدر: رويتـــرز"
    (piece,) = load_agencies().credits("", body, None, "ar")["evidence"]
    assert body[piece["start"] : piece["end"]] == "رويتـــرز"


def test_language_limits_short_names() -> None:
    agencies = load_agencies()
    assert agencies.credits("", "Der Zug kam.\n(epd)", None, "de")["agencies"] == ["epd"]
    assert agencies.credits("", "The train came.\n(epd)", None, "en")["agencies"] == []


@pytest.mark.parametrize(
    ("domain", "declared", "owner"),
    [
        ("reuters.com", None, "reuters"),
        ("www.Reuters.com.", None, "reuters"),
        ("arabic.france24.com", None, "france24"),
        ("notreuters.com", None, None),
        ("reuters.com.example.org", None, None),
        ("spa.gov.sa", None, "spa"),
        ("gov.sa", None, None),
        ("blog.example.org", "afp", "afp"),
        ("", None, None),
    ],
)
def test_owner(domain: str, declared: str | None, owner: str | None) -> None:
    assert load_agencies().owner(domain, declared) == owner


def test_outlets_of_the_config_extend() -> None:
    agencies = load_agencies(outlets={"wire.example.org": "spa"})
    assert agencies.owner("ar.wire.example.org", None) == "spa"
    assert agencies.owner("example.org", None) is None
    assert load_agencies().owner("wire.example.org", None) is None
    assert load_agencies() is load_agencies()


@pytest.mark.parametrize(
    ("outlets", "words"),
    [
        ({"example.org": "reutres"}, ["agencies.outlets.example.org", "reutres", "did you mean 'reuters'"]),
        ({"https://example.org/": "spa"}, ["https://example.org/", "bare domain"]),
        ({"com": "spa"}, ["'com'", "bare domain"]),
    ],
)
def test_wrong_outlets(outlets: dict[str, str], words: list[str]) -> None:
    with pytest.raises(DataError) as raised:
        load_agencies(outlets=outlets)
    assert all(word in str(raised.value) for word in words)


def test_unknown_slug_is_an_error_that_suggests() -> None:
    with pytest.raises(DataError, match="did you mean 'france24'"):
        load_agencies().check("france-24", "config.yaml", "sources[0].agency")
    assert load_agencies().check("afp", "config.yaml", "sources[0].agency") == "afp"


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        ({"agencies.0.sluggo": 1}, ["agencies[0].sluggo", "unknown key", "did you mean 'slug'"]),
        ({"agencies.0.kind": "agencie"}, ["agencies.reuters.kind", "did you mean 'agency'"]),
        ({"agencies.0.spellings": ["Reuters"]}, ["agencies.reuters.spellings", "mapping"]),
        ({"agencies.0.spellings": {"english": ["Reuters"]}}, ["spellings.english", "ISO 639-1"]),
        ({"agencies.1.slug": "reuters"}, ["agencies.reuters", "twice"]),
        ({"agencies.0.homonyms": ["Rooters"]}, ["homonyms", "'Rooters'", "strict"]),
        ({"agencies.0.outlets": ["Reuters.com"]}, ["outlets", "bare domain"]),
        ({"agencies.0.bylines": ["Reuters"]}, ["agencies.reuters.bylines", "'Reuters'", "not in homonyms"]),
        ({"agencies.0.misread": ["Rooter"]}, ["agencies.reuters.misread", "'Rooter'", "not in spellings or strict"]),
        ({"habits.misreadings": ["e c", "ec"]}, ["habits.misreadings", "'ec'", "[e c, u n]"]),
        ({"agencies.0.name": None}, ["agencies[0].name", "missing"]),
        ({"habits.leads": ["(with"]}, ["habits.leads[0]", "not a pattern"]),
        ({"habits.leeds": ["with"]}, ["habits.leeds", "did you mean 'leads'"]),
        ({"habits.nouns": []}, ["habits.nouns", "missing"]),
        ({"habits.phrases": [{"where": "any", "if": ["x"], "text": "from x"}]}, ["phrases[0].text", "{agencies}"]),
        ({"habits.phrases": [{"where": "up", "if": ["x"], "text": "{agencies}"}]}, ["[0].where", "tail, last, any"]),
        ({"habits.phrases": [{"where": "any", "text": "x {agencies}"}]}, ["phrases[0].if", "missing"]),
        ({"agencies": {}}, ["agencies", "not a list"]),
    ],
)
def test_mistakes_name_file_key_and_remedy(tmp_path: Path, mistake: dict[str, object], words: list[str]) -> None:
    data = yaml.safe_load(DEFAULT.read_text("utf-8"))
    for path, value in mistake.items():
        at = data
        *parents, last = path.split(".")
        for step in parents:
            at = at[int(step)] if step.isdigit() else at[step]
        at[last] = value
    file = tmp_path / "agencies.yaml"
    file.write_text(yaml.safe_dump(data, allow_unicode=True), "utf-8")
    with pytest.raises(DataError) as raised:
        load_agencies(file)
    assert all(word in str(raised.value) for word in ["agencies.yaml", *words]), str(raised.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        load_agencies(tmp_path / "none.yaml")
    broken = tmp_path / "broken.yaml"
    broken.write_text("agencies: [", "utf-8")
    with pytest.raises(DataError, match="is not YAML"):
        load_agencies(broken)


def test_version_follows_the_data(tmp_path: Path) -> None:
    copy = tmp_path / "agencies.yaml"
    copy.write_bytes(DEFAULT.read_bytes() + b"\n# edited\n")
    assert load_agencies(copy).version != load_agencies().version
    assert len(load_agencies().version) == 8


def test_an_article_tells_which_data_credited_it(tmp_path: Path) -> None:
    copy = tmp_path / "agencies.yaml"
    copy.write_bytes(DEFAULT.read_bytes() + b"\n# edited\n")
    source, body = Source("herald", "Herald", "herald.example"), "MARLOW (Reuters) - It sails."
    article = Article("1", Origin("test"), source, 0, None, "1", "Ferry sails", body, tagged_by={"topics": "t1"})
    for agencies in (load_agencies(), load_agencies(copy)):
        document = with_credit(article, agencies)
        assert document.wire["agencies"] == ["reuters"]
        assert document.tagged_by == {"topics": "t1", "agencies": agencies.version}


UNITS = [
    "Reuters ", "(Reuters) ", "Reuters\n", "Reuters, ", "/AFP", "رويترز و", "avec les agence agence ", "- ", "(",
    "the agency the ", "dépêche de ",
    "AP\n", "AP (x y)\nAP\n", "(AP) Advanced Placement\n", "ex-Reuters ", "Foto: AP/", "Source: AP ",
    "Orva - AP\n", "AP. Orva Orva Orva, ", "dpa-Orva Orva ",
]  # fmt: skip


@pytest.mark.parametrize("unit", UNITS)
def test_hostile_text_is_bounded(unit: str) -> None:
    body = unit * (300_000 // len(unit))
    started = time.perf_counter()
    found = load_agencies().credits(body[:5000], body, body[:5000], None)
    assert time.perf_counter() - started < 2
    assert len(found["evidence"]) <= 24
