"""The dead-letter file: each letter once, no secret, no loss."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from transforms.clean.article import clean
from transforms.deadletters.again import again
from transforms.deadletters.record import as_bytes, entry_input
from transforms.deadletters.redact import redact
from transforms.deadletters.store import (
    ReplayRunning,
    abandon_replay,
    append,
    finish_replay,
    read,
    take_for_replay,
)
from transforms.files.entry import entry_of_line
from transforms.records import DeadLetter, Entry, Origin, Source

REDACT = yaml.safe_load((Path(__file__).parent / "cases" / "redact.yaml").read_text("utf-8"))
SPAWN = multiprocessing.get_context("spawn")


def letter(n: int = 0, **changes: Any) -> DeadLetter:
    base = DeadLetter("clean", "no text", "entry", {"n": n, "title": "Пакт"}, Origin("feed:x", 2, n), 1_700_000_000)
    return replace(base, **changes)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "letters" / "dead.jsonl"


def numbers(path: Path) -> list[int]:
    return [stored.letter.input["n"] for stored in read(path)]


def test_round_trip(path: Path) -> None:
    assert append(path, [letter(1), letter(2)]) == 2
    assert [stored.letter for stored in read(path)] == [letter(1), letter(2)]
    assert path.stat().st_mode & 0o077 == 0


def test_same_stage_and_input_is_added_once(path: Path) -> None:
    assert append(path, [letter(1), letter(1, reason="another", arrived=5)]) == 1
    assert append(path, [letter(1)]) == 0
    assert append(path, [letter(1, stage="tag")]) == 1
    assert len({stored.id for stored in read(path)}) == 2


def test_an_entry_refused_at_every_start_is_one_letter(path: Path) -> None:
    """Its input says when and in which poll it was read, which each start says anew."""
    for start in range(3):
        entry = Entry(Origin("feed:x", 1_700_000_000_000 + start, start), Source("x"), 1_700_000_000 + start, guid="1")
        dead = clean(entry)
        assert isinstance(dead, DeadLetter)
        assert append(path, [dead]) == (start == 0)
    (stored,) = read(path)
    assert (stored.letter.input["arrived"], stored.letter.input["origin"]["seq"]) == (1_700_000_000, 0)
    assert append(path, [replace(dead, input={**dead.input, "guid": "2"})]) == 1


def test_absent_file_holds_nothing(path: Path) -> None:
    assert list(read(path)) == []
    assert append(path, []) == 0
    assert list(take_for_replay(path)) == []


def test_bytes_are_base64(path: Path) -> None:
    append(path, [letter(input={"n": 1, "line": b"\xff\x00"})])
    held = next(read(path)).letter.input["line"]
    assert held == {"base64": "/wA="}
    assert as_bytes(held) == b"\xff\x00"
    assert as_bytes("é") == "é".encode()


def test_lone_surrogates_and_controls_survive_and_are_inert(path: Path) -> None:
    append(path, [letter(input={"n": 1, "title": "\ud800\x1b[2J\n"}, reason="a\x1b[2Jb\n")])
    assert next(read(path)).letter.input["title"] == "\ud800\x1b[2J\n"
    raw = path.read_bytes()
    assert b"\x1b" not in raw
    assert raw.count(b"\n") == 1


@pytest.mark.parametrize("case", REDACT, ids=lambda case: case["name"])
def test_secrets_are_taken_out(case: dict[str, Any], path: Path) -> None:
    kind = case.get("kind", "entry")
    append(path, [letter(input=case["input"], input_kind=kind)], secrets=case.get("secrets", ()))
    assert next(read(path)).letter.input == case["kept"]


def test_reason_and_bytes_hold_no_secret(path: Path) -> None:
    reason = "GET https://u:pw@a.example/?token=abcd failed; Authorization: Bearer zzzz"
    append(path, [letter(reason=reason, input={"n": 1, "line": b"x hush-hush y"})], secrets=["hush-hush"])
    stored = next(read(path)).letter
    assert not any(word in path.read_text() for word in ("pw@", "abcd", "zzzz"))
    assert b"hush-hush" not in as_bytes(stored.input["line"])


def test_redacting_changes_nothing_in_place() -> None:
    value = {"a": ["https://u:p@a.example"]}
    redact(value)
    assert value == {"a": ["https://u:p@a.example"]}


def test_a_line_cut_short_costs_only_itself(path: Path) -> None:
    append(path, [letter(1)])
    with path.open("ab") as file:
        file.write(b'{"id":"00')
    assert append(path, [letter(2)]) == 1
    assert numbers(path) == [1, 2]


def test_letters_added_by_others_are_known(path: Path) -> None:
    append(path, [letter(1)])
    worker = SPAWN.Process(target=append, args=(path, [letter(2)]))
    worker.start()
    worker.join()
    assert append(path, [letter(2), letter(3)]) == 1
    assert numbers(path) == [1, 2, 3]


def add_many(path: Path, start: int) -> None:
    for n in range(start, start + 40):
        append(path, [letter(n)])


def test_several_processes_and_threads_add_each_once(path: Path) -> None:
    workers: list[Any] = [SPAWN.Process(target=add_many, args=(path, start)) for start in (0, 20)]
    workers += [threading.Thread(target=add_many, args=(path, start)) for start in (10, 30)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    lines = [json.loads(line)["input"]["n"] for line in path.read_bytes().splitlines()]
    assert sorted(lines) == list(range(70))


def test_replay_feeds_each_once_and_keeps_what_fails_again(path: Path) -> None:
    append(path, [letter(n) for n in range(5)])
    replay = take_for_replay(path)
    fed = list(replay)
    assert [item.letter.input["n"] for item in fed] == [0, 1, 2, 3, 4]
    append(path, [fed[3].letter])
    finish_replay(replay)
    assert numbers(path) == [3]
    assert not list(path.parent.glob("*.replay-*"))


def test_a_letter_that_was_replayed_may_come_again(path: Path) -> None:
    append(path, [letter(1)])
    finish_replay(take_for_replay(path))
    assert append(path, [letter(1)]) == 1
    assert numbers(path) == [1]


def test_letters_during_a_replay_are_not_lost(path: Path) -> None:
    append(path, [letter(1)])
    replay = take_for_replay(path)
    append(path, [letter(2)])
    assert numbers(path) == [1, 2]
    finish_replay(replay)
    assert numbers(path) == [2]


def test_only_one_replay_at_a_time(path: Path) -> None:
    append(path, [letter(1)])
    replay = take_for_replay(path)
    with pytest.raises(ReplayRunning):
        take_for_replay(path)
    abandon_replay(replay)
    assert len(list(take_for_replay(path))) == 1


def die_in_replay(path: Path) -> None:
    fed = iter(take_for_replay(path))
    append(path, [next(fed).letter])
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_crash_in_mid_replay_loses_nothing(path: Path) -> None:
    append(path, [letter(n) for n in range(3)])
    for _ in range(2):
        worker = SPAWN.Process(target=die_in_replay, args=(path,))
        worker.start()
        worker.join()
        assert worker.exitcode == -signal.SIGKILL
    append(path, [letter(9)])
    replay = take_for_replay(path)
    assert [item.letter.input["n"] for item in replay] == [0, 1, 2, 9]
    finish_replay(replay)
    assert numbers(path) == []


def test_damaged_lines_are_kept_beside(path: Path) -> None:
    append(path, [letter(1)])
    with path.open("ab") as file:
        file.write(b'not json\n{"id":"x"}\n[]\n')
    replay = take_for_replay(path)
    assert len(list(replay)) == 1
    assert finish_replay(replay) == 3
    assert path.with_name("dead.jsonl.damaged").read_bytes() == b'not json\n{"id":"x"}\n[]\n'


def test_full_disk_is_said_and_leaves_no_half_line(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append(path, [letter(1)])
    before, write = path.read_bytes(), os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[:10]))
    with pytest.raises(OSError, match="part"):
        append(path, [letter(2)])
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert append(path, [letter(2)]) == 1


ENTRY = Entry(
    Origin("feed:x", 3, 4),
    Source("x", "X", "x.example", "afp"),
    5,
    url="https://x.example/1",
    title="T",
    extra={"a": [1]},
)


def test_an_entry_comes_back_from_its_letter(path: Path) -> None:
    append(path, [letter(input=entry_input(ENTRY))])
    assert again(next(read(path)).letter) == [ENTRY]


def test_an_item_without_origin_takes_the_letters(path: Path) -> None:
    held = {"url": "https://x.example/1", "title": "T", "source": {"id": "x", "name": "X", "domain": ""}, "unknown": 1}
    (entry,) = again(letter(4, input=held))
    assert isinstance(entry, Entry)
    assert (entry.origin, entry.arrived, entry.source.id) == (Origin("feed:x", 2, 4), 1_700_000_000, "x")


@pytest.mark.parametrize("changes", [
    {"input": {"title": "T", "source": {"id": "x"}}},
    {"input": {"url": "https://x.example", "source": {"id": "x"}}},
    {"input": {"url": "https://x.example", "title": "T"}},
    {"input": {"url": "https://x.example", "title": "T", "source": {"idd": "x"}}},
    {"input_kind": "poll"},
    {"input_kind": "line", "input": {}},
    {"input_kind": "line", "input": {"line": {"base64": "?"}, "source": {"id": ""}}},
    {"input_kind": "line", "input": {"line": "{", "truncated": True, "source": {"id": ""}}},
])  # fmt: skip
def test_what_is_no_entry_stays_a_letter(changes: dict[str, Any]) -> None:
    dead = letter(**changes)
    assert again(dead) == [dead]


def test_a_line_fails_again_under_the_same_id(path: Path) -> None:
    dead = entry_of_line(b'{"url": "https://x.example"}', Source("s"), "file:a", 3, 7, number=4, path="a")
    assert isinstance(dead, DeadLetter)
    append(path, [dead])
    replay = take_for_replay(path)
    repeated = [found for item in replay for found in again(item.letter)]
    assert repeated == [dead]


def test_a_mended_line_is_read(path: Path) -> None:
    dead = entry_of_line(b'{"url": "https://x.example"}', Source("s", agency="afp"), "file:a", 3, 7)
    assert isinstance(dead, DeadLetter)
    (entry,) = again(replace(dead, input={**dead.input, "line": '{"url": "https://x.example", "body": "b"}'}))
    assert isinstance(entry, Entry)
    assert (entry.arrived, entry.origin, entry.source.agency) == (7, Origin("file:a", 0, 3), "afp")
