"""Lines, files and patterns of article JSON."""

from __future__ import annotations

import gzip
import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from transforms.deadletters.record import as_bytes
from transforms.errors import DataError
from transforms.files import lines as lines_module
from transforms.files.entry import MAX_LINE, NOWHERE, entry_of_line
from transforms.files.lines import read_file, read_lines
from transforms.files.paths import expand, shown
from transforms.files.schema import schema_text
from transforms.records import DeadLetter, Entry, Origin, Source, rfc3339, seconds

CASES = Path(__file__).parent / "cases"
NOW = 1_772_500_000  # 2026-03-03T01:06:40Z
GOOD = b'{"url": "https://a.example/%d", "body": "Text %d."}'


def cases(kind: str) -> list[Any]:
    found = sorted((CASES / kind).glob("*.yaml"))
    assert found
    return [pytest.param(yaml.safe_load(path.read_text("utf-8")), id=path.stem) for path in found]


@pytest.mark.parametrize("case", cases("lines"))
def test_line_is_an_entry(case: dict[str, Any]) -> None:
    default = Source(**case["default"]) if "default" in case else NOWHERE
    entry = entry_of_line(case["line"].encode(), default, "file:x", 3, NOW)
    assert isinstance(entry, Entry), entry.reason
    assert entry.origin == Origin("file:x", 0, 3)
    told = asdict(entry)
    assert {key: told[key] for key in case["entry"]} == case["entry"]


@pytest.mark.parametrize("case", cases("refused"))
def test_line_is_refused_with_a_reason_and_kept(case: dict[str, Any]) -> None:
    line = bytes.fromhex(case["hex"]) if "hex" in case else case["line"].encode()
    dead = entry_of_line(line, Source("s"), "file:x", 3, NOW, number=4, offset=99)
    assert isinstance(dead, DeadLetter)
    assert case["reason"] in dead.reason
    assert as_bytes(dead.input["line"]) == line
    assert (dead.input["number"], dead.input["offset"]) == (4, 99)
    assert (dead.stage, dead.input_kind, dead.origin, dead.arrived) == ("files", "line", Origin("file:x", 0, 3), NOW)
    assert dead.reason.isprintable()


@pytest.mark.parametrize(
    "line", [b"[" * 200_000, b'{"url":' * 100_000, b'{"url":"u","body":"b","n":' + b"9" * 10_000 + b"}"]
)
def test_hostile_json_is_refused_quickly(line: bytes) -> None:
    begin = time.perf_counter()
    assert isinstance(entry_of_line(line, NOWHERE, "r", 0, 1), DeadLetter)
    assert time.perf_counter() - begin < 1


def test_an_overlong_source_id_is_cut_and_stays_its_own() -> None:
    ids = []
    for end in ("a", "b"):
        line = json.dumps({"url": "https://a.example/1", "body": "b", "source": {"id": "x" * 5000 + end}})
        entry = entry_of_line(line.encode(), NOWHERE, "r", 0, NOW)
        assert isinstance(entry, Entry)
        ids.append(entry.source.id)
    assert [len(one) for one in ids] == [200, 200]
    assert ids[0] != ids[1]


@pytest.mark.parametrize("at", [-(10**18), -62_135_596_801, -62_135_596_800, -1, 0, 253_402_343_999, 10**18])
def test_every_second_has_a_date_that_is_read_again(at: int) -> None:
    told = rfc3339(at)
    assert told is not None
    assert seconds(told) == min(max(at, -62_135_596_800), 253_402_300_799)
    assert len(told) == len("1970-01-01T00:00:00Z")


def content() -> bytes:
    return b"\n".join([GOOD % (1, 1), b"", b"\xff", GOOD % (2, 2) + b"\r", b"  ", b"\x00", GOOD % (3, 3)])


def check(items: list[Entry | DeadLetter]) -> None:
    assert [item.origin.seq for item in items] == [0, 1, 2, 3, 4]
    assert [type(item).__name__ for item in items] == ["Entry", "DeadLetter", "Entry", "DeadLetter", "Entry"]
    places = [(i.input["number"], i.input["offset"]) for i in items if isinstance(i, DeadLetter)]
    length = len(GOOD % (1, 1))
    assert places == [(3, length + 2), (6, 2 * length + 9)]


def compressed(kind: str) -> bytes:
    if kind == "gz":
        half = len(content()) // 2
        return gzip.compress(content()[:half]) + gzip.compress(content()[half:])
    zstandard = pytest.importorskip("zstandard")
    half = len(content()) // 2
    return b"".join(zstandard.compress(part) for part in (content()[:half], content()[half:]))


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.jsonl.zst"])
def test_file_plain_and_compressed(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(content() if name.endswith("l") else compressed(name.rpartition(".")[2]))
    items = list(read_file(path, now=5))
    check(items)
    assert {item.origin.reader for item in items} == {f"file:{path}"}
    assert {item.arrived for item in items} == {5}


@pytest.mark.parametrize("block", [1, 2, 7, 64])
def test_blocks_may_end_anywhere(block: int) -> None:
    data = content()
    parts = iter([data[at : at + block] for at in range(0, len(data), block)])
    found = list(read_lines(lambda: next(parts, b"")))
    assert [line.data for line in found] == data.split(b"\n")
    assert [data[line.offset : line.offset + line.length] for line in found] == data.split(b"\n")


@pytest.mark.parametrize("name", ["a.gz", "a.zst"])
def test_file_cut_in_the_middle_gives_what_there_is_and_says_so(tmp_path: Path, name: str) -> None:
    many = b"".join(GOOD % (n, hash(str(n))) + b"\n" for n in range(20_000))
    data = gzip.compress(many) if name == "a.gz" else pytest.importorskip("zstandard").compress(many)
    path = tmp_path / name
    path.write_bytes(data[: len(data) // 2])
    *entries, last = read_file(path)
    assert len(entries) > 1000
    assert all(isinstance(entry, Entry) for entry in entries)
    assert isinstance(last, DeadLetter)
    assert "ends too early, after line" in last.reason
    assert last.origin.seq == len(entries)


@pytest.mark.parametrize(
    ("name", "data"),
    [("a.gz", b"plain text"), ("a.zst", b"plain text"), ("b.gz", gzip.compress(b"", mtime=0)[:-4] + b"xxxx")],
)
def test_damaged_file_is_one_dead_letter(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    (dead,) = read_file(tmp_path / name)
    assert isinstance(dead, DeadLetter)


def test_absent_file_and_folder_are_dead_letters(tmp_path: Path) -> None:
    for path in (tmp_path / "absent", tmp_path):
        (dead,) = read_file(path)
        assert isinstance(dead, DeadLetter)
        assert "cannot be opened" in dead.reason


def test_empty_file_has_no_items(tmp_path: Path) -> None:
    for name in ("a", "a.gz", "a.zst"):
        (tmp_path / name).write_bytes(gzip.compress(b"") if name == "a.gz" else b"")
        assert list(read_file(tmp_path / name)) == []


def test_overlong_line_is_cut_out_and_the_next_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b'"' + b"a" * (MAX_LINE * 2) + b"\n" + GOOD % (1, 1)))
    dead, entry = read_file(path)
    assert isinstance(dead, DeadLetter)
    assert dead.reason == "the line is longer than 8 MB"
    assert dead.input["length"] == MAX_LINE * 2 + 1
    assert dead.input["truncated"]
    assert len(dead.input["line"]) < 100_000
    assert isinstance(entry, Entry)


def test_line_of_the_greatest_length_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = GOOD % (1, 1)
    monkeypatch.setattr(lines_module, "MAX_LINE", len(line))
    (tmp_path / "a").write_bytes(line + b"\n" + line + b" ")
    good, dead = read_file(tmp_path / "a")
    assert isinstance(good, Entry)
    assert isinstance(dead, DeadLetter)


def test_hostile_file_name_is_harmless(tmp_path: Path) -> None:
    path = tmp_path / "a\n\x1b[2J\u202e.jsonl"
    path.write_bytes(b"x")
    (dead,) = read_file(path)
    assert isinstance(dead, DeadLetter)
    assert dead.origin.reader.isprintable()
    assert dead.input["path"].isprintable()
    assert shown("a\udcffb") == "a\\udcffb"


def test_patterns(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a.jsonl", "deep/er/c.jsonl", "[1].jsonl"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "folder.jsonl").mkdir()

    def names(pattern: str) -> list[str]:
        return [str(Path(name).relative_to(tmp_path)) for name in expand(pattern, tmp_path, "config.yaml", "k")]

    assert names("*.jsonl") == ["[1].jsonl", "a.jsonl", "b.jsonl"]
    assert names("**/*.jsonl") == ["[1].jsonl", "a.jsonl", "b.jsonl", "deep/er/c.jsonl"]
    assert names("[1].jsonl") == ["[1].jsonl"]
    assert names(str(tmp_path / "a*")) == ["a.jsonl"]


@pytest.mark.parametrize("pattern", ["none*.jsonl", "absent.jsonl", "folder", "x\x1b[2J\n"])
def test_pattern_without_files_is_a_config_error(tmp_path: Path, pattern: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataError) as caught:
        expand(pattern, tmp_path, "config.yaml", "sources[1].path")
    assert str(caught.value).startswith("config.yaml: sources[1].path: no file matches")
    assert str(caught.value).isprintable()


def test_schema_in_the_docs_is_this_one() -> None:
    path = Path(__file__).parents[2] / "docs" / "article.schema.json"
    remedy = "python -m transforms.files.schema > docs/article.schema.json"
    assert path.read_text("utf-8") == schema_text(), remedy


def test_schema_agrees_with_the_reader() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(json.loads(schema_text()))
    for case in cases("lines"):
        assert validator.is_valid(json.loads(case.values[0]["line"].removeprefix("\ufeff"))), case.id
    # What a schema cannot see.
    unseen = {"arrived_is_no_date", "arrived_in_antiquity", "arrived_beyond_the_calendar", "arrived_in_two_days",
              "nested", "escaped_nul", "half_a_pair", "blank_address", "half_a_pair_in_a_key", "no_text", "not_json",
              "two_objects", "nan"}  # fmt: skip
    for case in cases("refused"):
        if case.id not in unseen and "line" in case.values[0]:
            assert not validator.is_valid(json.loads(case.values[0]["line"])), case.id
