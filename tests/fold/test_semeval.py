"""Pairs of news pages that people called different: cookie walls, paywalls and templates among them must not fold."""

from __future__ import annotations

import gzip
import json

import pytest

from tests.fold.fold_play import NOON, TTL
from tests.running import shared
from transforms.fold.furniture import host_of
from transforms.fold.memory import Memory
from transforms.fold.shingles import fingerprint
from transforms.records import Article, Json, Origin, Source

DIFFERENT = 3.0


@pytest.fixture(scope="module")
def pairs() -> list[Json]:
    with gzip.open(shared("semeval2022", "pairs_text.jsonl.gz"), "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def _folded(pairs: list[Json]) -> Memory:
    """All pages in one memory, as of one moment."""
    memory = Memory(TTL, 1)
    for url, body in {pair[f"url{side}"]: pair[f"text{side}"] for pair in pairs for side in "12"}.items():
        article = Article(
            id=url, origin=Origin("file"), source=Source(host_of(url)), arrived=NOON, url=url, guid=None,
            title="", body=body, published=NOON,
        )  # fmt: skip
        memory.decide(article, fingerprint(body), None)
        memory.changed.clear()
    return memory


def test_different_pages_are_not_linked(pairs: list[Json], capsys: pytest.CaptureFixture[str]) -> None:
    memory = _folded(pairs)
    rated = [pair for pair in pairs if pair["lang1"] == pair["lang2"] and pair["overall"] >= DIFFERENT]
    wrong = []
    for pair in rated:
        one, other = (memory.members[pair[f"url{side}"]] for side in "12")
        if one is not other and (one.story == other.story or other.id in one.links):
            wrong.append(pair["pair_id"])
    with capsys.disabled():
        print(f"\nsemeval2022: {len(wrong)} links among {len(rated)} pairs that people rated as different")
    assert len(rated) > 600
    assert len(wrong) <= 2, wrong
