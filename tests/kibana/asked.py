"""What a panel asks, in one form whichever way it is written: in our YAML, as a Lens object, as a body of the API."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from deploy.kibana.request import narrowing, rank
from deploy.kibana.source import Panel

Json = dict[str, Any]
_LENS = {"unique_count": "unique", "last_value": "last", "counter_rate": "rate"}


@dataclass(frozen=True)
class Asked:
    """The query, the splits without their order, the figures in theirs."""

    query: str
    splits: frozenset[tuple[Any, ...]]
    values: tuple[tuple[Any, ...], ...]


def by_source(panel: Panel) -> Asked:
    """Of our YAML."""
    ranked = rank(panel.values)
    splits: list[tuple[Any, ...]] = []
    for split in panel.splits():
        if split.time:
            splits.append(("time", split.time, split.every))
        elif split.filters:
            splits.append(("filters", tuple((choice.label, choice.where) for choice in split.filters)))
        else:
            splits.append(("terms", split.field, split.top, ranked, "asc" if ranked is None else "desc"))
    values = [
        (one.of, one.field, narrowing(one), one.percentile if one.of == "percentile" else None) for one in panel.values
    ]
    return Asked(panel.query, frozenset(splits), tuple(values))


def by_lens(saved: Json) -> Asked:
    """Of a Lens object."""
    state = saved["attributes"]["state"]
    (layer,) = state["datasourceStates"]["formBased"]["layers"].values()
    columns = layer["columns"]
    helpers = {name for column in columns.values() for name in column.get("references", ())}
    splits, values = [], []
    for name in layer["columnOrder"]:
        column = columns[name]
        if column["isBucketed"]:
            splits.append(_lens_split(column))
        elif name not in helpers:
            inner = columns[column["references"][0]] if "references" in column else column
            field = inner["sourceField"]
            values.append(
                (
                    _LENS.get(column["operationType"], column["operationType"]),
                    None if field == "___records___" else field,
                    column.get("filter", {}).get("query", ""),
                    column["params"].get("percentile"),
                )
            )
    return Asked(state["query"]["query"], frozenset(splits), tuple(values))


def _lens_split(column: Json) -> tuple[Any, ...]:
    params = column["params"]
    if column["operationType"] == "date_histogram":
        return "time", column["sourceField"], params["interval"]
    if column["operationType"] == "filters":
        return "filters", tuple((one["label"], one["input"]["query"]) for one in params["filters"])
    by = params["orderBy"]
    ranked = int(by["columnId"].removeprefix("v")) if by["type"] == "column" else None
    return "terms", column["sourceField"], params["size"], ranked, params["orderDirection"]


def by_body(panel: Json) -> Asked:
    """Of a panel of a body for the Dashboards API."""
    config = panel["config"]
    parts = {**config, **config["layers"][0]} if "layers" in config else config
    splits = [parts[name] for name in ("x", "y", "breakdown_by") if isinstance(parts.get(name), dict)]
    splits += [*parts.get("group_by", ()), *parts.get("rows", ())]
    figures = parts.get("metrics") or parts.get("y")
    values = [parts["metric"]] if "metric" in parts else figures
    return Asked(config["query"]["expression"], frozenset(map(_body_split, splits)), tuple(_body_values(values)))


def _body_split(split: Json) -> tuple[Any, ...]:
    if split["operation"] == "date_histogram":
        return "time", split["field"], split["suggested_interval"]
    if split["operation"] == "filters":
        return "filters", tuple((one["label"], one["filter"]["expression"]) for one in split["filters"])
    by = split["rank_by"]
    return "terms", split["fields"][0], split["limit"], by.get("metric_index"), by["direction"]


def _body_values(values: Iterable[Json]) -> Iterable[tuple[Any, ...]]:
    for one in values:
        of = _LENS.get(one["operation"], one["operation"])
        yield of, one.get("field"), one.get("filter", {}).get("expression", ""), one.get("percentile")
