"""Folding is tried with every story put away between two decisions, which is where a memory could go wrong; what is
large is tried as it runs."""

from __future__ import annotations

import pytest

from transforms.fold import memory


@pytest.fixture(autouse=True)
def nothing_stays_an_object(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.node.get_closest_marker("slow") is None:
        monkeypatch.setattr(memory, "HOT", 0)
