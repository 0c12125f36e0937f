"""Folding 14,524 real Arabic articles in any order gives the same stories. Its figures are measured in tests/eval."""

from __future__ import annotations

import random

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
