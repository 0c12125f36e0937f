"""Floors: what each figure must keep to. They are pinned in one file, and only rise.

A floor that is broken is a fault of the change that broke it. Raising takes what is measured, cut to four places, less
the slack that the entry declares for numerical noise (none by default: the figures are deterministic).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from tests.eval.model import Figure
from tests.running import ROOT
from transforms.errors import DataError
from transforms.yamls import read_yaml

FILE = Path(__file__).with_name("floors.yaml")
PAGE = ROOT / "docs" / "evaluation.md"
BEGIN, END = "<!-- eval: begin -->", "<!-- eval: end -->"
PLACES = 10_000
_NOISE = 1e-9
_KEYS = ("floor", "ceiling", "aim", "slack", "measured", "date")
_HEAD = """\
# What each figure of `make eval` must keep to; docs/evaluation.md tells what the figures mean.
# `floor` is the least, `ceiling` the most, `aim` what was asked for; `measured` and `date` are of the day of pinning.
# `make eval RAISE=1` writes this file: it tightens what was bettered, adds what is new, and loosens nothing.
"""


@dataclass(frozen=True, slots=True)
class Floor:
    """The pinned value of one figure: a floor where `least`, else a ceiling."""

    key: str
    value: float
    least: bool
    measured: float
    date: date
    aim: float | None = None
    slack: float = 0.0

    def holds(self, figure: Figure) -> bool:
        """Whether the measured figure keeps to it."""
        over = figure.value - self.value
        return (over if self.least else -over) >= -_NOISE

    @property
    def shown(self) -> str:
        """With its sign, as a table has it."""
        return f"{'≥' if self.least else '≤'} {self.value:g}"


def load(path: Path = FILE) -> dict[str, Floor]:
    """The floors of a file by key. Raises DataError with file, key and remedy."""
    written = read_yaml(path, path.name)
    if not isinstance(written, Mapping):
        raise DataError(path.name, "", "not a mapping of figures", "write `set.figure: {floor: …}` lines")
    return {str(key): _floor(path.name, str(key), entry) for key, entry in written.items()}


def _floor(file: str, key: str, entry: Any) -> Floor:
    if not isinstance(entry, Mapping) or ("floor" in entry) == ("ceiling" in entry):
        raise DataError(file, key, "needs either a floor or a ceiling", "write {floor: .98, measured: .99, date: …}")
    if unknown := sorted(set(entry) - set(_KEYS)):
        raise DataError(file, f"{key}.{unknown[0]}", "no such key", f"use {', '.join(_KEYS)}")
    least = "floor" in entry
    if not isinstance(entry.get("date"), date):
        raise DataError(file, f"{key}.date", "is no date", "write the day it was pinned: 2026-11-27")
    for name in ("floor" if least else "ceiling", "measured", *({"aim", "slack"} & set(entry))):
        if isinstance(entry.get(name), bool) or not isinstance(entry.get(name), int | float):
            raise DataError(file, f"{key}.{name}", "is no number", "write what was measured")
    floor = Floor(key, entry["floor" if least else "ceiling"], least, entry["measured"], entry["date"],
                  entry.get("aim"), entry.get("slack", 0.0))  # fmt: skip
    if (floor.value > floor.measured) if least else (floor.value < floor.measured):
        raise DataError(file, key, "is stricter than what was measured", "pin what was measured, or less")
    return floor


@dataclass(frozen=True, slots=True)
class Broken:
    """A figure that does not keep to its floor."""

    figure: Figure
    floor: Floor

    def __str__(self) -> str:
        figure, floor = self.figure, self.floor
        kind = "floor" if floor.least else "ceiling"
        side = "below" if floor.least else "above"
        name = figure.key.partition(".")[0]
        return (
            f"{figure.key} ({figure.tells}) is {figure.value:.6g} of {figure.cases} cases, {side} its {kind} "
            f"{floor.value:g}, pinned {floor.date}. To see the misses: make eval SET={name}"
        )


def broken(figures: Iterable[Figure], floors: Mapping[str, Floor]) -> list[Broken]:
    """The figures that do not keep to their floors; those without one are not looked at."""
    pairs = [(figure, floors[figure.key]) for figure in figures if figure.key in floors]
    return [Broken(figure, floor) for figure, floor in pairs if not floor.holds(figure)]


def raised(figures: Iterable[Figure], floors: Mapping[str, Floor], today: date) -> dict[str, Floor]:
    """`floors` with each tightened to what is measured where that is better, and with a floor for each figure that had
    none. None is loosened, and none goes."""
    found = dict(floors)
    for figure in figures:
        held = found.get(figure.key)
        least = figure.least if held is None else held.least
        slack = held.slack if held else 0.0
        value = _pinned(figure, slack, least=least)
        if held is None:
            found[figure.key] = Floor(figure.key, value, least, _near(figure.value, figure), today)
        elif (value > held.value + _NOISE) if least else (value < held.value - _NOISE):
            found[figure.key] = replace(held, value=value, measured=_near(figure.value, figure), date=today)
    sets = list(dict.fromkeys(key.partition(".")[0] for key in found))
    return {key: floor for name in sets for key, floor in found.items() if key.partition(".")[0] == name}


def _pinned(figure: Figure, slack: float, *, least: bool) -> float:
    """What is measured less its slack, cut to four places on the safe side; counts stay whole."""
    scaled = (figure.value - slack if least else figure.value + slack) * PLACES
    whole = math.floor(scaled + _NOISE * PLACES) if least else math.ceil(scaled - _NOISE * PLACES)
    return _near(whole / PLACES, figure)


def _near(value: float, figure: Figure) -> float:
    return int(value) if figure.count else round(value, 6)


def text(floors: Mapping[str, Floor]) -> str:
    """The file's text: a line a figure, in the order given."""
    lines, last = [], ""
    for key, floor in floors.items():
        name = key.partition(".")[0]
        lines += [""] * (name != last)
        last = name
        told = {"floor" if floor.least else "ceiling": floor.value, "aim": floor.aim, "slack": floor.slack or None,
                "measured": floor.measured, "date": floor.date.isoformat()}  # fmt: skip
        inner = ", ".join(f"{word}: {value}" for word, value in told.items() if value is not None)
        lines.append(f"{key}: {{{inner}}}")
    return _HEAD + "\n".join(lines) + "\n"


def table(floors: Mapping[str, Floor]) -> str:
    """The floors as the table of docs/evaluation.md: a row a figure, its languages side by side."""
    rows: dict[str, list[Floor]] = {}
    for key, floor in floors.items():
        rows.setdefault(".".join(key.split(".")[:2]), []).append(floor)
    lines = ["| figure | measured when pinned | floor | aim |", "| --- | --- | --- | --- |"]
    for name, held in rows.items():
        measured = _side_by_side(held, [f"{int(floor.measured * PLACES + _NOISE) / PLACES:g}" for floor in held])
        pinned = _side_by_side(held, [floor.shown for floor in held])
        aims = [floor.aim for floor in held]
        aim = "" if set(aims) == {None} else _side_by_side(held, ["" if a is None else f"{a:g}" for a in aims])
        lines.append(f"| `{name}` | {measured} | {pinned} | {aim} |")
    return "\n".join(lines)


def _side_by_side(floors: Iterable[Floor], values: list[str]) -> str:
    """One value, or each with its language; languages that are alike together."""
    by: dict[str, list[str]] = {}
    for floor, value in zip(floors, values, strict=True):
        by.setdefault(value, []).append(floor.key.split(".")[2] if floor.key.count(".") > 1 else "all")
    by.pop("", None)
    if [languages for languages in by.values()] == [["all"]]:
        return next(iter(by))
    return "; ".join(f"{', '.join(languages)} {value}" for value, languages in by.items())


def tabled(page: str, floors: Mapping[str, Floor]) -> str:
    """A page with its table made anew between the two marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table(floors)}\n{END}{after}"
