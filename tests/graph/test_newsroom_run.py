"""The sample newsroom through the whole graph: streamed on Prism, in bounded runs without it, and read once."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.newsroom import expected
from tests.running import ROOT, answer, command, configure, exported

NOWHERE = {"NEWS_PRISM": "", "XDG_CACHE_HOME": "/nonexistent", "HOME": "/nonexistent"}


def without_prism(tmp_path: Path) -> dict[str, str]:
    """An environment in which no Prism can be found or built."""
    bare = tmp_path / "bin"
    bare.mkdir()
    for name in ("env", "sh"):
        (bare / name).symlink_to(shutil.which(name) or "/bin/sh")
    return {**NOWHERE, "PATH": str(bare)}


def newsroom(tmp_path: Path, day: str = "60s", **more: Any) -> Path:
    """A day in which even the text that stands for the shortest time (two hours) outlasts two polls."""
    config = configure(
        tmp_path,
        [{"kind": "newsroom", "day": day}],
        alerts={
            "rules": str(ROOT / "pipeline" / "newsroom" / "rules.yaml"),
            "channels": {"file": {"kind": "jsonl", "path": "alerts.jsonl"}},
        },
        **more,
    )
    return config


def compare(config: Path, plan: dict[str, Any]) -> None:
    documents = {document["url"]: document for document in exported(config).values() if document["url"]}
    wrong = [*placements(documents, plan), *details(documents, plan)]
    assert not wrong, "\n".join(map(str, wrong))


def placements(documents: dict[str, Any], plan: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """What is not in the story that it should be in."""
    ids = {document["id"]: url for url, document in documents.items()}
    for story in plan["stories"]:
        first = documents[story["original"]]["story"]
        if first["role"] != "original":
            yield story["original"], "is", first
        for url in story["reposts"]:
            placed = documents[url]["story"]
            if (placed["role"], ids.get(placed["original_id"] or "")) != ("repost", story["original"]):
                yield url, "is", placed["role"], "of", ids.get(placed["original_id"] or "")
            if placed["id"] != first["id"]:
                yield url, "is in another story"
    for url in plan["unique"]:
        if documents[url]["story"]["role"] != "unique":
            yield url, "is", documents[url]["story"]["role"]
    for digest in plan["digests"]:
        linked = {ids.get(copy["id"]) for copy in documents[digest["url"]]["story"]["copied_from"]}
        if not set(digest["originals"]) <= linked:
            yield digest["url"], "links to", linked


def details(documents: dict[str, Any], plan: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """What credit, revision or sighting is not as planned."""
    for url, slugs in plan["wire"].items():
        if sorted(documents[url]["wire"]["agencies"]) != slugs:
            yield url, "credits", documents[url]["wire"]["agencies"], "not", slugs
    for url, count in plan["revisions"].items():
        if documents[url]["revision"] != count:
            yield url, "has revision", documents[url]["revision"], "not", count
    for twice in plan["same_url"]:
        if {source["id"] for source in documents[twice["url"]]["sources"]} != set(twice["feeds"]):
            yield twice["url"], "was seen at", documents[twice["url"]]["sources"]


def alerted_once(config: Path) -> None:
    alerts = answer(config, "alerts", "--limit", "1000")
    assert alerts
    pairs = [(alert["rule"], alert["story_id"]) for alert in alerts]
    assert len(pairs) == len(set(pairs))
    delivered = [json.loads(line) for line in (config.parent / "alerts.jsonl").read_text("utf-8").splitlines()]
    assert sorted(alert["id"] for alert in delivered) == sorted(alert["id"] for alert in alerts)


@pytest.mark.prism
def test_a_day_streams_through_prism_and_every_wire_is_folded(tmp_path: Path) -> None:
    config = newsroom(tmp_path)
    said = command(config, "run").stderr
    assert "Runner: PrismRunner, streaming" in said
    compare(config, expected())
    alerted_once(config)


def test_a_day_in_bounded_runs_without_prism_folds_the_same(tmp_path: Path) -> None:
    config = newsroom(tmp_path)
    said = command(config, "run", env=without_prism(tmp_path)).stderr
    assert "Runner: FnApiRunner" in said
    compare(config, expected())
    alerted_once(config)


@pytest.mark.prism
def test_read_once_it_folds_what_is_there(tmp_path: Path) -> None:
    config = newsroom(tmp_path)
    said = command(config, "run", "--once").stderr
    assert "Runner: PrismRunner, a bounded run" in said
    documents = exported(config)
    reposts = [document for document in documents.values() if document["story"]["role"] == "repost"]
    assert len(reposts) > 50
    # What a second start reads is known, and changes nothing.
    command(config, "run", "--once")
    assert {i: d["story"] for i, d in exported(config).items()} == {i: d["story"] for i, d in documents.items()}


def test_streaming_without_prism_says_what_to_do(tmp_path: Path) -> None:
    config = configure(tmp_path, [{"kind": "rss", "url": "http://127.0.0.1:9/feed.xml"}])
    failed = command(config, "run", env=without_prism(tmp_path), fails=3)
    assert "needs Prism" in failed.stderr
    assert "--bounded-loop" in failed.stderr
