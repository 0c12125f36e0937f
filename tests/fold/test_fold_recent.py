"""How old the oldest of what was decided lately is."""

from __future__ import annotations

import random

import pytest

from transforms.fold.recent import SLICES, Recent


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_nothing_was_noted() -> None:
    assert Recent(60).lowest(7) == 7


def test_the_lowest_counts_until_its_time_is_over() -> None:
    clock = Clock()
    recent = Recent(60, clock)
    for now, value in ((0, 5), (30, 9), (59, 8)):
        clock.now = now
        recent.note(value)
    assert (recent.lowest(100), recent.lowest(4)) == (5, 4)
    clock.now = 66
    assert recent.lowest(100) == 8
    clock.now = 130
    assert recent.lowest(100) == 100


def test_without_a_span_nothing_is_kept() -> None:
    recent = Recent(0)
    recent.note(5)
    assert recent.lowest(100) == 100


@pytest.mark.parametrize("seed", range(20))
def test_nothing_is_dropped_early_and_little_is_kept(seed: int) -> None:
    dice, clock = random.Random(seed), Clock()
    recent, noted = Recent(60, clock), []
    for _ in range(300):
        clock.now += dice.expovariate(1)
        noted.append((clock.now, dice.randrange(1000)))
        recent.note(noted[-1][1])
        told = recent.lowest(1000)
        assert told <= min(value for at, value in noted if clock.now - at <= 60)
        assert told >= min(value for at, value in noted if clock.now - at <= 60 * (1 + 2 / SLICES))
        assert len(recent._slices) <= SLICES + 3
