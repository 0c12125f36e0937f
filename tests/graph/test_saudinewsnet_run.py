"""Folding three weeks of real Arabic news through `files`, as recorded: recall of reposts, and no wrong links."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.running import command, configure, exported, shared, write_lines
from transforms.text import fold, words


def load() -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    with gzip.open(shared("saudinewsnet", "articles.jsonl.gz"), "rt", encoding="utf-8") as file:
        articles = [json.loads(line) for line in file]
    with gzip.open(shared("saudinewsnet", "overlap_pairs.tsv.gz"), "rt", encoding="utf-8") as file:
        head, *rows = [line.rstrip("\n").split("\t") for line in file]
    return articles, [dict(zip(head, row, strict=True)) for row in rows]


def shingles(text: str) -> set[tuple[str, ...]]:
    found = words(fold(text))
    return {tuple(found[i : i + 5]) for i in range(len(found) - 4)}


def days_apart(pair: dict[str, str]) -> float:
    from datetime import datetime

    one, other = (datetime.fromisoformat(pair[key]) for key in ("date1", "date2"))
    return abs((one - other).total_seconds()) / 86400


@pytest.mark.slow
@pytest.mark.prism
def test_reposts_are_found_and_links_are_right(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    articles, pairs = load()
    write_lines(
        tmp_path / "in.jsonl",
        [
            {"guid": str(a["id"]), "url": a["url"], "title": a["title"], "body": a["content"], "author": a["author"],
             "source": {"id": a["source"]}, "published": a["date_extracted"], "arrived": a["date_extracted"]}
            for a in articles
        ],
    )  # fmt: skip
    config = configure(tmp_path, [{"kind": "files", "path": "in.jsonl"}])
    command(config, "run", "--quiet", timeout=900)
    # Several records can be one article: the same URL crawled twice. Each record is found by its URL's document.
    documents = exported(config)
    by_guid = {d["guid"]: d for d in documents.values()}
    by_key = {(d["source"]["id"], d["title"]): d for d in documents.values()}
    placed = {
        str(a["id"]): by_guid.get(str(a["id"])) or by_key.get((a["source"], a["title"].strip())) for a in articles
    }
    found: Counter[str] = Counter()
    for pair in pairs:
        if pair["source1"] == pair["source2"] or float(pair["containment"]) < 0.6 or days_apart(pair) > 3:
            continue
        one, other = placed[pair["id1"]], placed[pair["id2"]]
        hit = one is not None and other is not None and together(one, other)
        for name in ("gold", "truncated") if float(pair["jaccard"]) < 0.3 else ("gold",):
            found[name] += 1
            found[name + " found"] += hit
    texts = {str(a["id"]): a["content"] for a in articles}
    weak = total = 0
    for document in documents.values():
        for copy in document["story"]["copied_from"]:
            other = documents[copy["id"]]
            if other["source"]["id"] != document["source"]["id"]:
                a, b = shingles(texts[document["guid"]]), shingles(texts[other["guid"]])
                total += 1
                weak += len(a & b) < 0.5 * min(len(a), len(b))
    recall = found["gold found"] / found["gold"]
    truncated = found["truncated found"] / found["truncated"]
    with capsys.disabled():
        print(f"\n{len(documents)} articles")
        print(f"gold pairs {found['gold']}: recall {recall:.4f}; truncated {found['truncated']}: {truncated:.4f}")
        print(f"cross-source links {total}, with containment below .5: {weak / total:.4f}")
    assert recall >= 0.98
    assert truncated >= 0.95
    assert weak <= 0.03 * total


def together(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """In one story, or one linked to the other."""
    links = {copy["id"] for document in (one, other) for copy in document["story"]["copied_from"]}
    return one["story"]["id"] == other["story"]["id"] or one["id"] in links or other["id"] in links
