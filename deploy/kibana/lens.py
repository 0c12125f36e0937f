"""A panel with figures as a Lens saved object: its columns, and how they are drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from deploy.kibana import names
from deploy.kibana.mapping import Field
from deploy.kibana.request import narrowing, rank
from deploy.kibana.source import Board, Panel, Split, Value, View

Json = dict[str, Any]
LAYER = "layer"
TYPES = {
    "number": "lnsMetric", "line": "lnsXY", "area": "lnsXY", "bar": "lnsXY", "bars": "lnsXY", "donut": "lnsPie",
    "heatmap": "lnsHeatmap", "table": "lnsDatatable",
}  # fmt: skip
SERIES = {"line": "line", "area": "area_stacked", "bar": "bar_stacked", "bars": "bar_horizontal_stacked"}
OPERATIONS = {"unique": "unique_count", "last": "last_value", "rate": "counter_rate"}
_FORMATS: dict[str, Json] = {
    "number": {"id": "number", "params": {"decimals": 0}},
    "percent": {"id": "percent", "params": {"decimals": 0}},
    "minutes": {"id": "duration", "params": {"decimals": 1, "fromUnit": "seconds", "toUnit": "asMinutes"}},
}
_KINDS = {"boolean": "boolean", "date": "date"}


def saved(prefix: str, board: Board, panel: Panel, view: View, fields: Mapping[str, Field]) -> Json:
    """The Lens object of `panel`, which Kibana keeps in its library and the dashboard refers to."""
    view_id = names.data_view(prefix, view.id)
    return {
        "id": names.panel(prefix, board.id, panel.title),
        "type": "lens",
        "attributes": {
            "title": f"{board.title}: {panel.title} ({prefix})",
            "description": panel.tells,
            "visualizationType": TYPES[panel.kind],
            "state": _state(panel, fields),
        },
        "references": [names.reference("index-pattern", view_id, f"indexpattern-datasource-layer-{LAYER}")],
        "coreMigrationVersion": "8.8.0",
        "typeMigrationVersion": "8.9.0",
        "managed": False,
    }


def _state(panel: Panel, fields: Mapping[str, Field]) -> Json:
    columns = _columns(panel, fields)
    layer = {"columnOrder": list(columns), "columns": columns, "incompleteColumns": {}, "sampling": 1}
    return {
        "datasourceStates": {"formBased": {"layers": {LAYER: layer}}},
        "visualization": _DRAWN[TYPES[panel.kind]](panel),
        "query": {"query": panel.query, "language": "kuery"},
        "filters": [],
        "internalReferences": [],
        "adHocDataViews": {},
    }


def column_of(panel: Panel, split: Split) -> str:
    """The id of the column of a split: x, by, or row0 and on."""
    if split is panel.x:
        return "x"
    return "by" if split is panel.by else f"row{panel.rows.index(split)}"


def _columns(panel: Panel, fields: Mapping[str, Field]) -> Json:
    columns = {column_of(panel, split): _split(split, panel.values, fields) for split in panel.splits()}
    for number, value in enumerate(panel.values):
        if value.of == "rate":
            most = value.model_copy(update={"of": "max", "label": f"Maximum of {value.field}"})
            columns[f"v{number}X0"] = _value(most, fields)
        columns[f"v{number}"] = _value(value, fields) | ({"references": [f"v{number}X0"]} if value.of == "rate" else {})
    return columns


def _split(split: Split, values: tuple[Value, ...], fields: Mapping[str, Field]) -> Json:
    if split.time:
        return {
            "label": split.label or split.time, "dataType": "date", "operationType": "date_histogram",
            "sourceField": split.time, "isBucketed": True, "scale": "interval",
            "params": {"interval": split.every, "includeEmptyRows": True, "dropPartials": False},
        }  # fmt: skip
    shape = {"dataType": "string", "isBucketed": True, "scale": "ordinal"}
    if split.filters:
        choices = [
            {"label": choice.label, "input": {"query": choice.where, "language": "kuery"}} for choice in split.filters
        ]
        return {"label": split.label or "Filters", "operationType": "filters", "params": {"filters": choices}, **shape}
    ranked = rank(values)
    by = {"type": "alphabetical", "fallback": True} if ranked is None else {"type": "column", "columnId": f"v{ranked}"}
    return {
        "label": split.label or f"Top values of {split.field}", "customLabel": bool(split.label),
        "operationType": "terms", "sourceField": split.field, **shape,
        "dataType": _KINDS.get(_type(fields, split.field, "keyword"), "string"),
        "params": {
            "size": split.top, "orderBy": by, "orderDirection": "asc" if ranked is None else "desc",
            "otherBucket": False, "missingBucket": False, "parentFormat": {"id": "terms"},
            "include": [], "exclude": [], "includeIsRegex": False, "excludeIsRegex": False,
        },
    }  # fmt: skip


def _value(value: Value, fields: Mapping[str, Field]) -> Json:
    column: Json = {
        "label": value.label, "customLabel": True,
        "dataType": _KINDS.get(_type(fields, value.field, "long"), "number"),
        "operationType": OPERATIONS.get(value.of, value.of), "isBucketed": False, "scale": "ratio",
        "params": _params(value),
    }  # fmt: skip
    if value.of == "rate":
        column["timeScale"] = "m"
    else:
        column["sourceField"] = value.field or "___records___"
    if only := narrowing(value):
        column["filter"] = {"query": only, "language": "kuery"}
    return column


def _type(fields: Mapping[str, Field], name: str | None, otherwise: str) -> str:
    """A field that is not in the mapping is what `check` tells of."""
    return fields[name].type if name and name in fields else otherwise


def _params(value: Value) -> Json:
    params: Json = {"format": _FORMATS[value.form]} if value.form in _FORMATS else {}
    if value.of == "percentile":
        params["percentile"] = value.percentile
    if value.of == "last":
        params |= {"sortField": "@timestamp", "showArrayValues": False}
    if value.of in {"count", "unique", "sum"}:
        params["emptyAsNull"] = False
    return params


def _metric(panel: Panel) -> Json:
    second = {"secondaryMetricAccessor": "v1"} if len(panel.values) > 1 else {}
    return {"layerId": LAYER, "layerType": "data", "metricAccessor": "v0", "showBar": False, **second}


def _xy(panel: Panel) -> Json:
    everywhere = {"x": True, "yLeft": True, "yRight": True}
    series = SERIES[panel.kind]
    layer = {
        "layerId": LAYER, "layerType": "data", "seriesType": series, "xAccessor": "x", "showGridlines": False,
        "accessors": _values(panel), **({"splitAccessor": "by"} if panel.by else {}),
    }  # fmt: skip
    return {
        "preferredSeriesType": series,
        "layers": [layer],
        "legend": {"isVisible": True, "position": "right"},
        "valueLabels": "hide",
        "fittingFunction": "None",
        "axisTitlesVisibilitySettings": {"x": False, "yLeft": False, "yRight": False},
        "tickLabelsVisibilitySettings": everywhere,
        "gridlinesVisibilitySettings": everywhere,
        "labelsOrientation": {"x": 0, "yLeft": 0, "yRight": 0},
    }


def _pie(panel: Panel) -> Json:
    layer = {
        "layerId": LAYER, "layerType": "data", "primaryGroups": ["by"], "metrics": _values(panel),
        "numberDisplay": "percent", "categoryDisplay": "default", "legendDisplay": "default", "nestedLegend": False,
    }  # fmt: skip
    return {"shape": "donut", "layers": [layer]}


def _heatmap(panel: Panel) -> Json:
    shown = {
        "isCellLabelVisible": True, "isXAxisLabelVisible": True, "isXAxisTitleVisible": True,
        "isYAxisLabelVisible": True, "isYAxisTitleVisible": True,
    }  # fmt: skip
    return {
        "shape": "heatmap", "layerId": LAYER, "layerType": "data",
        "xAccessor": "x", "yAccessor": "by", "valueAccessor": "v0",
        "legend": {"isVisible": True, "position": "right", "type": "heatmap_legend"},
        "gridConfig": {"type": "heatmap_grid", **shown},
    }  # fmt: skip


def _table(panel: Panel) -> Json:
    ids = [*(f"row{number}" for number in range(len(panel.rows))), *_values(panel)]
    return {
        "layerId": LAYER,
        "layerType": "data",
        "columns": [{"columnId": id} for id in ids],
        "paging": {"size": 20, "enabled": True},
    }


def _values(panel: Panel) -> list[str]:
    return [f"v{number}" for number in range(len(panel.values))]


_DRAWN: dict[str, Callable[[Panel], Json]] = {
    "lnsMetric": _metric, "lnsXY": _xy, "lnsPie": _pie, "lnsHeatmap": _heatmap, "lnsDatatable": _table,
}  # fmt: skip
