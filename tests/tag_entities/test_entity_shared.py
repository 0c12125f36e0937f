"""Against the shared data: the founding document, and ANERcorp for Arabic names."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from transforms.tag.clitics import readings
from transforms.tag.entities import load_gazetteer
from transforms.text import fold, words

ROOT = Path(__file__).parents[2].parent / "shared"
EVAL = Path(os.environ.get("NEWS_EVAL_DATA", ROOT / "eval"))


def need(path: Path) -> Path:
    if not path.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{path} is absent, and CI has it")
        pytest.skip(f"{path} is absent; set NEWS_EVAL_DATA to the folder of evaluation data")
    return path


def test_the_founding_document() -> None:
    (path,) = need(ROOT / "seed").glob("*.txt")
    title, _, body = path.read_text(encoding="utf-8").partition("\n")
    found = {entity["name"] for entity in load_gazetteer().entities(title, body, "ar")}
    assert found >= {
        "Russia", "North Korea", "India", "China", "United States",
        "Valery Gerasimov", "Sergei Shoigu", "Vladimir Putin", "Kim Jong Un",
    }  # fmt: skip


Token = tuple[int, int, str]


def sentences(path: Path) -> list[tuple[str, list[Token]]]:
    """Text and `(start, end, tag)` of its tokens; ANERcorp has no breaks, so a full stop ends a sentence."""
    found: list[tuple[str, list[Token]]] = []
    text, tokens = "", list[Token]()
    for line in path.read_text(encoding="utf-8").splitlines():
        word, _, tag = line.strip().rpartition(" ")
        if not word:
            continue
        tokens.append((len(text), len(text) + len(word), tag))
        text += word + " "
        if word in {".", "؟", "!"}:
            found.append((text, tokens))
            text, tokens = "", []
    return [*found, (text, tokens)]


def test_arabic_names_against_anercorp() -> None:
    gazetteer = load_gazetteer()
    spans: dict[str, list[bool]] = {}
    listed = {
        " ".join(words(fold(name)))
        for e in gazetteer.data.entities.values()
        if e.type == "country"
        for name in e.names.get("ar", ())
    }
    gold = hit = 0
    for text, tokens in sentences(need(EVAL / "anercorp" / "ANERCorp.dev.txt")):
        found = [
            (span["start"], span["end"], e["type"]) for e in gazetteer.entities("", text, "ar") for span in e["spans"]
        ]
        for start, end, type_ in found:
            spans.setdefault(type_, []).append(all(tag != "O" for a, b, tag in tokens if a < end and b > start))
        for start, end in places(tokens):
            first, _, rest = " ".join(words(fold(text[start:end]))).partition(" ")
            if listed & {f"{reading} {rest}".strip() for _, reading in readings(first)}:
                gold += 1
                hit += any(a < end and b > start for a, b, _ in found)
    inside = {type_: sum(marks) / len(marks) for type_, marks in spans.items()}
    print({type_: (len(spans[type_]), round(share, 4)) for type_, share in inside.items()}, "recall", hit, "of", gold)
    assert inside["country"] >= 0.97
    assert inside["city"] >= 0.95
    assert inside["person"] >= 0.95
    assert inside["organisation"] >= 0.9
    assert hit / gold >= 0.99


def places(tokens: list[Token]) -> list[tuple[int, int]]:
    marks = "".join({"B-LOC": "B", "I-LOC": "I"}.get(tag, "-") for _, _, tag in tokens)
    return [(tokens[m.start()][0], tokens[m.end() - 1][1]) for m in re.finditer("BI*", marks)]
