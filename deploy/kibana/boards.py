"""Dashboards as the Dashboards API of Kibana 9.5 and newer takes them: `PUT /api/dashboards/{id}`."""

from __future__ import annotations

from typing import Any

from deploy.kibana import names
from deploy.kibana.lens import OPERATIONS, SERIES
from deploy.kibana.objects import grid
from deploy.kibana.request import narrowing, rank
from deploy.kibana.source import Board, Panel, Split, Value

Json = dict[str, Any]
_FORMATS: dict[str, Json] = {
    "number": {"type": "number", "decimals": 0},
    "percent": {"type": "percent", "decimals": 0},
    "minutes": {"type": "duration", "from": "seconds", "to": "minutes"},
}


def payload(prefix: str, board: Board) -> Json:
    """The whole body of the request for one dashboard."""
    return {
        "title": f"{board.title} ({prefix})",
        "description": board.tells,
        "time_range": {"from": board.since, "to": "now"},
        "refresh_interval": {"pause": False, "value": 60000},
        "query": _query(board.query),
        "options": {"use_margins": True, "sync_cursor": True, "hide_panel_titles": False},
        "panels": [_panel(prefix, board, panel, place) for panel, place in grid(board)],
    }


def _panel(prefix: str, board: Board, panel: Panel, place: Json) -> Json:
    config: Json = {"title": panel.title}
    if panel.tells:
        config["description"] = panel.tells
    if panel.search:
        kind = "discover_session"
        config["ref_id"] = names.search(prefix, panel.search)
    else:
        kind = "vis"
        config |= _CHARTS[panel.kind](prefix, panel)
    return {"type": kind, "id": names.panel(prefix, board.id, panel.title), "grid": place, "config": config}


def _query(text: str) -> Json:
    return {"expression": text, "language": "kql"}


def _base(prefix: str, panel: Panel, type: str) -> Json:
    source = {"type": "data_view_reference", "ref_id": names.data_view(prefix, panel.data)}
    return {"type": type, "data_source": source, "query": _query(panel.query), "filters": []}


def _number(prefix: str, panel: Panel) -> Json:
    places = ("primary", "secondary")
    metrics = [{"type": place, **_value(value)} for place, value in zip(places, panel.values, strict=False)]
    return {**_base(prefix, panel, "metric"), "metrics": metrics}


def _xy(prefix: str, panel: Panel) -> Json:
    base = _base(prefix, panel, "xy")
    layer: Json = {
        "type": SERIES[panel.kind], "data_source": base.pop("data_source"),
        "y": [_value(value) for value in panel.values],
    }  # fmt: skip
    if panel.x:
        layer["x"] = _split(panel.x, panel.values)
    if panel.by:
        layer["breakdown_by"] = _split(panel.by, panel.values)
    return {**base, "layers": [layer]}


def _donut(prefix: str, panel: Panel) -> Json:
    return {
        **_base(prefix, panel, "pie"),
        "metrics": [_value(value) for value in panel.values],
        "group_by": [_split(split, panel.values) for split in panel.splits()],
        "styling": {"donut_hole": "m"},
    }


def _heatmap(prefix: str, panel: Panel) -> Json:
    chart = {**_base(prefix, panel, "heatmap"), "metric": _value(panel.values[0])}
    sides = {"x": panel.x, "y": panel.by}
    return chart | {side: _split(split, panel.values) for side, split in sides.items() if split}


def _table(prefix: str, panel: Panel) -> Json:
    return {
        **_base(prefix, panel, "data_table"),
        "metrics": [_value(value) for value in panel.values],
        "rows": [_split(split, panel.values) for split in panel.rows],
        "styling": {"paging": 20},
    }


_CHARTS = {
    "number": _number, "line": _xy, "area": _xy, "bar": _xy, "bars": _xy, "donut": _donut, "heatmap": _heatmap,
    "table": _table,
}  # fmt: skip


def _split(split: Split, values: tuple[Value, ...]) -> Json:
    label = {"label": split.label} if split.label else {}
    if split.time:
        return {"operation": "date_histogram", "field": split.time, "suggested_interval": split.every, **label}
    if split.filters:
        choices = [{"label": choice.label, "filter": _query(choice.where)} for choice in split.filters]
        return {"operation": "filters", "filters": choices, **label}
    ranked = rank(values)
    rank_by: Json = {"type": "alphabetical", "direction": "asc"}
    if ranked is not None:
        rank_by = {"type": "metric", "metric_index": ranked, "direction": "desc"}
    return {"operation": "terms", "fields": [split.field], "limit": split.top, "rank_by": rank_by, **label}


def _value(value: Value) -> Json:
    made: Json = {"operation": OPERATIONS.get(value.of, value.of), "label": value.label}
    if value.field:
        made["field"] = value.field
    if value.form in _FORMATS:
        made["format"] = _FORMATS[value.form]
    if value.of == "percentile":
        made["percentile"] = value.percentile
    if value.of == "last":
        made["time_field"] = "@timestamp"
    if value.of == "rate":
        made["time_scale"] = "m"
    if only := narrowing(value):
        made["filter"] = _query(only)
    return made
