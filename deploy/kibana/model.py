"""Our model of the saved objects that Kibana imports. Kibana publishes no schema for them and no package carries one.

It is written after objects that Kibana 8.9 to 9.2 exported, and refuses what it does not know.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, Json, TypeAdapter, ValidationError


class Closed(BaseModel):
    """An object that refuses keys which are not named here."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Query(Closed):
    query: str
    language: Literal["kuery"]


class Reference(Closed):
    type: Literal["index-pattern", "search", "lens"]
    id: str
    name: str


class Saved(Closed):
    """What all saved objects have."""

    id: str
    references: tuple[Reference, ...]
    managed: bool
    coreMigrationVersion: Literal["8.8.0"]


class DataViewAttributes(Closed):
    title: str
    name: str
    timeFieldName: str
    allowNoIndex: bool
    fieldFormatMap: Json[dict[str, dict[str, Any]]]
    fieldAttrs: Json[dict[str, Any]]
    runtimeFieldMap: Json[dict[str, Any]]
    sourceFilters: Json[list[Any]]
    typeMeta: Json[dict[str, Any]]


class DataView(Saved):
    type: Literal["index-pattern"]
    typeMigrationVersion: Literal["8.0.0"]
    attributes: DataViewAttributes


class Searched(Closed):
    query: Query
    filter: tuple[Any, ...]
    indexRefName: str | None = None


class Meta(Closed):
    searchSourceJSON: Json[Searched]


class SearchAttributes(Closed):
    title: str
    description: str
    columns: tuple[str, ...]
    sort: tuple[tuple[str, Literal["asc", "desc"]], ...]
    grid: dict[str, Any]
    hideChart: bool
    isTextBasedQuery: Literal[False]
    timeRestore: bool
    kibanaSavedObjectMeta: Meta


class SavedSearch(Saved):
    type: Literal["search"]
    typeMigrationVersion: Literal["8.0.0"]
    attributes: SearchAttributes


class Column(Closed):
    """A column of a Lens layer; what it needs beside is checked by its operation."""

    label: str
    customLabel: bool | None = None
    dataType: Literal["string", "number", "date", "boolean"]
    operationType: Literal[
        "date_histogram", "terms", "filters", "count", "unique_count", "sum", "max", "min", "average", "median",
        "percentile", "last_value", "counter_rate",
    ]  # fmt: skip
    isBucketed: bool
    scale: Literal["ordinal", "interval", "ratio"]
    params: dict[str, Any]
    sourceField: str | None = None
    filter: Query | None = None
    references: tuple[str, ...] = ()
    timeScale: Literal["s", "m", "h", "d"] | None = None


class Layer(Closed):
    columnOrder: tuple[str, ...]
    columns: dict[str, Column]
    incompleteColumns: dict[str, Any]
    sampling: float


class FormBased(Closed):
    layers: dict[str, Layer] = Field(min_length=1)


class Sources(Closed):
    formBased: FormBased


class LensState(Closed):
    datasourceStates: Sources
    visualization: dict[str, Any]
    query: Query
    filters: tuple[Any, ...]
    internalReferences: tuple[Any, ...]
    adHocDataViews: dict[str, Any]


class LensAttributes(Closed):
    title: str
    description: str
    visualizationType: Literal["lnsMetric", "lnsXY", "lnsPie", "lnsHeatmap", "lnsDatatable"]
    state: LensState


class Lens(Saved):
    type: Literal["lens"]
    typeMigrationVersion: Literal["8.9.0"]
    attributes: LensAttributes


class Place(Closed):
    x: int = Field(ge=0, lt=48)
    y: int = Field(ge=0)
    w: int = Field(ge=1, le=48)
    h: int = Field(ge=1)
    i: str


class Placed(Closed):
    type: Literal["lens", "search"]
    panelIndex: str
    gridData: Place
    title: str
    embeddableConfig: dict[str, Any]
    panelRefName: str


class Options(Closed):
    useMargins: bool
    syncColors: bool
    syncCursor: bool
    syncTooltips: bool
    hidePanelTitles: bool


class Refresh(Closed):
    pause: bool
    value: int = Field(ge=1000)


class DashboardAttributes(Closed):
    title: str
    description: str
    version: Literal[1]
    timeRestore: Literal[True]
    timeFrom: str
    timeTo: str
    refreshInterval: Refresh
    optionsJSON: Json[Options]
    panelsJSON: Json[tuple[Placed, ...]]
    kibanaSavedObjectMeta: Meta


class Dashboard(Saved):
    type: Literal["dashboard"]
    typeMigrationVersion: Literal["8.9.0"]
    attributes: DashboardAttributes


Known = DataView | SavedSearch | Lens | Dashboard
_ADAPTER: TypeAdapter[Known] = TypeAdapter(Annotated[Known, Field(discriminator="type")])
_ACCESSORS = ("metricAccessor", "secondaryMetricAccessor", "xAccessor", "yAccessor", "valueAccessor", "splitAccessor")


def problems(objects: Sequence[dict[str, Any]]) -> list[str]:
    """What is wrong with `objects`: shapes, ids that stand twice, references and accessors that lead nowhere."""
    found, read = [], []
    for raw in objects:
        try:
            read.append(_ADAPTER.validate_python(raw))
        except ValidationError as error:
            found += [f"{raw.get('type')} {raw.get('id')}: {e['loc']}: {e['msg']}" for e in error.errors()]
    ids = Counter((one.type, one.id) for one in read)
    found += [f"{type} {id}: stands {count} times" for (type, id), count in ids.items() if count > 1]
    for one in read:
        found += [f"{one.type} {one.id}: {problem}" for problem in _unresolved(one, set(ids))]
    return found


def _unresolved(one: Known, ids: set[tuple[Any, str]]) -> Iterator[str]:
    names = [reference.name for reference in one.references]
    for reference in one.references:
        if (reference.type, reference.id) not in ids:
            yield f"refers to {reference.type} {reference.id}, which is not there"
    if len(set(names)) < len(names):
        yield "two references have one name"
    if missing := set(_needed(one)) - set(names):
        yield f"names {', '.join(sorted(missing))}, which is not among its references"
    if isinstance(one, Lens):
        yield from _loose(one)
    if isinstance(one, Dashboard):
        yield from _covered(one)


def _needed(one: Known) -> Iterator[str]:
    """The names under which an object must have references."""
    if isinstance(one, Lens):
        for layer in one.attributes.state.datasourceStates.formBased.layers:
            yield f"indexpattern-datasource-layer-{layer}"
    elif isinstance(one, SavedSearch):
        yield str(one.attributes.kibanaSavedObjectMeta.searchSourceJSON.indexRefName)
    elif isinstance(one, Dashboard):
        for panel in one.attributes.panelsJSON:
            yield f"{panel.panelIndex}:{panel.panelRefName}"


def _loose(lens: Lens) -> Iterator[str]:
    """Accessors and references of columns that name no column."""
    layers = lens.attributes.state.datasourceStates.formBased.layers
    columns = {name: column for layer in layers.values() for name, column in layer.columns.items()}
    for layer in layers.values():
        if sorted(layer.columnOrder) != sorted(layer.columns):
            yield "columnOrder does not name each column once"
    named = set(_accessors(lens.attributes.state.visualization))
    named |= {name for column in columns.values() for name in column.references}
    named |= {
        str(column.params["orderBy"]["columnId"])
        for column in columns.values()
        if column.params.get("orderBy", {}).get("type") == "column"
    }
    yield from (f"names column {name}, which is not there" for name in sorted(named - set(columns)))
    for name, column in columns.items():
        if (column.sourceField is None) != (column.operationType in {"filters", "counter_rate"}):
            yield f"column {name}: {column.operationType} and its field do not go together"


def _accessors(state: dict[str, Any]) -> Iterator[str]:
    for key, value in state.items():
        if key in _ACCESSORS:
            yield value
        elif key in {"accessors", "primaryGroups", "metrics"}:
            yield from value
        elif key == "columns":
            yield from (column["columnId"] for column in value)
        elif key == "layers":
            for layer in value:
                yield from _accessors(layer)


def _covered(dashboard: Dashboard) -> Iterator[str]:
    """Panels that stand out of the grid, or over one another."""
    taken: dict[tuple[int, int], str] = {}
    for panel in dashboard.attributes.panelsJSON:
        place = panel.gridData
        if place.x + place.w > 48:
            yield f"panel {panel.title!r} stands out of the grid"
        cells = [(x, y) for x in range(place.x, place.x + place.w) for y in range(place.y, place.y + place.h)]
        if other := next((taken[cell] for cell in cells if cell in taken), None):
            yield f"panel {panel.title!r} stands over {other!r}"
        taken |= dict.fromkeys(cells, panel.title)
