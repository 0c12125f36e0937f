"""Retagging in the embedded index: what it promises everywhere, a death in the middle, and the command."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import retag_contract as contract
from index_samples import NOON

from pipeline.retag import retag
from tests.running import ROOT, answer, command, configure, exported, write_lines
from transforms.index.embedded import EmbeddedIndex

DIES = """
import os, signal, sys
from pathlib import Path
sys.path.append("tests/tag_retag")
import retag_contract as contract
from pipeline.retag import retag
from transforms.index.embedded import EmbeddedIndex
folder, pages = Path(sys.argv[1]), int(sys.argv[2])
def progress(moves):
    if moves.looked >= 200 * pages:
        os.kill(os.getpid(), signal.SIGKILL)
retag(EmbeddedIndex(str(folder / "news.db")), contract.taggers(folder / "new", "river burst"), progress=progress)
"""


@pytest.fixture
def index(tmp_path: Path) -> Iterator[EmbeddedIndex]:
    opened = EmbeddedIndex(str(tmp_path / "news.db"))
    yield opened
    opened.close()


class TestRetagging(contract.Retagging): ...


def test_death_in_the_middle_is_harmless(index: EmbeddedIndex, tmp_path: Path) -> None:
    old = contract.taggers(tmp_path / "old")
    for start in range(0, 700, 100):
        keys = [f"k{n:03}" for n in range(start, start + 100)]
        index.apply([one for key in keys for one in contract.tagged(key, old, at=NOON + int(key[1:]))])
    new = contract.taggers(tmp_path / "new", "river burst")
    for pages in (1, 2):
        died = subprocess.run(
            [sys.executable, "-c", DIES, str(tmp_path), str(pages)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert died.returncode == -signal.SIGKILL, died.stderr
        done = [document for document in index.export() if new.current(document)]
        assert len(done) == 200 * pages
        assert all(document["topics"] for document in done)
    moves = retag(index, new)
    assert (moves.looked, moves.current, moves.moved) == (700, 400, 300)
    assert all(new.current(document) and document["topics"] for document in index.export())


ENTITIES = "type: person\nentities: {{'person:one': {{name: {}}}}}"


def test_the_command(tmp_path: Path) -> None:
    body = (contract.HARBOUR + " The growers of the south paid for half of it, and the port for the rest.") * 2
    write_lines(tmp_path / "in.jsonl", [{"url": "https://wire.example/a", "title": "Quay", "body": body}])
    mine = tmp_path / "mine.yaml"
    mine.write_text(ENTITIES.format("Margaret Dumont"), "utf-8")
    config = configure(tmp_path, [{"kind": "files", "path": "in.jsonl"}], entities={"files": ["mine.yaml"]})
    command(config, "run", "--quiet")
    assert "Nothing to change: all 1 articles" in command(config, "retag").stdout
    mine.write_text(ENTITIES.format("Rufus Firefly"), "utf-8")
    before = exported(config)
    (told,) = answer(config, "retag", "--since", "1d", "--dry-run")
    assert told["entities"] == {"person:one": {"name": "Rufus Firefly", "added": 1, "removed": 0, "placed": 0}}
    assert told["dry_run"] is True
    assert exported(config) == before
    said = command(config, "retag").stdout
    assert "1 articles: 1 tagged anew, of which 1 with other tags" in said
    assert "Rufus Firefly" in said
    (document,) = exported(config).values()
    assert [entity["id"] for entity in document["entities"]] == ["person:one"]
    (again,) = answer(config, "retag", "--credits")
    assert (again["looked"], again["current"], again["moved"]) == (1, 1, 0)
    # What stands in the index is what a pipeline that starts now makes of the same article.
    command(config, "forget", "https://nowhere.example/x")
    (tmp_path / "news.db").unlink()
    command(config, "run", "--quiet")
    (fresh,) = exported(config).values()
    for name in ("entities", "topics", "wire", "tagged_by"):
        assert fresh[name] == document[name]
