"""The mechanism: a floor that is broken turns red, with all that a person needs; raising never loosens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tests.eval import __main__ as command
from tests.eval import floors, sets
from tests.eval.floors import Floor
from tests.eval.model import Figure, Measured, Miss, Shown, share
from transforms.errors import DataError

DAY, LATER = date(2026, 11, 1), date(2026, 11, 27)


def figure(key: str, value: float, **more: bool) -> Figure:
    return Figure(key, "ar", value, 100, "what it tells", **more)  # type: ignore[arg-type]


@pytest.fixture
def pinned(tmp_path: Path) -> Path:
    path = tmp_path / "floors.yaml"
    path.write_text(
        "sample.recall: {floor: 0.9, aim: 0.95, measured: 0.91, date: 2026-11-01}\n"
        "sample.wrong: {ceiling: 3, measured: 3, date: 2026-11-01}\n", "utf-8")  # fmt: skip
    return path


@pytest.fixture
def sample(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Figure]]:
    """A set of one's own in place of the real ones; the test fills its figures."""
    figures: list[Figure] = []
    miss = Miss("sample.recall", 1, "1 and 2", "one text", "two stories", (Shown("1", "<script>alert(1)</script>"),))
    monkeypatch.setattr(sets, "SETS", {"sample": lambda: Measured("sample", tuple(figures), (miss,))})
    sets.measured.cache_clear()
    yield figures
    sets.measured.cache_clear()


@pytest.mark.parametrize(("recall", "wrong", "red"), [
    (0.9, 3, []), (0.95, 0, []), (0.8999, 3, ["sample.recall"]), (0.9, 4, ["sample.wrong"]),
    (0.1, 9, ["sample.recall", "sample.wrong"]),
])  # fmt: skip
def test_what_is_past_its_floor_is_broken(pinned: Path, recall: float, wrong: int, red: list[str]) -> None:
    figures = [figure("sample.recall", recall), figure("sample.wrong", wrong, least=False, count=True)]
    told = floors.broken(figures, floors.load(pinned))
    assert [one.figure.key for one in told] == red


def test_the_message_names_figure_floor_measured_and_command(pinned: Path) -> None:
    (told,) = floors.broken([figure("sample.recall", 0.876543)], floors.load(pinned))
    for part in ("sample.recall", "what it tells", "0.876543", "floor 0.9", "100 cases", "make eval SET=sample"):
        assert part in str(told)


def test_a_broken_floor_ends_the_command_with_1(pinned: Path, tmp_path: Path, sample: list[Figure],
                                                capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    asked = ["--floors", str(pinned), "--out", str(tmp_path / "out"), "--json"]
    sample[:] = [figure("sample.recall", 0.92), figure("sample.wrong", 2, least=False, count=True)]
    assert command.main(asked) == 0
    sets.measured.cache_clear()
    sample[0] = figure("sample.recall", 0.5)
    capsys.readouterr()
    assert command.main(asked) == 1
    out, err = capsys.readouterr()
    assert "BROKEN: sample.recall" in err
    (found,) = json.loads(out)
    assert [(one["value"], one["floor"]) for one in found["figures"]] == [(0.5, 0.9), (2, 3)]
    page = (tmp_path / "out" / "sample.html").read_text("utf-8")
    assert "sample.recall" in page
    assert 'class="red"' in page


def test_a_broken_floor_stays_broken_when_raised(pinned: Path, tmp_path: Path, sample: list[Figure]) -> None:
    sample[:] = [figure("sample.recall", 0.5), figure("sample.wrong", 2, least=False, count=True)]
    before = floors.load(pinned)
    assert command.main(["--floors", str(pinned), "--out", str(tmp_path / "out"), "--raise"]) == 1
    after = floors.load(pinned)
    assert after["sample.recall"] == before["sample.recall"]
    assert after["sample.wrong"].value == 2


@pytest.mark.parametrize("value", [0.0, 0.5, 0.89999, 0.9, 0.90004, 0.9001, 0.95, 1.0])
@pytest.mark.parametrize("slack", [0.0, 0.01])
def test_raising_never_loosens(value: float, slack: float) -> None:
    for least in (True, False):
        held = Floor("sample.x", 0.9, least, 0.9, DAY, aim=0.95, slack=slack)
        raised = floors.raised([figure("sample.x", value, least=least)], {"sample.x": held}, LATER)["sample.x"]
        assert raised.value >= held.value if least else raised.value <= held.value
        assert (raised.date == LATER) == (raised.value != held.value)
        assert (raised.aim, raised.slack) == (held.aim, held.slack)
        if raised != held:
            assert raised.holds(figure("sample.x", value))
            assert abs(raised.value - value) <= slack + 0.0001


def test_raising_pins_what_is_new_and_keeps_what_is_not_measured(pinned: Path) -> None:
    new = [figure("other.share", 0.87654321), figure("other.count", 7, least=False, count=True)]
    held = floors.load(pinned)
    found = floors.raised(new, held, LATER)
    assert {key: found[key] for key in held} == held
    assert (found["other.share"].value, found["other.share"].measured) == (0.8765, 0.876543)
    assert (found["other.count"].value, found["other.count"].least) == (7, False)


def test_a_new_figure_stands_with_its_set(pinned: Path) -> None:
    new = [figure("other.x", 0.5), figure("sample.new", 0.5)]
    found = floors.raised(new, floors.load(pinned), LATER)
    assert list(found) == ["sample.recall", "sample.wrong", "sample.new", "other.x"]


def test_the_file_is_read_as_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "floors.yaml"
    held = floors.load()
    assert len(held) > 30
    held["sample.x"] = Floor("sample.x", 0.5, True, 0.6, DAY, 0.7, 0.01)
    path.write_text(floors.text(held), "utf-8")
    assert floors.load(path) == held


@pytest.mark.parametrize(("line", "told"), [
    ("a.b: {floor: 0.9, ceiling: 1, measured: 0.9, date: 2026-11-01}", "either a floor or a ceiling"),
    ("a.b: {flor: 0.9, floor: 0.9, measured: 0.9, date: 2026-11-01}", "flor"),
    ("a.b: {floor: 0.9, measured: 0.9}", "date"),
    ("a.b: {floor: high, measured: 0.9, date: 2026-11-01}", "no number"),
    ("a.b: {floor: 0.95, measured: 0.9, date: 2026-11-01}", "stricter"),
    ("a.b: {ceiling: 1, measured: 2, date: 2026-11-01}", "stricter"),
    ("a.b: {floor: 0.9, measured: 0.9, date: 2026-11-01}\na.b: {floor: 0.1, measured: 0.9, date: 2026-11-01}", "twice"),
])  # fmt: skip
def test_a_mistake_in_the_file_is_named(tmp_path: Path, line: str, told: str) -> None:
    path = tmp_path / "floors.yaml"
    path.write_text(line + "\n", "utf-8")
    with pytest.raises(DataError, match=told):
        floors.load(path)


def test_a_figure_of_no_cases_is_refused() -> None:
    with pytest.raises(ValueError, match="no cases"):
        share(0, 0)


def test_a_shown_share_is_cut_not_rounded_up() -> None:
    assert figure("a.b", 0.99996).shown == "0.9999"
    assert replace(figure("a.b", 5), count=True).shown == "5"


def test_the_page_shows_the_floors() -> None:
    page = floors.PAGE.read_text("utf-8")
    assert floors.tabled(page, floors.load()) == page, "to write the table anew: make eval RAISE=1"
    for key in floors.load():
        assert f"| `{'.'.join(key.split('.')[:2])}` |" in page


def test_languages_that_are_alike_stand_together() -> None:
    held = {key: Floor(key, value, True, value, DAY, aim) for key, value, aim in
            [("a.f1", 0.9, 0.8), ("a.f1.ar", 0.9, None), ("a.f1.fr", 1, None), ("b.x", 3, None)]}  # fmt: skip
    assert floors.table(held).splitlines()[2:] == [
        "| `a.f1` | all, ar 0.9; fr 1 | all, ar ≥ 0.9; fr ≥ 1 | 0.8 |", "| `b.x` | 3 | ≥ 3 |  |",
    ]  # fmt: skip
