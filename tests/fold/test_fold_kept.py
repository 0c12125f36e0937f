"""A memory is one attempt's at a time, and only with the token of its state."""

from __future__ import annotations

from dataclasses import dataclass

from transforms.fold.kept import Kept


@dataclass
class Memory:
    token: bytes
    name: str


def test_two_attempts_never_have_the_same_memory() -> None:
    kept: Kept[Memory] = Kept()
    kept.give("job", "all", Memory(b"1", "a"))
    first = kept.take("job", "all", b"1")
    assert first is not None
    assert kept.take("job", "all", b"1") is None


def test_a_restored_state_does_not_get_what_ran_ahead_of_it() -> None:
    kept: Kept[Memory] = Kept()
    ahead = Memory(b"2", "ahead")
    kept.give("job", "all", ahead)
    assert kept.take("job", "all", b"1") is None
    assert kept.take("job", "all", b"2") is ahead


def test_what_a_former_job_of_the_process_knew_is_let_go() -> None:
    kept: Kept[Memory] = Kept()
    kept.give("former", "all", Memory(b"1", "a"))
    kept.give("former", "shard-0", Memory(b"1", "a"))
    kept.give("now", "all", Memory(b"3", "b"))
    assert set(kept) == {("now", "all")}
