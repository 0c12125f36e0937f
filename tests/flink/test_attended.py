"""What a job keeps running in a process ends when no bundle comes by any more."""

from __future__ import annotations

import time
from collections.abc import Callable

from transforms import attended
from transforms.attended import Attended, when
from transforms.index.interface import IndexAway


def eventually(holds: Callable[[], bool], seconds: float = 10.0) -> bool:
    until = time.monotonic() + seconds
    while not holds() and time.monotonic() < until:
        time.sleep(0.02)
    return holds()


def test_what_nobody_comes_for_ends_and_is_made_anew() -> None:
    ended: list[str] = []
    held: Attended[str] = Attended(ended.append)
    assert held.get("job", lambda: "first", 0.1) == "first"
    assert eventually(lambda: ended == ["first"])
    assert held.found("job") is None
    assert held.get("job", lambda: "second", 60) == "second"


def test_what_is_come_for_stays() -> None:
    ended: list[str] = []
    held: Attended[str] = Attended(ended.append)
    until = time.monotonic() + 3 * attended.LOOK_S
    while time.monotonic() < until:
        assert held.get("job", lambda: "kept", attended.LOOK_S) == "kept"
        time.sleep(0.1)
    assert not ended


def test_without_a_time_it_stays_for_ever() -> None:
    ended: list[str] = []
    held: Attended[str] = Attended(ended.append)
    held.get("here", lambda: "kept")
    held.get("there", lambda: "left", 0.1)
    assert eventually(lambda: ended == ["left"])
    assert held.found("here") == "kept"


def test_an_end_that_fails_ends_no_other() -> None:
    ended: list[str] = []

    def end(value: str) -> None:
        if value == "bad":
            raise RuntimeError("cannot end")
        ended.append(value)

    held: Attended[str] = Attended(end)
    for name in ("bad", "good"):
        held.get(name, lambda name=name: name, 0.1)  # type: ignore[misc]
    assert eventually(lambda: ended == ["good"])


def test_a_stop_is_heard_once_also_after_the_index_was_away() -> None:
    answers, done = iter([False, IndexAway("away"), True]), []

    def asked() -> bool:
        answer = next(answers)
        if isinstance(answer, IndexAway):
            raise answer
        return answer

    when(asked, lambda: done.append(1), every_s=0.01)
    assert eventually(lambda: done == [1])
