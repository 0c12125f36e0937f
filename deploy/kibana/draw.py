"""A picture of each dashboard, drawn from the answers to the queries that Kibana would send."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import httpx

from deploy.kibana import request
from deploy.kibana.charts import CHARTS, listed
from deploy.kibana.objects import grid
from deploy.kibana.source import Board, Panel, Source, View
from deploy.kibana.svg import DESK, DIM, PAPER, RULE, Box, picture, rect, text
from transforms.errors import DataError, MissingPart

COLUMN, LINE, TOP = 25, 20, 62
Json = dict[str, Any]


def pictures(source: Source, url: str, prefix: str) -> dict[str, str]:
    """An SVG for each dashboard, by its id. Raises MissingPart where no Elasticsearch answers at `url`."""
    with httpx.Client(base_url=url, timeout=60) as http:
        return {board.id: _picture(http, source, board, prefix) for board in source.boards}


def _picture(http: httpx.Client, source: Source, board: Board, prefix: str) -> str:
    placed = list(grid(board))
    high = TOP + LINE * max(place["y"] + place["h"] for _, place in placed) + 6
    wide = COLUMN * 48
    parts = [rect(Box(0, 0, wide, high), DESK), text((12, 28), board.title, 20, 700, weight=700)]
    parts.append(text((12, 50), board.tells, 12, 900, fill=DIM))
    parts.append(text((wide - 12, 28), f"{board.since} → now", 12, 300, "end", DIM))
    for panel, place in placed:
        box = Box(place["x"] * COLUMN, TOP + place["y"] * LINE, place["w"] * COLUMN, place["h"] * LINE)
        parts += _panel(http, source, board, panel, prefix, box.inside(4, 4, 4, 4))
    return picture((wide, high), parts, f"{board.title}: {board.tells}")


def _panel(http: httpx.Client, source: Source, board: Board, panel: Panel, prefix: str, box: Box) -> Sequence[str]:
    parts = [rect(box, PAPER, RULE, 6), text((box.x + 10, box.y + 18), panel.title, 12.5, box.w - 20, weight=600)]
    view = source.view(request.data_of(source, panel) or "")
    room = box.inside(12, 28, 12, 10)
    if view is None:
        return parts
    over = request.span(board.since, time.time())
    if panel.search:
        return parts + _documents(http, source, board, panel, view, prefix, over, room)
    answer = _asked(http, f"{prefix}-{view.index}", request.panel_request(board, panel, view, over))
    rows = request.rows(panel, answer)
    empty = not rows or (panel.kind != "number" and not any(row.documents for row in rows))
    if empty:
        return [*parts, text((box.x + box.w / 2, box.y + box.h / 2), panel.calm or "Nothing.", 12, 300, "middle", DIM)]
    return parts + CHARTS[panel.kind](panel, rows, room)


def _documents(http: httpx.Client, source: Source, board: Board, panel: Panel, view: View, prefix: str,
               over: request.Span, room: Box) -> list[str]:  # fmt: skip
    search = source.search(panel.search or "")
    if search is None:
        return []
    answer = _asked(http, f"{prefix}-{view.index}", request.search_request(search, view, over, board.query, 20))
    columns = [view.time, *search.columns]
    lines = [[_cell(hit.get("fields", {}), column) for column in columns] for hit in answer["hits"]["hits"]]
    shares = [_share(column) for column in columns]
    return listed([column.removeprefix("news.") for column in columns], lines, room, shares)


def _share(column: str) -> float:
    if column.endswith((".title", ".reason", ".error")):
        return 2.6
    return 1.4 if column == "@timestamp" or column.endswith((".name", ".full", "pairs", "topics.id")) else 0.9


def _cell(fields: Json, column: str) -> str:
    found = [str(one) for one in fields.get(column, [])]
    return ", ".join(found)[:120] if column != "@timestamp" else found[0][:16].replace("T", " ") if found else ""


def _asked(http: httpx.Client, index: str, body: Json) -> Json:
    try:
        answer = http.post(f"/{index}/_search", json=body)
    except httpx.HTTPError as error:
        raise MissingPart(f"Elasticsearch at {http.base_url} cannot be reached: {error}") from error
    if answer.status_code != httpx.codes.OK:
        remedy = "run the pipeline with this index first, or give its --prefix"
        raise DataError(str(http.base_url), index, f"answered {answer.status_code}: {answer.text[:300]}", remedy)
    found: Json = answer.json()
    return found
