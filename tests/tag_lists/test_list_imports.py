"""Each file under `cases/`: a file in a format that users have, and the entities, or the mistakes, that it gives."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.lists import FORMATS
from transforms.errors import DataError
from transforms.tag.lists.gather import Asked, Gathered

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))


def imported(case: dict[str, Any], path: Path) -> Gathered:
    asked = Asked("watch", case.get("type"), case.get("lang"))
    return FORMATS[case["format"]](path, asked)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path, tmp_path: Path) -> None:
    case = yaml.safe_load(path.read_text("utf-8"))
    file = tmp_path / "in.txt"
    file.write_text(case["file"], "utf-8")
    if "fails" in case:
        with pytest.raises(DataError) as caught:
            imported(case, file)
        assert case["fails"] in str(caught.value)
        assert str(file) in str(caught.value)
        return
    found = imported(case, file)
    said = [str(mistake).removeprefix(f"{file}: ") for mistake in found.mistakes]
    wanted = case.get("mistakes", [])
    assert len(said) == len(wanted), said
    for one, begin in zip(said, wanted, strict=True):
        assert one.startswith(begin)
    if "entities" in case:
        assert not said
        told = {id_: {**one.document(), "id": None} for id_, one in found.entities.items()}
        # An id made of a hash is not spelt out: that it is one, and stays, is tested below.
        ids = [id_ if not id_.startswith("watch:x") else f"watch:x{n}" for n, id_ in enumerate(told)]
        assert dict(zip(ids, told.values(), strict=True)) == {
            id_: {**one, "id": None} for id_, one in case["entities"].items()
        }
    assert found.ignored == case.get("ignored", [])
    assert dict(found.skipped) == case.get("skipped", {})


def test_every_format_has_cases() -> None:
    assert {yaml.safe_load(path.read_text("utf-8"))["format"] for path in CASES} == set(FORMATS)


def test_ids_stay_the_same_whatever_else_the_list_holds(tmp_path: Path) -> None:
    short, long = tmp_path / "a.csv", tmp_path / "b.csv"
    short.write_text("name,type\nИрина Белозор,person\nDalmar,city\n", "utf-8")
    long.write_text("type,name\ncity,Lerna\ncity,Dalmar\nperson,ИРИНА БЕЛОЗОР\n", "utf-8")
    first, second = (FORMATS["csv"](path, Asked("watch")).entities.keys() for path in (short, long))
    assert first < second


def test_a_compressed_file(tmp_path: Path) -> None:
    path = tmp_path / "entities.gz"
    path.write_bytes(gzip.compress(b"4711\tP\tu\tRufus+Firefly\n"))
    assert [one.name for one in FORMATS["jrc"](path, Asked("jrc")).entities.values()] == ["Rufus Firefly"]
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(DataError, match="ends too early"):
        FORMATS["jrc"](path, Asked("jrc"))


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "latin.csv"
    path.write_bytes("name,type\nHélène,person\n".encode("latin-1"))
    with pytest.raises(DataError, match="is not UTF-8; save it as UTF-8"):
        FORMATS["csv"](path, Asked("watch"))
