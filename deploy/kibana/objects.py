"""All saved objects in the format that Kibana imports: data views, saved searches, Lens objects, dashboards."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from deploy.kibana import lens, names
from deploy.kibana.mapping import fields
from deploy.kibana.request import data_of
from deploy.kibana.source import Board, Panel, Search, Source, View

Json = dict[str, Any]
WIDTH = 48
_CORE = "8.8.0"
_INDEX_REF = "kibanaSavedObjectMeta.searchSourceJSON.index"
_FORMS: dict[str, Json] = {
    "url": {"id": "url", "params": {"labelTemplate": "{{value}}"}},
    "percent": {"id": "percent", "params": {"pattern": "0%"}},
    "seconds": {"id": "duration", "params": {"inputFormat": "seconds", "outputFormat": "humanize"}},
}


def shared(source: Source, prefix: str = names.PREFIX) -> list[Json]:
    """Data views and saved searches, which dashboards refer to."""
    views = [_view(prefix, view) for view in source.views]
    return views + [_search(prefix, search) for search in source.searches]


def everything(source: Source, prefix: str = names.PREFIX) -> list[Json]:
    """All saved objects, what is referred to before what refers."""
    found = shared(source, prefix)
    for board in source.boards:
        found += lenses(source, prefix, board)
        found.append(_dashboard(prefix, board))
    return found


def lenses(source: Source, prefix: str, board: Board) -> Iterator[Json]:
    """The Lens objects of a dashboard. Panels whose data view is not there are left out: `check` names them."""
    for panel in board.panels:
        view = source.view(data_of(source, panel) or "")
        if view and panel.kind != "documents":
            yield lens.saved(prefix, board, panel, view, fields(view.mapping))


def ndjson(objects: Iterable[Json]) -> str:
    """One object a line, keys sorted, so that a difference shows what changed."""
    return "".join(json.dumps(one, ensure_ascii=False, sort_keys=True) + "\n" for one in objects)


def grid(board: Board) -> Iterator[tuple[Panel, Json]]:
    """Panels with their places: from left to right, a row ends where the width is used up."""
    x = y = 0
    for panel in board.panels:
        w, h = panel.size
        if x + w > WIDTH:
            x, y = 0, y + h
        yield panel, {"x": x, "y": y, "w": w, "h": h}
        x += w
        if x == WIDTH:
            x, y = 0, y + h


def _view(prefix: str, view: View) -> Json:
    forms = {field: _FORMS[form] for field, form in view.forms.items()}
    attributes = {
        "title": f"{prefix}-{view.index}",
        "name": f"{view.title} ({prefix})",
        "timeFieldName": view.time,
        "allowNoIndex": True,
        "fieldFormatMap": json.dumps(forms, sort_keys=True),
        "fieldAttrs": "{}",
        "runtimeFieldMap": "{}",
        "sourceFilters": "[]",
        "typeMeta": "{}",
    }
    return _object("index-pattern", names.data_view(prefix, view.id), attributes, [], "8.0.0")


def _search(prefix: str, search: Search) -> Json:
    searched = {"query": {"query": search.query, "language": "kuery"}, "filter": [], "indexRefName": _INDEX_REF}
    attributes = {
        "title": f"{search.title} ({prefix})",
        "description": search.tells,
        "columns": list(search.columns),
        "sort": [[search.sort, "desc"]],
        "grid": {},
        "hideChart": True,
        "isTextBasedQuery": False,
        "timeRestore": False,
        "kibanaSavedObjectMeta": {"searchSourceJSON": json.dumps(searched, sort_keys=True)},
    }
    references = [names.reference("index-pattern", names.data_view(prefix, search.data), _INDEX_REF)]
    return _object("search", names.search(prefix, search.id), attributes, references, "8.0.0")


def _dashboard(prefix: str, board: Board) -> Json:
    panels, references = [], []
    for panel, place in grid(board):
        index = names.panel(prefix, board.id, panel.title)
        kind, target = ("search", names.search(prefix, panel.search)) if panel.search else ("lens", index)
        panels.append(
            {
                "type": kind, "panelIndex": index, "gridData": {**place, "i": index}, "title": panel.title,
                "embeddableConfig": {"enhancements": {}}, "panelRefName": f"panel_{index}",
            }
        )  # fmt: skip
        references.append(names.reference(kind, target, f"{index}:panel_{index}"))
    searched = {"query": {"query": board.query, "language": "kuery"}, "filter": []}
    attributes = {
        "title": f"{board.title} ({prefix})",
        "description": board.tells,
        "version": 1,
        "timeRestore": True,
        "timeFrom": board.since,
        "timeTo": "now",
        "refreshInterval": {"pause": False, "value": 60000},
        "optionsJSON": json.dumps(OPTIONS, sort_keys=True),
        "panelsJSON": json.dumps(panels, ensure_ascii=False, sort_keys=True),
        "kibanaSavedObjectMeta": {"searchSourceJSON": json.dumps(searched, sort_keys=True)},
    }
    return _object("dashboard", names.dashboard(prefix, board.id), attributes, references, "8.9.0")


OPTIONS = {
    "useMargins": True, "syncColors": False, "syncCursor": True, "syncTooltips": False, "hidePanelTitles": False,
}  # fmt: skip


def _object(type: str, id: str, attributes: Json, references: Iterable[Any], version: str) -> Json:
    return {
        "type": type, "id": id, "attributes": attributes, "references": list(references), "managed": False,
        "coreMigrationVersion": _CORE, "typeMigrationVersion": version,
    }  # fmt: skip
