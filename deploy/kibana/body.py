"""Our model of what the Dashboards API takes, for what is used here, after Kibana's OpenAPI file of May 2026.

`published` checks the bodies against that file itself, where one is at hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from deploy.kibana.model import Closed


class Expression(Closed):
    expression: str
    language: Literal["kql"]


class ViewReference(Closed):
    type: Literal["data_view_reference"]
    ref_id: str


class Number(Closed):
    type: Literal["number", "percent"]
    decimals: int


class Duration(Closed):
    type: Literal["duration"]
    from_: Literal["seconds"] = Field(alias="from")
    to: Literal["minutes"]


Form = Annotated[Number | Duration, Field(discriminator="type")]


class Figure(Closed):
    """What all figures may have."""

    label: str
    format: Form | None = None
    filter: Expression | None = None
    type: Literal["primary", "secondary"] | None = None


class Count(Figure):
    operation: Literal["count"]


class OfField(Figure):
    operation: Literal["unique_count", "sum", "max", "min", "average", "median"]
    field: str


class Percentile(Figure):
    operation: Literal["percentile"]
    field: str
    percentile: int


class LastValue(Figure):
    operation: Literal["last_value"]
    field: str
    time_field: str


class CounterRate(Figure):
    operation: Literal["counter_rate"]
    field: str
    time_scale: Literal["s", "m", "h", "d"]


AnyFigure = Annotated[Count | OfField | Percentile | LastValue | CounterRate, Field(discriminator="operation")]


class DateHistogram(Closed):
    operation: Literal["date_histogram"]
    field: str
    suggested_interval: str
    label: str | None = None


class Alphabetical(Closed):
    type: Literal["alphabetical"]
    direction: Literal["asc", "desc"]


class ByMetric(Closed):
    type: Literal["metric"]
    metric_index: int = Field(ge=0)
    direction: Literal["asc", "desc"]


class Terms(Closed):
    operation: Literal["terms"]
    fields: tuple[str, ...] = Field(min_length=1, max_length=4)
    limit: int
    rank_by: Annotated[Alphabetical | ByMetric, Field(discriminator="type")]
    label: str | None = None


class Choice(Closed):
    label: str
    filter: Expression


class Filters(Closed):
    operation: Literal["filters"]
    filters: tuple[Choice, ...] = Field(min_length=1)
    label: str | None = None


Buckets = Annotated[DateHistogram | Terms | Filters, Field(discriminator="operation")]


class Config(Closed):
    """What all panels may have."""

    title: str
    description: str | None = None


class Chart(Config):
    query: Expression
    filters: tuple[Any, ...] = Field(max_length=0)


class Sourced(Chart):
    data_source: ViewReference


class Metric(Sourced):
    type: Literal["metric"]
    metrics: tuple[AnyFigure, ...] = Field(min_length=1, max_length=2)


class XyLayer(Closed):
    type: Literal["line", "area_stacked", "bar_stacked", "bar_horizontal_stacked"]
    data_source: ViewReference
    x: Buckets
    y: tuple[AnyFigure, ...] = Field(min_length=1)
    breakdown_by: Buckets | None = None


class Xy(Chart):
    type: Literal["xy"]
    layers: tuple[XyLayer, ...] = Field(min_length=1)


class PieStyling(Closed):
    donut_hole: Literal["none", "s", "m", "l"]


class Pie(Sourced):
    type: Literal["pie"]
    metrics: tuple[AnyFigure, ...] = Field(min_length=1)
    group_by: tuple[Buckets, ...] = Field(min_length=1)
    styling: PieStyling


class Heatmap(Sourced):
    type: Literal["heatmap"]
    metric: AnyFigure
    x: Buckets
    y: Buckets


class TableStyling(Closed):
    paging: Literal[10, 20, 30, 50, 100]


class Table(Sourced):
    type: Literal["data_table"]
    metrics: tuple[AnyFigure, ...] = Field(min_length=1)
    rows: tuple[Buckets, ...] = Field(min_length=1)
    styling: TableStyling


class SessionReference(Config):
    ref_id: str


class Grid(Closed):
    x: int = Field(ge=0, lt=48)
    y: int = Field(ge=0)
    w: int = Field(ge=1, le=48)
    h: int = Field(ge=1)


class Vis(Closed):
    type: Literal["vis"]
    id: str
    grid: Grid
    config: Annotated[Metric | Xy | Pie | Heatmap | Table, Field(discriminator="type")]


class Session(Closed):
    type: Literal["discover_session"]
    id: str
    grid: Grid
    config: SessionReference


class TimeRange(Closed):
    from_: str = Field(alias="from")
    to: str


class Refresh(Closed):
    pause: bool
    value: int = Field(ge=1000)


class Options(Closed):
    use_margins: bool
    sync_cursor: bool
    hide_panel_titles: bool


class Body(Closed):
    """The whole body of `PUT /api/dashboards/{id}`."""

    title: str
    description: str
    time_range: TimeRange
    refresh_interval: Refresh
    query: Expression
    options: Options
    panels: tuple[Annotated[Vis | Session, Field(discriminator="type")], ...] = Field(min_length=1, max_length=100)


def problems(bodies: Mapping[str, Any], known: set[str]) -> list[str]:
    """What is wrong with `bodies` (by name); `known` are the ids of data views and saved searches that are there."""
    found = []
    for name, raw in bodies.items():
        try:
            body = Body.model_validate(raw)
        except ValidationError as error:
            found += [f"{name}: {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
            continue
        found += [f"{name}: refers to {id}, which is not there" for id in sorted(_referred(body) - known)]
    return found


def _referred(body: Body) -> set[str]:
    ids = set()
    for panel in body.panels:
        config = panel.config
        if isinstance(config, SessionReference):
            ids.add(config.ref_id)
        elif isinstance(config, Xy):
            ids |= {layer.data_source.ref_id for layer in config.layers}
        else:
            ids.add(config.data_source.ref_id)
    return ids
