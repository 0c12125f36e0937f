"""Each pinned figure keeps to its floor, and each figure is pinned. A set is measured once in a session."""

from __future__ import annotations

import os

import pytest

from tests.eval import floors
from tests.eval.model import Measured
from tests.eval.sets import SETS, measured
from transforms.errors import MissingPart

PINNED = floors.load()


def at_hand(name: str) -> Measured:
    """The set, measured; skips where its data is absent, but never in CI."""
    try:
        return measured(name)
    except MissingPart as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{error}; CI has it")
        pytest.skip(str(error))


@pytest.mark.parametrize("key", PINNED)
def test_figure_keeps_to_its_floor(key: str) -> None:
    name = key.partition(".")[0]
    assert name in SETS, f"{key}: no set {name!r}; take the line out of floors.yaml"
    figures = [figure for figure in at_hand(name).figures if figure.key == key]
    assert figures, f"{key} is pinned in floors.yaml, and no longer measured"
    told = floors.broken(figures, PINNED)
    assert not told, str(told[0])


@pytest.mark.parametrize("name", SETS)
def test_every_figure_is_pinned(name: str) -> None:
    keys = [figure.key for figure in at_hand(name).figures]
    assert len(set(keys)) == len(keys)
    missing = [key for key in keys if key not in PINNED]
    assert not missing, f"not pinned: {', '.join(missing)}. To pin them: make eval SET={name} RAISE=1"
