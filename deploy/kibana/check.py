"""Finds what does not fit: fields that are not in the mappings, queries that cannot be read, ids that lead nowhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from deploy.kibana import boards, body, kql, model, names, objects
from deploy.kibana.mapping import FOLDER, Field, fields
from deploy.kibana.request import data_of
from deploy.kibana.source import Board, Panel, Rule, Search, Source, Split, Value
from pipeline.values import nearest

Fits = Callable[[Field], bool]
_GROUPED = frozenset({"keyword", "boolean"})


def problems(source: Source, folder: Path = FOLDER) -> list[str]:
    """All that is wrong with `source` and with what is made of it, a sentence each; none where all fits."""
    found = [*_unique(source), *_views(source, folder)]
    for search in source.searches:
        found += [f"searches.yaml: {search.id}: {p}" for p in _search(source, search, folder)]
    for rule in source.rules:
        found += [f"rules.yaml: {rule.id}: {p}" for p in _rule(source, rule, folder)]
    for board in source.boards:
        found += [f"dashboards/{board.id}.yaml: {p}" for p in _board(source, board, folder)]
    if found:
        return found
    made = objects.everything(source)
    shared = {one["id"] for one in made if one["type"] in {"index-pattern", "search"}}
    bodies = {board.id: boards.payload(names.PREFIX, board) for board in source.boards}
    return model.problems(made) + body.problems(bodies, shared)


def _unique(source: Source) -> Iterator[str]:
    for what, group in (("data view", source.views), ("search", source.searches), ("rule", source.rules)):
        for id, count in Counter(one.id for one in group).items():
            if count > 1:
                yield f"{what} {id}: stands {count} times"
    for id, count in Counter(board.id for board in source.boards).items():
        if count > 1:
            yield f"dashboard {id}: stands {count} times"


def _views(source: Source, folder: Path) -> Iterator[str]:
    for view in source.views:
        if not (folder / f"{view.mapping}.yaml").exists():
            yield f"data_views.yaml: {view.id}: no mapping {view.mapping}"
            continue
        known = fields(view.mapping, folder)
        for name in (view.time, *view.forms):
            yield from (f"data_views.yaml: {view.id}: {p}" for p in _field(known, name, lambda field: True, "shown"))
        yield from (
            f"data_views.yaml: {view.id}: {p}" for p in _field(known, view.time, lambda f: f.type == "date", "its time")
        )


def _known(source: Source, data: str, folder: Path) -> Mapping[str, Field] | None:
    view = source.view(data)
    return fields(view.mapping, folder) if view and (folder / f"{view.mapping}.yaml").exists() else None


def _no_view(source: Source, data: str) -> str:
    return f"no data view {data!r}; {nearest(data, [view.id for view in source.views])}"


def _search(source: Source, search: Search, folder: Path) -> Iterator[str]:
    known = _known(source, search.data, folder)
    if known is None:
        yield _no_view(source, search.data)
        return
    yield from _query(known, search.query)
    for name in search.columns:
        yield from _field(known, name, lambda field: field.kept, "a column")
    yield from _field(known, search.sort, lambda field: field.aggregatable, "sorted by")


def _rule(source: Source, rule: Rule, folder: Path) -> Iterator[str]:
    known = _known(source, rule.data, folder)
    if known is None:
        yield _no_view(source, rule.data)
        return
    yield from _query(known, rule.query)
    if rule.each:
        yield from _field(known, rule.each, lambda field: field.type in _GROUPED, "grouped by")
    if rule.value:
        yield from _value(known, rule.value)


def _board(source: Source, board: Board, folder: Path) -> Iterator[str]:
    for title, count in Counter(panel.title for panel in board.panels).items():
        if count > 1:
            yield f"panel {title!r}: stands {count} times"
    yield from _rows(board)
    for panel in board.panels:
        if panel.search and not source.search(panel.search):
            searches = [search.id for search in source.searches]
            yield f"panel {panel.title!r}: no search {panel.search!r}; {nearest(panel.search, searches)}"
            continue
        data = str(data_of(source, panel))
        known = _known(source, data, folder)
        problems = [_no_view(source, data)] if known is None else _panel(known, board, panel)
        yield from (f"panel {panel.title!r}: {problem}" for problem in problems)


def _rows(board: Board) -> Iterator[str]:
    rows: dict[int, list[Panel]] = {}
    for panel, place in objects.grid(board):
        rows.setdefault(place["y"], []).append(panel)
    for row in rows.values():
        if sum(panel.size[0] for panel in row) != objects.WIDTH or len({panel.size[1] for panel in row}) != 1:
            titles = ", ".join(repr(panel.title) for panel in row)
            yield f"panels {titles}: a row is {objects.WIDTH} wide and of one height"


def _panel(known: Mapping[str, Field], board: Board, panel: Panel) -> Iterator[str]:
    yield from _query(known, board.query)
    yield from _query(known, panel.query)
    for split in panel.splits():
        yield from _split(known, split)
    for value in panel.values:
        yield from _value(known, value)


def _split(known: Mapping[str, Field], split: Split) -> Iterator[str]:
    if split.time:
        yield from _field(known, split.time, lambda field: field.type == "date", "split by time")
    if split.field:
        fits: Fits = lambda field: field.aggregatable and (field.type in _GROUPED or field.number)  # noqa: E731
        yield from _field(known, split.field, fits, "split by")
    for choice in split.filters:
        yield from _query(known, choice.where)


def _value(known: Mapping[str, Field], value: Value) -> Iterator[str]:
    yield from _query(known, value.where)
    if value.field:
        yield from _field(known, value.field, _SUITS[value.of], f"the {value.of} of")


def _number(field: Field) -> bool:
    return field.number and field.aggregatable


def _extreme(field: Field) -> bool:
    return (field.number or field.type == "date") and field.aggregatable


def _any(field: Field) -> bool:
    return field.aggregatable


_SUITS: Mapping[str, Fits] = {
    "unique": _any, "last": _any, "max": _extreme, "min": _extreme, "sum": _number, "average": _number,
    "median": _number, "percentile": _number, "rate": _number,
}  # fmt: skip


def _query(known: Mapping[str, Field], text: str) -> Iterator[str]:
    try:
        named = kql.fields(text)
    except kql.KqlError as error:
        yield f"query {error}"
        return
    for name in sorted(named):
        yield from _field(known, name, lambda field: field.searchable, "found by")


def _field(known: Mapping[str, Field], name: str, fits: Fits, use: str) -> Iterator[str]:
    field = known.get(name)
    if field is None:
        yield f"no field {name!r} in the mapping; {nearest(name, known)}"
    elif not fits(field):
        yield f"field {name!r} is of type {field.type} and cannot be {use}"
