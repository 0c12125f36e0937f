"""The YAML that a person writes: dashboards, data views, saved searches and alerting rules, as frozen records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from transforms.errors import DataError

HOME = Path(__file__).resolve().parent
Kind = Literal["number", "line", "area", "bar", "bars", "donut", "heatmap", "table", "documents"]
Operation = Literal[
    "count", "unique", "sum", "max", "min", "average", "median", "percentile", "last", "rate"
]  # fmt: skip
# `minutes` are seconds in the index.
Form = Literal["number", "percent", "minutes", "date"]
_Model = TypeVar("_Model", bound=BaseModel)


class Strict(BaseModel):
    """A record that refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Value(Strict):
    """A figure: what is computed, of which field, for the documents that `where` (KQL) lets in."""

    label: str = Field(min_length=1)
    of: Operation = "count"
    field: str | None = None
    where: str = ""
    form: Form = "number"
    percentile: int = Field(default=95, ge=1, le=99)

    @model_validator(mode="after")
    def _has_field(self) -> Value:
        if (self.field is None) != (self.of == "count"):
            raise ValueError(f"{self.of} needs {'no' if self.of == 'count' else 'a'} field")
        return self


class Choice(Strict):
    """One bucket of its own: a label and the KQL that says which documents it holds."""

    label: str = Field(min_length=1)
    where: str = Field(min_length=1)


class Split(Strict):
    """How rows are split: by time, by the values of a field, or into named choices."""

    time: str | None = None
    every: str = "auto"
    field: str | None = None
    top: int = Field(default=10, ge=1, le=100)
    label: str = ""
    filters: tuple[Choice, ...] = ()

    @model_validator(mode="after")
    def _one_way(self) -> Split:
        if sum((self.time is not None, self.field is not None, bool(self.filters))) != 1:
            raise ValueError("needs one of time, field, filters")
        return self


class Panel(Strict):
    """One panel; `size` is width (of 48) and height, `calm` says why an empty one is good news."""

    title: str = Field(min_length=1)
    kind: Kind
    tells: str = ""
    size: tuple[int, int]
    data: str = ""
    query: str = ""
    x: Split | None = None
    by: Split | None = None
    rows: tuple[Split, ...] = ()
    values: tuple[Value, ...] = ()
    search: str | None = None
    calm: str | None = None

    @model_validator(mode="after")
    def _suits_kind(self) -> Panel:
        needs = _NEEDS[self.kind]
        has = {name for name in _PARTS if getattr(self, name)}
        if missing := needs - has:
            raise ValueError(f"a {self.kind} needs {', '.join(sorted(missing))}")
        if surplus := has - needs - _MAY.get(self.kind, set()):
            raise ValueError(f"a {self.kind} has no {', '.join(sorted(surplus))}")
        if self.kind in {"donut", "heatmap"} and len(self.values) != 1:
            raise ValueError(f"a {self.kind} has one value")
        return self

    def splits(self) -> Iterator[Split]:
        """All splits, in the order in which Kibana nests them: what picks the top values before time."""
        given = [split for split in (self.x, self.by, *self.rows) if split]
        yield from sorted(given, key=lambda split: split.time is not None)


_PARTS = ("data", "x", "by", "rows", "values", "search")
_XY = {"data", "x", "values"}
_NEEDS: dict[str, set[str]] = {
    "number": {"data", "values"}, "line": _XY, "area": _XY, "bar": _XY, "bars": _XY, "donut": {"data", "by", "values"},
    "heatmap": {"data", "x", "by", "values"}, "table": {"data", "rows", "values"}, "documents": {"search"},
}  # fmt: skip
_MAY: dict[str, set[str]] = {"line": {"by"}, "area": {"by"}, "bar": {"by"}, "bars": {"by"}}


class Board(Strict):
    """One dashboard. `since` is where its time range begins, `query` (KQL) narrows all panels."""

    id: str = Field(pattern=r"^[a-z][a-z-]+$")
    title: str
    tells: str
    since: str = "now-24h"
    query: str = ""
    panels: tuple[Panel, ...] = Field(min_length=1)


class View(Strict):
    """A data view: the name of an index or alias without its prefix, its mapping, its time field."""

    id: str
    title: str
    index: str
    mapping: str
    time: str = "@timestamp"
    forms: dict[str, Literal["url", "seconds", "percent"]] = {}


class Search(Strict):
    """A saved search: documents with these columns, newest first."""

    id: str
    title: str
    tells: str
    data: str
    query: str = ""
    columns: tuple[str, ...] = Field(min_length=1)
    sort: str = "@timestamp"
    calm: str | None = None


class Rule(Strict):
    """An alerting rule: over `window` the value compares with `limit` so, checked `every` so often."""

    id: str
    name: str
    tells: str
    data: str
    query: str
    value: Value | None = None
    above: float | None = None
    below: float | None = None
    window: str = Field(pattern=r"^\d+[smhd]$")
    every: str = Field(pattern=r"^\d+[smhd]$")
    each: str | None = None
    repeat: bool = True

    @model_validator(mode="after")
    def _one_limit(self) -> Rule:
        if (self.above is None) == (self.below is None):
            raise ValueError("needs one of above, below")
        return self


@dataclass(frozen=True, slots=True)
class Source:
    """All that is written, and which file each thing is from."""

    boards: tuple[Board, ...]
    views: tuple[View, ...]
    searches: tuple[Search, ...]
    rules: tuple[Rule, ...]

    def view(self, id: str) -> View | None:
        """The data view with this id."""
        return next((view for view in self.views if view.id == id), None)

    def search(self, id: str) -> Search | None:
        """The saved search with this id."""
        return next((search for search in self.searches if search.id == id), None)


def load(home: Path = HOME) -> Source:
    """Everything under `home`. Raises DataError with file, key and problem for the first mistake."""
    boards = [_record(Board, _yaml(path), path, "") for path in sorted((home / "dashboards").glob("*.yaml"))]
    return Source(
        tuple(boards),
        tuple(_listed(View, home / "data_views.yaml")),
        tuple(_listed(Search, home / "searches.yaml")),
        tuple(_listed(Rule, home / "rules.yaml")),
    )


def _listed(model: type[_Model], path: Path) -> Iterator[_Model]:
    for number, entry in enumerate(_yaml(path) or []):
        yield _record(model, entry, path, f"[{number}]")


def _yaml(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text("utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise DataError(path.name, "", str(error), "see docs/kibana.md") from error


def _record(model: type[_Model], raw: Any, path: Path, key: str) -> _Model:
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join([key, *map(str, first["loc"])]).strip(".")
        raise DataError(path.name, where, first["msg"], "see docs/kibana.md") from error
