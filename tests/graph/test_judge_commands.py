"""A person corrects stories by command: in force at once, kept over runs, revisions, replay and restore, taken back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.graph.test_commands import DAY, RECORDS, WIRE, ran, record
from tests.running import answer, command, exported, outcome, write_lines
from transforms.deadletters.record import entry_input
from transforms.deadletters.store import append
from transforms.index.embedded import EmbeddedIndex
from transforms.records import DeadLetter, Entry, Origin, Source

PORTAL = record("https://portal.example/p", WIRE[:380], hour=4, source={"id": "portal", "domain": "portal.example"})
A, B, C, P = (one["url"] for one in (*RECORDS, PORTAL))


def stories(config: Path) -> dict[str, tuple[list[str], str, str | None]]:
    """By the last letter of an article's URL: who is in its story, its role and its original."""
    documents = exported(config)
    last = {key: document["url"][-1] for key, document in documents.items()}
    return {
        last[key]: ("".join(sorted(last[one] for one in members)), role, original and last[original])
        for key, (members, role, original) in outcome(documents).items()
    }


def read_again(config: Path, *records: dict[str, Any]) -> None:
    write_lines(config.parent / "in.jsonl", list(records))
    command(config, "run", "--quiet")


def scenario(config: Path) -> None:
    """All kinds of judgement, each obeyed at once and by the runs that follow."""
    assert stories(config)["b"] == ("abp", "repost", "a")
    rows = answer(config, "reposts", "--since", "2026-03-01")
    assert [(row["source"]["id"], row["copies"]["id"], row["reposts"], row["lag_s"]) for row in rows] == [
        ("blog", "wire", 1, 3600), ("portal", "wire", 1, 10_800),
    ]  # fmt: skip
    assert answer(config, "reposts", "--source", "portal.example", "--limit", "1") == rows[1:]
    (told,) = answer(config, "judge", "split", B, "--by", "Amal", "--note", "طائرة أخرى")
    # Who had it after the original, and whom the portal copies beside it, changes as well.
    assert told == {"judgement": 1, "kind": "split", "already": False, "placed": 3}
    split = {"a": ("ap", "original", "a"), "b": ("b", "unique", None), "c": ("c", "unique", None)}
    assert stories(config) == {**split, "p": ("ap", "repost", "a")}
    verdict = answer(config, "story", B)[0]["members"][0]["story"]["verdict"]
    assert (verdict["reason_code"], verdict["judgement"]) == ("person", 1)
    assert "set by Amal on 20" in verdict["text"]
    assert verdict["text"].endswith(": طائرة أخرى")
    assert "set by Amal" in command(config, "story", B).stdout

    # Runs, a revision of the article, and what comes later, obey.
    read_again(config, *RECORDS, PORTAL)
    read_again(config, {**RECORDS[1], "body": WIRE[:390], "arrived": DAY.format(1, 6)})
    late = record("https://late.example/d", WIRE, hour=8, source={"id": "late", "domain": "late.example"})
    read_again(config, late)
    assert exported_revision(config, B) == 1
    grown = {**split, "a": ("adp", "original", "a"), "p": ("adp", "repost", "a"), "d": ("adp", "repost", "a")}
    assert stories(config) == grown

    answer(config, "judge", "original", A, P, "--by", "Badr")
    assert stories(config) == {**grown, "a": ("adp", "repost", "p"), "p": ("adp", "original", "p"),
                               "d": ("adp", "repost", "p")}  # fmt: skip
    answer(config, "judge", "merge", B, answer(config, "story", C)[0]["id"], "--by", "Amal")
    merged = stories(config)
    assert (merged["b"], merged["c"]) == (("bc", "original", "b"), ("bc", "repost", "b"))
    read_again(config, *RECORDS, PORTAL, late)
    assert stories(config) == merged

    for number in (3, 2, 1):
        command(config, "judge", "undo", str(number), "--by", "Amal")
    whole = ("abdp", "repost", "a")
    assert stories(config) == {"a": ("abdp", "original", "a"), "b": whole, "c": split["c"], "d": whole, "p": whole}
    assert "person" not in json.dumps(list(exported(config).values()))
    log = answer(config, "judge", "list")
    assert [(one["number"], one["kind"], one["by"]) for one in log] == [
        (1, "split", "Amal"), (2, "original", "Badr"), (3, "merge", "Amal"),
        (4, "undo", "Amal"), (5, "undo", "Amal"), (6, "undo", "Amal"),
    ]  # fmt: skip
    assert "0 judgements in force" in command(config, "judge", "list").stdout


def exported_revision(config: Path, url: str) -> int:
    return next(one["revision"] for one in exported(config).values() if one["url"] == url)


def test_judgements_in_the_embedded_index(tmp_path: Path) -> None:
    scenario(ran(tmp_path, [*RECORDS, PORTAL]))


@pytest.mark.servers
def test_judgements_in_elasticsearch(elastic_url: str, prefix: str, tmp_path: Path) -> None:
    place = {"kind": "elasticsearch", "url": elastic_url, "prefix": prefix}
    scenario(ran(tmp_path, [*RECORDS, PORTAL], index=place))


def test_a_mistake_changes_nothing_and_says_what_to_do(tmp_path: Path) -> None:
    config = ran(tmp_path, [*RECORDS, PORTAL])
    command(config, "forget", P)
    (story,) = answer(config, "story", A)
    before = exported(config)

    def refused(said: str, *args: str) -> None:
        assert said in command(config, "judge", *args, fails=2).stderr

    refused("no article", "split", "0" * 32)
    gone = next(key for key in EmbeddedIndex(str(tmp_path / "news.db")).forgotten()[1])
    refused("was forgotten", "split", gone)
    refused("was forgotten", "merge", A, P)
    refused("alone in its story", "split", C)
    refused("are one story already", "merge", A, B)
    refused("is not in story", "original", story["id"], C)
    refused("no story or article", "original", "f" * 20, A)
    refused("there is no judgement 7", "undo", "7")
    refused("give 1 to 80", "split", B, "--by", "")
    assert exported(config) == before
    assert answer(config, "judge", "list") == []

    command(config, "judge", "split", B, "--by", "Amal")
    refused("take it back first: `judge undo 1`", "merge", A, B)
    (again,) = answer(config, "judge", "split", B, "--by", "Badr")
    assert (again["judgement"], again["already"], again["placed"]) == (1, True, 0)
    command(config, "judge", "undo", "1", "--by", "Badr")
    refused("takes one back itself", "undo", "2")
    command(config, "judge", "merge", A, C, "--by", "Amal")
    refused("take it back first: `judge undo 3`", "split", C)


def test_what_a_process_that_died_had_judged_the_next_run_obeys(tmp_path: Path) -> None:
    config = ran(tmp_path, [*RECORDS, PORTAL])
    ids = {document["url"]: key for key, document in exported(config).items()}
    index = EmbeddedIndex(str(tmp_path / "news.db"))
    told = {"kind": "split", "articles": [ids[B]], "others": [ids[A], ids[P]], "story": "", "by": "Amal"}
    index.judge({**told, "at": "2026-11-27T10:00:00Z", "note": ""})
    index.close()
    assert stories(config)["b"] == ("abp", "repost", "a")
    read_again(config, RECORDS[2])
    assert stories(config)["b"] == ("b", "unique", None)


def test_replay_backup_and_restore_keep_judgements(tmp_path: Path) -> None:
    config = ran(tmp_path, RECORDS)
    command(config, "backup", "kept.db")
    command(config, "judge", "split", B, "--by", "Amal")
    command(config, "restore", "kept.db")
    assert [one["by"] for one in answer(config, "judge", "list")] == ["Amal"]
    entry = Entry(Origin("file:x"), Source("portal"), 1_772_330_400, url=P, title="Road", body=WIRE)
    letter = DeadLetter("clean", "mended since", "entry", entry_input(entry), entry.origin, entry.arrived)
    append(str(tmp_path / "dead.jsonl"), [letter])
    assert answer(config, "replay")[0]["replayed"] == 1
    assert {key: stories(config)[key][0] for key in "abp"} == {"a": "ap", "b": "b", "p": "ap"}
