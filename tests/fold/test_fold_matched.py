"""Matched passages: the very characters, in any script, that both texts have; and how a person sees them."""

from __future__ import annotations

import random

import pytest

from tests.fold.fold_families import worded
from tests.fold.fold_play import text
from transforms.fold import shingles
from transforms.fold.matched import excerpt, passages
from transforms.text import fold

WIRE = "The ferry between Orlan and Tesk was cancelled because of the ice, and forty people waited."

ARABIC = "قال المتحدث إنّ العَبّارة بين أورلان وتيسك أُلغيت بسبب الجليد، وانتظر أربعون شخصا."


@pytest.mark.parametrize(
    ("own", "other", "found"),
    [
        (f"Ahoy! {WIRE} More later.", WIRE.upper(), [WIRE[:-1]]),
        (WIRE, "Nothing of it is here, whatever one may think of ferries and ice.", []),
        ("Yes: the ferry between Orlan and Tesk – and then, it is said, of the ice, and forty people left.", WIRE,
         ["the ferry between Orlan and Tesk", "of the ice, and forty people"]),
        (ARABIC, fold(ARABIC)[10:], [ARABIC[12:-1]]),
        ("渡轮今天因为冰而停航。", "据说渡轮今天因为冰而停航了", ["渡轮今天因为冰而停航"]),
        ("Ferry cancelled", "FERRY, cancelled!", ["Ferry cancelled"]),
        ("Ferry cancelled", WIRE, []),
        ("", WIRE, []),
    ],
)  # fmt: skip
def test_the_spans_hold_what_both_texts_have(own: str, other: str, found: list[str]) -> None:
    assert [own[start:end] for start, end in passages(own, other)] == found


@pytest.mark.parametrize("seed", range(5))
def test_the_spans_are_those_that_folding_compares(seed: int) -> None:
    """Each word of a passage is in a shared shingle, and no shared shingle lies outside; so says the fingerprint."""
    bodies = [one.body for one in worded(seed, 40) if len(one.body.split()) >= shingles.LEAST_WORDS]
    met = 0
    width = shingles.WIDTH
    for own, other in random.Random(seed).sample([(a, b) for a in bodies for b in bodies if a is not b], 200):
        found, theirs = own.split(), set(shingles.fingerprint(other).tolist())
        windows = [found[at : at + width] for at in range(max(1, len(found) - width + 1))]
        held = [int(shingles.fingerprint(" ".join(window))[0]) in theirs for window in windows]
        inside = {at + n for at, one in enumerate(held) if one for n in range(len(windows[at]))}
        taken = [word for start, end in passages(own, other) for word in own[start:end].split()]
        assert taken == [word for at, word in enumerate(found) if at in inside]
        met += bool(taken)
    assert met > 10


def test_an_excerpt_shows_the_passage_in_marks_and_long_ones_without_their_middle() -> None:
    own = text(["portal1", "quay1-6"])
    ((start, end),) = passages(own, text(["quay1-6"]))
    shown = excerpt(own, start, end)
    before, passage = shown.removeprefix("…").removesuffix("⟧.").split("⟦")
    first, last = passage.split(" … ")
    assert own[:start].endswith(f" {before}")
    assert own[start:].startswith(f"{first} ")
    assert own[:end].endswith(f" {last}")
    assert 100 < len(shown) < 150
    assert excerpt("a b c", 2, 3) == "a ⟦b⟧ c"
