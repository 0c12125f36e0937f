"""The data of furniture and links: what is checked on load, and that no line of a text can be costly."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml

from transforms.clean.data import DATA, Strict, load
from transforms.clean.furniture import strip_furniture
from transforms.clean.phrases import _compiled, phrases
from transforms.errors import DataError


class _Model(Strict):
    names: tuple[str, ...]


@pytest.mark.parametrize(
    ("text", "key", "problem"),
    [
        ("names: [a, 5]", "names.1", "string"),
        ("nmaes: [a]", "names", "required"),
        ("names: [a]\nmore: 1", "more", "not permitted"),
        ("names: [a", "line 1", "expected ',' or ']'"),
        ("names: [on]", "names.0", "string"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, key: str, problem: str) -> None:
    path = tmp_path / "names.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load(path, _Model)
    assert (caught.value.file, caught.value.key) == ("names.yaml", key)
    assert problem in caught.value.problem


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file; restore"):
        load(tmp_path / "none.yaml", _Model)


@pytest.mark.parametrize("text", ["{any} min read", "read {nn}", "...", "{date}"])
def test_a_phrase_that_cannot_be_looked_up_is_refused(text: str) -> None:
    with pytest.raises(DataError, match=r"furniture.yaml: languages\.en\.line\.0"):
        _compiled(text, "languages.en.line.0")


def test_every_phrase_matches_itself() -> None:
    content = yaml.safe_load((DATA / "furniture.yaml").read_text(encoding="utf-8"))
    assert set(content["languages"]) == {"ar", "en", "fr", "ru", "es", "de"}
    shown = {"{n}": "3", "{any}": "Harbour News", "{date}": "5 May 2026"}
    tried = 0
    for kinds in content["languages"].values():
        for kind, texts in kinds.items():
            for text in texts:
                line = text
                for slot, example in shown.items():
                    line = line.replace(slot, example)
                if kind in {"colon", "photo"}:
                    line += ": something"
                if kind not in {"trim", "end"}:
                    assert phrases().match(line) is not None, (kind, line)
                    # "ß" has no capital that all use.
                    shouted = line if "ß" in line else line.upper()
                    assert phrases().match(f"* {shouted} »") is not None, (kind, line)
                    tried += 1
    assert tried > 700


CREDITS = [
    "(Reuters)",
    "فرانس24/ رويترز",
    "avec AFP",
    "— TASS",
    "(أ ف ب)",
    "واس",
    "Source: Reuters",
    "المصدر: وكالات",
    "ТАСС",
]
CREDITS += ["© AFP", "© 2026 AFP", "Copyright 2026 Reuters", "وكالات - متابعات", "REUTERS, AFP"]


@pytest.mark.parametrize("credit", CREDITS)
@pytest.mark.parametrize("after", ["", "\n\nShare this article\n\nLeave a comment", "\n\n© 2026 Harbour News"])
def test_credit_lines_stay(credit: str, after: str) -> None:
    story = (
        "The harbour office said on Thursday that the new ferry will sail in spring, and that tickets will be cheap."
    )
    assert strip_furniture(f"{story}\n\n{credit}{after}", "Ferry") == f"{story}\n\n{credit}"
    if after:
        hidden = strip_furniture(f"{story}{after}\n\n{credit}", "Ferry")
        assert hidden == f"{story}\n\n{credit}"


COSTLY = ["Comments", "More from x", "Leave a comment", "Photo: x", "5 May 2026", "a", "·", "Home > x", "Related ... "]
COSTLY += ["Related:\n- a", "Related:\nA title\nAnother", "Like this: Like Loading... X", "5 May / 6 May"]


@pytest.mark.parametrize("line", COSTLY)
def test_cost_is_linear(line: str) -> None:
    story = "The harbour office said on Thursday that the new ferry will sail in spring.\n"
    start = time.process_time()
    strip_furniture(story + f"{line}\n" * 20_000 + story, "Ferry")
    strip_furniture(story + f"{line} · " * 20_000 + story, "Ferry")
    assert time.process_time() - start < 3


STORY = """The harbour office said on Thursday that the new ferry will sail in spring, and that tickets will be cheap.

Its captain, who has crossed the bay four thousand times, said the engine was loud but the view was still the best."""
ROWS = ["Share this article Facebook X Email", "Like this: Like Loading...", "Print | Email this story | Text size"]
ROWS += [
    "Published: 5 May 2026 / 3 min read",
    "Share this: Facebook · Send to a friend",
    "Поделиться новостью ВКонтакте Telegram",
]
STAY = [
    "Home news",
    "5 May / 6 May",
    "Share prices | Ferry",
    "Print the tickets | Email this story",
    "Like Loading the ferry",
]


@pytest.mark.parametrize("line", ROWS)
def test_rows_of_buttons_go(line: str) -> None:
    assert strip_furniture(f"{STORY}\n\n{line}\n\n{STORY[::-1]}", "Ferry") == f"{STORY}\n\n{STORY[::-1]}"


@pytest.mark.parametrize("line", STAY)
def test_lines_that_only_hold_words_of_buttons_stay(line: str) -> None:
    assert strip_furniture(f"{STORY}\n\n{line}\n\n{STORY}", "Ferry") == f"{STORY}\n\n{line}\n\n{STORY}"


@pytest.mark.parametrize(
    ("lines", "left"),
    [
        ("Read also:\nA boat was found\nShare", ""),
        ("Read also:\nA boat was found\nWho lost a boat?\n(Reuters)\nShare", "(Reuters)"),
        ("Read also\nA boat was found\nA boat was lost\nPrint", ""),
        ("Read also:\n- A boat was found\n- A boat was lost\nThe boat was blue.", "The boat was blue."),
        ("Read also:\nA boat was found\nThe boat was blue.", "The boat was blue."),
        ("Read also\nA boat was found\nThe boat was blue.", "A boat was found\nThe boat was blue."),
        ("Read also:\nA boat was found.\nShare", "A boat was found."),
        ("Read also:\n- A boat was found.\nShare", "- A boat was found."),
    ],
)
def test_what_a_heading_of_links_takes_along(lines: str, left: str) -> None:
    after = (
        "The captain's wife, who owns the other half of the ferry, said that nobody had asked her about any of this."
    )
    expected = "\n".join(filter(None, (STORY, left, after)))
    assert strip_furniture(f"{STORY}\n{lines}\n{after}", "Ferry") == expected


def test_links_go_by_their_markup() -> None:
    body = f"{STORY}\n\nRead also\nA boat was found.\nThe boat was blue."
    assert strip_furniture(body, "Ferry", {"A boat was found."}) == f"{STORY}\n\nThe boat was blue."
    assert strip_furniture(body, "Ferry", set(body.split("\n"))).endswith("A boat was found.\nThe boat was blue.")
