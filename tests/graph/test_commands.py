"""The commands as a person uses them, on files of invented articles."""

from __future__ import annotations

import gzip
import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.config import read
from pipeline.lock import only_writer
from tests.graph.test_config_servers import elastic, kafka
from tests.running import answer, command, configure, environment, exported, outcome, write_lines
from transforms.deadletters.record import entry_input
from transforms.deadletters.store import append
from transforms.records import DeadLetter, Entry, Origin, Source

WIRE = (
    "The ministers of Ardelia and Belmark agreed on Tuesday to reopen the mountain road that has been closed "
    "since the spring floods, and to share the cost of two new bridges. A joint commission will meet every month "
    "in the border town of Lerna, and its first report is due before the winter. Engineers from both countries "
    "have already measured the slopes above the river, where a landslide carried away the old customs house. The "
    "road is the shortest way from the vineyards of the south to the port, and its loss has cost growers a third "
    "of their season."
)
OTHER = (
    "The city orchestra of Sorvan will give its spring concert in the old tram depot, since the roof of the "
    "concert hall is being mended. Tickets that were bought for the hall stay valid, and the conductor promised "
    "that the trams would be silent for two hours. The programme has three dances, a song for children and a long "
    "piece for eleven clarinets."
)
DAY = "2026-03-0{}T0{}:00:00Z"


def record(url: str, body: str, day: int = 1, hour: int = 1, **more: Any) -> dict[str, Any]:
    moment = DAY.format(day, hour)
    return {"url": url, "title": f"News from {url[-1]}", "body": body, "published": moment, "arrived": moment, **more}


RECORDS = [
    record("https://wire.example/a", WIRE, source={"id": "wire", "domain": "wire.example"}),
    record("https://blog.example/b", WIRE[:400], hour=2, source={"id": "blog", "domain": "blog.example"}),
    record("https://blog.example/c", OTHER, hour=3, source={"id": "blog", "domain": "blog.example"}),
]


def ran(tmp_path: Path, records: list[dict[str, Any]] | None = None, **more: Any) -> Path:
    write_lines(tmp_path / "in.jsonl", RECORDS if records is None else records)
    config = configure(tmp_path, [{"kind": "files", "path": "in.jsonl"}], **more)
    command(config, "run", "--quiet")
    return config


def by_url(config: Path) -> dict[str, Any]:
    return {document["url"]: document for document in exported(config).values()}


def test_a_repost_is_folded_and_every_command_tells_of_it(tmp_path: Path) -> None:
    config = ran(tmp_path)
    documents = by_url(config)
    wire, repost = documents["https://wire.example/a"], documents["https://blog.example/b"]
    assert (wire["story"]["role"], repost["story"]["role"]) == ("original", "repost")
    assert repost["story"]["copied_from"][0]["lag_s"] == 3600
    assert wire["first_seen"] == DAY.format(1, 1)
    assert [s["reposts"] for s in answer(config, "stories")] == [0, 1]
    assert {a["url"] for a in answer(config, "search", "bridges")} == {wire["url"], repost["url"]}
    assert [a["url"] for a in answer(config, "search", "--source", "wire.example")] == [wire["url"]]
    (story,) = answer(config, "story", repost["url"])
    assert story["original_id"] == wire["id"]
    told = command(config, "story", wire["id"]).stdout
    assert "of this text is in" in told
    assert "1 hour later" in told
    missing = command(config, "story", "https://nowhere.example/", fails=1)
    assert "no story or article" in missing.stderr


def test_what_was_read_before_is_known_and_a_new_text_is_a_revision(tmp_path: Path) -> None:
    config = ran(tmp_path)
    before = exported(config)
    command(config, "run", "--quiet")
    assert exported(config) == before
    write_lines(tmp_path / "in.jsonl", [{**RECORDS[2], "title": "Concert moved", "arrived": DAY.format(1, 5)}])
    command(config, "run", "--quiet")
    revised = by_url(config)["https://blog.example/c"]
    assert (revised["revision"], revised["title"]) == (1, "Concert moved")
    assert revised["first_seen"] == DAY.format(1, 3)
    titles = [d["title"] for d in answer(config, "export", "--all-revisions") if d["id"] == revised["id"]]
    assert titles == ["News from c", "Concert moved"]


def test_a_recorded_week_folds_by_its_own_clock_whatever_the_order(tmp_path: Path) -> None:
    records = [
        record("https://wire.example/a", WIRE, day=1),
        record("https://blog.example/b", WIRE, day=3),
        record("https://late.example/c", WIRE, day=9),
    ]
    results = []
    for name, order in (("forward", records), ("backward", records[::-1])):
        folder = tmp_path / name
        folder.mkdir()
        results.append(outcome(exported(ran(folder, order, dedupe={"ttl": "5d"}))))
    assert results[0] == results[1]
    assert sorted(role for _, role, _ in results[0].values()) == ["original", "repost", "unique"]


def test_what_cannot_be_read_is_a_dead_letter_and_can_be_replayed(tmp_path: Path) -> None:
    lines = [json.dumps(RECORDS[0]), '{"url": "https://x.example/1"', json.dumps({"url": "https://x.example/2"})]
    (tmp_path / "in.jsonl").write_text("\n".join(lines), "utf-8")
    config = configure(tmp_path, [{"kind": "files", "path": "in.jsonl"}])
    command(config, "run", "--quiet")
    assert len(exported(config)) == 1
    letters = [json.loads(line) for line in (tmp_path / "dead.jsonl").read_text("utf-8").splitlines()]
    assert len(letters) == 2
    assert all(letter["stage"] and letter["reason"] and letter["input"] for letter in letters)
    # A second run adds none; a replay feeds each once, and what fails again stays.
    command(config, "run", "--quiet")
    assert len((tmp_path / "dead.jsonl").read_text("utf-8").splitlines()) == 2
    (done,) = answer(config, "replay")
    assert done == {"replayed": 2, "dead": 2, "damaged": 0}


def test_forgotten_articles_do_not_come_back(tmp_path: Path) -> None:
    config = ran(tmp_path)
    original = by_url(config)["https://wire.example/a"]
    command(config, "forget", "https://wire.example/a?utm_source=x", "https://never.example/seen")
    command(config, "run", "--quiet")
    left = by_url(config)
    assert set(left) == {"https://blog.example/b", "https://blog.example/c"}
    assert left["https://blog.example/b"]["story"]["role"] == "unique"
    assert original["id"] not in json.dumps(list(left.values()))
    assert answer(config, "search", "bridges")[0]["url"] == "https://blog.example/b"
    write_lines(tmp_path / "in.jsonl", [record("https://never.example/seen", OTHER)])
    command(config, "run", "--quiet")
    assert set(by_url(config)) == set(left)
    (gone,) = answer(config, "forget", "--before", "2026-03-02")
    assert gone == {"forgotten": 2}
    assert exported(config) == {}


def test_backup_and_restore(tmp_path: Path) -> None:
    config = ran(tmp_path)
    before = exported(config)
    command(config, "backup", str(tmp_path / "copy.db"))
    command(config, "forget", "https://blog.example/c")
    command(config, "restore", str(tmp_path / "copy.db"))
    after = exported(config)
    # What was forgotten since stays forgotten.
    assert set(after) == {i for i, d in before.items() if d["url"] != "https://blog.example/c"}
    assert sqlite3.connect(tmp_path / "copy.db").execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_gzipped_files_and_patterns(tmp_path: Path) -> None:
    for number, item in enumerate(RECORDS):
        with gzip.open(tmp_path / f"part-{number}.jsonl.gz", "wt", encoding="utf-8") as file:
            file.write(json.dumps(item))
    config = configure(tmp_path, [{"kind": "files", "path": "part-*.jsonl.gz"}])
    command(config, "run", "--quiet")
    assert len(exported(config)) == 3


def rss(url: str = "http://a.example/", **more: str) -> dict[str, Any]:
    return {"sources": [{"kind": "rss", "url": url, **more}]}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sorces": []}, 'sorces: unknown key; did you mean "sources"?'),
        ({"dedupe": {"tll": "7d"}}, 'dedupe.tll: unknown key; did you mean "ttl"?'),
        ({"dedupe": {"ttl": "7 days"}}, "dedupe.ttl: '7 days' is not a duration"),
        (rss(agncy="afp"), 'sources[0].agncy: unknown key; did you mean "agency"?'),
        (rss(agency="reutrs"), 'sources[0].agency: unknown agency "reutrs"; did you mean "reuters"?'),
        ({"sources": [{"kind": "rs", "url": "http://a.example/"}]}, 'unknown kind "rs"; did you mean "rss"?'),
        (rss(url="file:///etc/passwd"), "sources[0].url: not an http or https URL"),
        (rss(url="http://u:${NO_SUCH}@a.example/"), "sources[0].url: environment variable NO_SUCH is not set"),
        ({"sources": [{"kind": "files", "path": "no-such-*.jsonl"}]}, "sources[0].path: no file matches"),
        (rss(url="https://[::1/x"), "sources[0].url: not an http or https URL"),
        (rss(url="https://a.example:99999/x"), "sources[0].url: not an http or https URL"),
        (kafka(offset="latest"), "sources[0].offset: unknown key"),
        (elastic(api_key="c2VjcmV0"), "index.api_key: a secret stands in the file; write ${NAME} here"),
        ({"index": {"kind": "embedded", "path": "in.jsonl"}}, "in.jsonl: is not an index"),
        ({"dedupe": {"ttl": "99999999d"}}, "dedupe.ttl"),
        ({"alerts": {"rules": "rules.yaml"}}, "rules.yaml"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_config_names_file_key_and_remedy(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    write_lines(tmp_path / "in.jsonl", RECORDS)
    config = configure(tmp_path, [{"kind": "files", "path": "in.jsonl"}])
    config.write_text(yaml.safe_dump({**yaml.safe_load(config.read_text("utf-8")), **change}), "utf-8")
    failed = command(config, "run", "--once", fails=2)
    assert said in failed.stderr
    assert "Traceback" not in failed.stderr
    assert said in command(config, "check", fails=2).stdout


def test_usage_mistakes_exit_2(tmp_path: Path) -> None:
    config = ran(tmp_path, [])
    command(config, "search", "--limit", "0", fails=2)
    command(config, "stories", "--since", "yesterday", fails=2)
    command(config, "run", "--runner", "SparkRunner", fails=2)
    command(config, "forget", fails=2)
    command(config, "forget", "no-such-id", fails=1)
    assert "did you mean --once?" in command(config, "run", "--onec", fails=2).stderr
    assert "unexpected word" in command(config, "run", "everything", fails=2).stderr
    config.write_text(config.read_text("utf-8") + "\ndedupe: {ttl: 1d}\ndedupe: {ttl: 2d}\n", "utf-8")
    assert "'dedupe' is given twice" in command(config, "stories", fails=2).stderr


def test_a_secret_reaches_neither_output_nor_dead_letters(tmp_path: Path) -> None:
    source = {"kind": "rss", "url": "http://watch:${FEED_PASSWORD}@127.0.0.1:9/feed.xml", "id": "locked"}
    write_lines(tmp_path / "in.jsonl", [{"url": "https://x.example/", "note": "hunter2-hunter2"}])
    config = configure(tmp_path, [source, {"kind": "files", "path": "in.jsonl"}])
    env = {"FEED_PASSWORD": "hunter2-hunter2", "NEWS_LOG": "DEBUG"}
    done = command(config, "run", "--once", env=env)
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file() and path.name != "in.jsonl")
    assert (tmp_path / "dead.jsonl").exists()
    assert "hunter2" not in done.stdout + done.stderr
    assert b"hunter2" not in kept


def test_a_second_pipeline_on_one_index_is_refused(tmp_path: Path) -> None:
    config = ran(tmp_path)
    with only_writer(read(config)):
        refused = command(config, "run", "--once", fails=1)
    assert f"a pipeline is running on this index (process {os.getpid()})" in refused.stderr
    command(config, "run", "--once", "--quiet")


def test_a_replay_that_is_stopped_keeps_every_letter(tmp_path: Path) -> None:
    letters = [
        DeadLetter("clean", "a test", "entry", entry_input(entry(number)), Origin("file:x", 0, number), 1)
        for number in range(3000)
    ]
    config = configure(tmp_path, [{"kind": "files", "path": "in.jsonl"}])
    write_lines(tmp_path / "in.jsonl", [])
    append(tmp_path / "dead.jsonl", letters)
    replay = subprocess.Popen(
        [sys.executable, "-m", "pipeline", "replay"], cwd=tmp_path, env=environment(config), stderr=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert replay.stderr is not None
    while "Runner:" not in replay.stderr.readline():
        assert replay.poll() is None
    replay.send_signal(signal.SIGINT)
    said = replay.communicate(timeout=120)
    assert replay.returncode == 1, said
    assert "every letter is kept" in said[1]
    (done,) = answer(config, "replay")
    assert done == {"replayed": 3000, "dead": 0, "damaged": 0}
    assert len(exported(config)) == 3000


def entry(number: int) -> Entry:
    text = f"The {number}th lamp of the harbour of Lerna was lit at dusk by keeper number {number}, who wrote it down."
    return Entry(
        Origin("file:x", 0, number), Source("x"), 1_700_000_000, guid=str(number), title=str(number), body=text
    )
