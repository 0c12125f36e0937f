"""The day plan: its data files, the copies made of each text, and the outcome computed from it."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest
import yaml

from pipeline.newsroom import expected, load_plan
from pipeline.newsroom.compose import Item, compose, shortened
from pipeline.newsroom.load import HERE
from pipeline.newsroom.model import DAY, SHOWN, paragraphs
from transforms.errors import DataError
from transforms.text import fold, words

CASES = Path(__file__).parent / "cases"
PLAN = load_plan()
ITEMS = compose(PLAN)


def shingles(*texts: str) -> set[tuple[str, ...]]:
    found = words(fold(" ".join(texts)))
    return {tuple(found[i : i + 5]) for i in range(len(found) - 4)}


def contained(copy: tuple[str, ...], original: tuple[str, ...]) -> float:
    a, b = shingles(*copy), shingles(*original)
    return len(a & b) / len(a)


def only(url: str) -> Item:
    (item,) = [item for item in ITEMS if item.url == url]
    return item


@pytest.mark.parametrize("path", sorted((CASES / "load").glob("*.yaml")), ids=lambda p: p.stem)
def test_a_mistake_in_a_data_file_is_named(path: Path, tmp_path: Path) -> None:
    case = yaml.safe_load(path.read_text("utf-8"))
    folder = tmp_path / "newsroom"
    shutil.copytree(HERE, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    content = yaml.safe_load((folder / case["file"]).read_text("utf-8"))
    for key, value in case["set"].items():
        *way, last = [int(part) if part.isdigit() else part for part in key.split(".")]
        place = content
        for part in way:
            place = place[part]
        place[last] = value
    (folder / case["file"]).write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    with pytest.raises(DataError) as caught:
        load_plan(folder)
    assert (caught.value.file, caught.value.key) == (case["file"], case["error"]["key"])
    assert case["error"]["problem"] in caught.value.problem
    assert caught.value.remedy


def test_a_feed_that_would_hide_entries_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "newsroom"
    shutil.copytree(HERE, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    day = yaml.safe_load((folder / "day.yaml").read_text("utf-8"))
    day["stories"] += [{"text": "photo-en", "entries": [{"at": "01:00", "outlet": "trouble"}]}] * (SHOWN + 1)
    (folder / "day.yaml").write_text(yaml.safe_dump(day, allow_unicode=True), "utf-8")
    with pytest.raises(DataError, match=f"a feed lists {SHOWN}"):
        load_plan(folder)


def test_the_day_is_a_day_of_news() -> None:
    counts = expected(PLAN)["counts"]
    assert counts["entries"] >= 160
    assert counts["feeds"] == len(PLAN.outlets) >= 14
    languages = Counter(key.rsplit("-", 1)[1] for key in PLAN.texts)
    assert languages["ar"] >= 14
    assert languages["en"] >= 9
    assert languages["fr"] >= 7
    assert languages["ru"] >= 6
    assert {o.format for o in PLAN.outlets.values()} == {"rss2", "rdf", "atom", "json"}
    assert {o.encoding for o in PLAN.outlets.values()} == {"utf-8", "windows-1256", "windows-1251"}


@pytest.mark.parametrize("key", sorted(PLAN.texts))
def test_texts_have_the_length_of_news(key: str) -> None:
    assert 120 <= len(words(fold(" ".join(paragraphs(PLAN.texts[key].text))))) <= 350


def test_every_text_is_published() -> None:
    assert {text for item in ITEMS for text in item.texts} == set(PLAN.texts)


def test_unrelated_texts_share_nothing() -> None:
    prints = {key: shingles(*paragraphs(text.text)) for key, text in PLAN.texts.items()}
    prints |= {item.id: shingles(*item.states[0].body) for item in ITEMS if item.kind == "hostile"}
    names = sorted(prints)
    assert [(a, b) for a in names for b in names if a < b and prints[a] & prints[b]] == []


@pytest.mark.parametrize("story", expected(PLAN)["stories"], ids=lambda s: s["text"])
def test_reposts_are_contained_in_their_original_whatever_was_revised(story: dict) -> None:
    for url in story["reposts"]:
        for state in only(url).states:
            for original in only(story["original"]).states:
                assert contained(state.body, original.body) >= 0.65, url


def test_reposts_differ_from_their_original() -> None:
    for story in expected(PLAN)["stories"]:
        original = only(story["original"]).states[0]
        for url in story["reposts"]:
            assert (only(url).states[0].title, only(url).states[0].body) != (original.title, original.body)


def test_a_digest_takes_a_part_from_each_of_its_originals() -> None:
    for digest in expected(PLAN)["digests"]:
        assert len(digest["originals"]) == 3
        for url in digest["originals"]:
            for state in only(url).states:
                assert 0.15 <= contained(only(digest["url"]).states[0].body, state.body) <= 0.6, digest["url"]


def test_addresses_and_guids_are_unique() -> None:
    assert len({item.url for item in ITEMS}) == len({item.guid for item in ITEMS}) == len(ITEMS)


def test_the_day_ends_before_it_is_over() -> None:
    assert all(item.published <= item.appears < DAY for item in ITEMS)
    assert all(item.appears < state.since < DAY for item in ITEMS for state in item.states[1:])


@pytest.mark.parametrize("path", sorted((CASES / "outcome").glob("*.yaml")), ids=lambda p: p.stem)
def test_the_outcome_of_a_story(path: Path) -> None:
    case = yaml.safe_load(path.read_text("utf-8"))
    outcome = expected(PLAN)
    (story,) = [s for s in outcome["stories"] if s["text"] == case["text"]]
    assert {key: story[key] for key in ("original", "agency", "wire")} == {
        key: case[key] for key in ("original", "agency", "wire")
    }
    assert len(story["reposts"]) == case["reposts"]
    assert sum(len(e["reposts"]) for e in outcome["early"] if e["original"] == case["original"]) == case["early"]


def test_every_article_has_one_place_in_the_outcome() -> None:
    outcome = expected(PLAN)
    placed = [url for s in outcome["stories"] for url in (s["original"], *s["reposts"])]
    placed += outcome["unique"] + [d["url"] for d in outcome["digests"]]
    assert sorted(placed) == sorted(item.url for item in ITEMS if item.kind != "hostile")


def test_the_outcome_grows_with_the_day() -> None:
    dawn = expected(PLAN, 5 * 3600)
    assert dawn["stories"] == []
    assert dawn["unique"] == [item.url for item in ITEMS if item.texts == ("ceasefire-ar",)][:1]
    morning = expected(PLAN, 5 * 3600 + 1800)
    assert [s["text"] for s in morning["stories"]] == ["ceasefire-ar"]
    assert expected(PLAN, watched=False)["revisions"] == {}
    assert expected(PLAN)["revisions"]["http://barqiya.example/ar/election-ar"] == 1


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("http://barqiya.example/ar/hotline-ar", "جنيف (رويترز) - اتفقت"),
        ("http://bawaba.example/story/hotline-ar", "[جنيف - رويترز] اتفقت"),
        ("http://meridian.example/world/hotline-en", "GENEVA (Reuters) - Sorvania"),
        ("http://levant.example/fr/greve-fr", "Lirna (AFP) – Plusieurs"),
        ("http://telegraf.example/hotline-ru", "ЖЕНЕВА. /ТАСС/. Сорвания"),
    ],
)
def test_datelines(url: str, line: str) -> None:
    assert only(url).states[0].body[0].startswith(line)


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("http://nahr.example/news/hotline-ar", "رويترز"),
        ("http://qalam.example/p/protest-ar", "نقلا عن رويترز"),
        ("http://harbour.example/news/hotline-en", "(With inputs from Reuters)"),
        ("http://rivage.example/actu/greve-fr", "Avec AFP"),
        ("http://volna.example/news/hotline-ru.html", "— ТАСС"),
        ("http://obzor.example/day/hotline-ru", "Источник: ТАСС, Интерфакс"),
        ("http://gazette.example/hydrogene-fr.html", "Source : Radio Rivage"),
    ],
)
def test_credit_lines(url: str, line: str) -> None:
    assert only(url).states[0].body[-1] == line


def test_credits_in_the_author_field() -> None:
    assert only("http://kiosque.example/article/otages-fr").author == "La rédaction avec AFP et Reuters"
    assert only("http://kiosque.example/article/brume-fr").author is None


def test_cut_texts_end_in_an_ellipsis() -> None:
    body = only("http://roundup.example/items/border-en").states[0].body
    assert body[-2].endswith("…")
    assert sum(len(part.split()) for part in body[:-1]) == 110
    assert shortened("one two three", 3) == "one two three"
    assert shortened("one two three four", 3) == "one two three…"
