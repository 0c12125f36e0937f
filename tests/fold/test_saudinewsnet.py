"""Folding 14,524 real Arabic articles: any order gives the same stories, and links far apart were read by a person. The
figures are measured in tests/eval."""

from __future__ import annotations

import csv
import random
from collections import Counter
from pathlib import Path

import pytest

from tests.eval import saudinewsnet
from tests.fold.fold_play import Outcome
from tests.running import shared
from transforms.fold.memory import Memory


def _outcome(memory: Memory) -> Outcome:
    out: Outcome = {}
    for story in memory.stories.values():
        ids = [member.id for member in story.group.members]
        for name in ids:
            role = "unique" if len(ids) == 1 else "original" if name == ids[0] else "repost"
            out[name] = (frozenset(ids), role, None if len(ids) == 1 else ids[0])
    return out


@pytest.mark.slow
def test_any_order_gives_the_same_stories() -> None:
    shared("saudinewsnet")
    order = list(saudinewsnet.corpus().articles)
    random.Random(1).shuffle(order)
    assert len(order) > 14_000
    assert _outcome(saudinewsnet.corpus().folded(order)) == _outcome(saudinewsnet.folding().memory)


@pytest.mark.slow
def test_links_that_share_little_were_read_and_judged() -> None:
    shared("saudinewsnet")
    with (Path(__file__).parent / "judged_links.tsv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    judged = {frozenset((row["id"], row["other"])): row["judgement"] for row in rows}
    far = {frozenset(link["ids"]) for link in saudinewsnet.measure().listed["links_far"]}
    assert far - judged.keys() == set(), "read these, and say in the table what they are"
    assert Counter(judged.values())["unrelated"] == 0
