"""Charts of a panel's rows, by kind; each is a list of pieces of SVG."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from deploy.kibana.lens import column_of
from deploy.kibana.request import Row
from deploy.kibana.source import Panel, Value
from deploy.kibana.svg import COLOURS, DIM, INK, RULE, Box, Point, arc, area, line, rect, text

Parts = list[str]


@dataclass(frozen=True, slots=True)
class Series:
    """One line, or one colour of bars: a figure for each place on the other axis."""

    name: str
    figures: dict[str | float, float]


def shown(figure: float | str | None, value: Value) -> str:
    """A figure as Kibana would write it."""
    if not isinstance(figure, int | float):
        return "–" if figure is None else str(figure)
    if value.form == "percent":
        return f"{100 * figure:.0f} %"
    if value.form == "minutes":
        return f"{figure / 60:,.1f} min"
    if value.form == "date":
        return f"{dt.datetime.fromtimestamp(figure / 1000, dt.UTC):%d %b, %H:%M}"
    return f"{figure:,.0f}" if abs(figure) >= 10 or float(figure).is_integer() else f"{figure:.1f}"


def number(panel: Panel, rows: Sequence[Row], box: Box) -> Parts:
    """One figure in large, the second small."""
    figures = [shown(figure, value) for figure, value in zip(rows[0].values, panel.values, strict=True)]
    parts = [text((box.x, box.y + 14), panel.values[0].label, 11, box.w, fill=DIM)]
    parts.append(text((box.x, box.y + box.h - 22), figures[0], 30, box.w, weight=700))
    if len(figures) > 1:
        second = f"{figures[1]} {panel.values[1].label}"
        parts.append(text((box.x, box.y + box.h - 4), second, 11, box.w, fill=DIM))
    return parts


def xy(panel: Panel, rows: Sequence[Row], box: Box) -> Parts:
    """Lines, stacked areas or stacked bars over time or choices, with a legend where there are several series."""
    series, places = _series(panel, rows), _places(panel, rows)
    wide = 150 if len(series) > 1 else 0
    plot = box.inside(48, 6, wide + 6, 20)
    stacked = panel.kind != "line"
    heights = [[one.figures.get(place, 0.0) for place in places] for one in series]
    most = max([sum(c) if stacked else max(c) for c in zip(*heights, strict=True)] or [0])
    ticks = _ticks(most, 60 if panel.values[0].form == "minutes" else 1)
    parts = [*_axis(plot, ticks, panel.values[0]), *_names(plot, panel, places)]
    if panel.kind == "bar":
        parts += _bars(plot, heights, ticks[-1])
    elif stacked:
        parts += _areas(plot, heights, ticks[-1])
    else:
        parts += _lines(plot, series, places, ticks[-1])
    return parts + (_legend(box, [one.name for one in series]) if wide else [])


def bars(panel: Panel, rows: Sequence[Row], box: Box) -> Parts:
    """Horizontal stacked bars, longest first as the answer has them."""
    series = _series(panel, rows)
    places = list(dict.fromkeys(p for one in series for p in one.figures))
    totals = {place: sum(one.figures.get(place, 0) for one in series) for place in places}
    wide = 90 if len(series) > 1 else 0
    plot = box.inside(min(170, box.w * 0.4), 2, wide + 46, 2)
    step = min(26, plot.h / max(len(places), 1))
    most = max(totals.values(), default=0) or 1
    parts: Parts = []
    for row, place in enumerate(places[: int(plot.h // max(step, 11))]):
        y = plot.y + row * step
        parts.append(text((box.x, y + step / 2 + 4), str(place), 11, plot.x - box.x - 8))
        x = plot.x
        for colour, one in zip(_endless(), series, strict=False):
            long = plot.w * one.figures.get(place, 0) / most
            parts.append(rect(Box(x, y + 2, long, step - 4), colour))
            x += long
        parts.append(text((x + 4, y + step / 2 + 4), shown(totals[place], panel.values[0]), 10, 44, fill=DIM))
    return parts + (_legend(box, [one.name for one in series], 82) if wide else [])


def donut(panel: Panel, rows: Sequence[Row], box: Box) -> Parts:
    """A ring and its legend, with the share of each."""
    total = sum(_figure(row.values[0]) for row in rows) or 1
    radius = min(box.h, box.w * 0.55) / 2 - 4
    middle = (box.x + radius + 4, box.y + box.h / 2)
    parts, at = [], 0.0
    for colour, row in zip(_endless(), rows, strict=False):
        share = _figure(row.values[0]) / total
        parts.append(arc(middle, radius, radius * 0.6, at, at + share, colour))
        at += share
    names = [f"{row.keys[0]}  {100 * _figure(row.values[0]) / total:.0f} %" for row in rows]
    return parts + _legend(box, names, box.w - 2 * radius - 24)


def heatmap(panel: Panel, rows: Sequence[Row], box: Box) -> Parts:
    """A grid: darker where there is more."""
    where = {column_of(panel, split): i for i, split in enumerate(panel.splits())}
    cells = {(str(row.keys[where["x"]]), str(row.keys[where["by"]])): _figure(row.values[0]) for row in rows}
    across, down = (list(dict.fromkeys(key[i] for key in cells)) for i in (0, 1))
    grid = box.inside(min(150, box.w * 0.3), 16, 4, 22)
    w, h = grid.w / max(len(across), 1), grid.h / max(len(down), 1)
    size = min(10, h)
    most = max(cells.values(), default=1) or 1
    label = f"{panel.by.label if panel.by else ''} ↓   {panel.x.label if panel.x else ''} →"
    parts = [text((box.x, box.y + 9), label, 10, box.w, fill=DIM)]
    for j, name in enumerate(down):
        parts.append(text((box.x, grid.y + j * h + h / 2 + size * 0.4), name, size, grid.x - box.x - 8))
        for i, other in enumerate(across):
            figure = cells.get((other, name), 0)
            cell = Box(grid.x + i * w, grid.y + j * h, w - 1, h - 1)
            parts.append(rect(cell, _shade(figure / most)))
            if figure:
                fill = INK if figure / most < 0.6 else "#FFFFFF"
                at = (cell.x + w / 2, cell.y + h / 2 + size * 0.4)
                parts.append(text(at, f"{figure:g}", size, w, "middle", fill))
    for i, other in enumerate(across):
        parts.append(text((grid.x + i * w + w / 2, grid.y + grid.h + 13), other, 9, w - 2, "middle", DIM))
    return parts


def table(panel: Panel, rows: Sequence[Row], box: Box) -> Parts:
    """Rows of keys and figures."""
    heads = [*(split.label or str(split.field) for split in panel.rows), *(value.label for value in panel.values)]
    lines = [
        [*map(str, row.keys), *(shown(f, v) for f, v in zip(row.values, panel.values, strict=True))] for row in rows
    ]
    return listed(heads, lines, box, [2.4] * len(panel.rows) + [1.0] * len(panel.values))


def listed(heads: Sequence[str], lines: Sequence[Sequence[str]], box: Box, shares: Sequence[float]) -> Parts:
    """A table; the columns share the width as told, rows that have no room are left out."""
    parts: Parts = []
    edges = [box.x]
    for share in shares:
        edges.append(edges[-1] + box.w * share / sum(shares))
    for number, (left, right, head) in enumerate(zip(edges, edges[1:], heads, strict=False)):
        parts.append(text((left, box.y + 11), head, 10.5, right - left - 12, fill=DIM, weight=600))
        for row, cells in enumerate(lines[: int((box.h - 16) // 18)]):
            parts.append(text((left, box.y + 31 + 18 * row), cells[number], 11, right - left - 12))
    rules = [box.y + 17 + 18 * row for row in range(min(len(lines), int((box.h - 16) // 18)) + 1)]
    return parts + [line([(box.x, y), (box.x + box.w, y)], RULE, 1) for y in rules]


def _series(panel: Panel, rows: Sequence[Row]) -> list[Series]:
    where = {column_of(panel, split): i for i, split in enumerate(panel.splits())}
    found: dict[str, dict[str | float, float]] = {}
    for row in rows:
        for number, value in enumerate(panel.values):
            name = str(row.keys[where["by"]]) if "by" in where else value.label
            if row.values[number] is not None:
                found.setdefault(name, {})[row.keys[where["x"]]] = _figure(row.values[number])
            else:
                found.setdefault(name, {})
    return [Series(name, figures) for name, figures in found.items()]


def _places(panel: Panel, rows: Sequence[Row]) -> list[str | float]:
    """All places on the axis, moments in their order, choices as the answer has them."""
    where = [column_of(panel, split) for split in panel.splits()].index("x")
    places = list(dict.fromkeys(row.keys[where] for row in rows))
    return sorted(places, key=float) if panel.x and panel.x.time else places


def _ticks(most: float, unit: float) -> list[float]:
    """Round figures from nothing to `most` or just above it, at most six."""
    wanted = max(most / unit, 0.01) / 5
    power: float = 10 ** math.floor(math.log10(wanted))
    step = next(power * part for part in (1, 2, 5, 10) if power * part >= wanted * 0.999) * unit
    step = max(step, 1) if float(most).is_integer() else step
    return [step * part for part in range(math.ceil(most / step) + 1 if most > 0 else 2)]


def _axis(plot: Box, ticks: Sequence[float], value: Value) -> Parts:
    parts = []
    for tick in ticks:
        y = plot.y + plot.h * (1 - tick / ticks[-1])
        parts.append(line([(plot.x, y), (plot.x + plot.w, y)], RULE, 1))
        parts.append(text((plot.x - 5, y + 3), shown(tick, value), 9, 60, "end", DIM))
    return parts


def _names(plot: Box, panel: Panel, places: Sequence[str | float]) -> Parts:
    """What stands below the axis: six moments, or all choices."""
    timed = bool(panel.x and panel.x.time)
    every = max(1, len(places) // 6) if timed else 1
    step = plot.w / max(len(places), 1)
    long = bool(places) and timed and float(places[-1]) - float(places[0]) > 2 * 86400
    parts = []
    for number, place in list(enumerate(places))[::every]:
        name = f"{dt.datetime.fromtimestamp(float(place), dt.UTC):{'%d %b' if long else '%H:%M'}}" if timed else place
        at = (plot.x + step * (number + 0.5), plot.y + plot.h + 14)
        parts.append(text(at, str(name), 9, step * every, "middle", DIM))
    return parts


def _bars(plot: Box, heights: Sequence[Sequence[float]], top: float) -> Parts:
    parts: Parts = []
    count = len(heights[0]) if heights else 0
    step = plot.w / max(count, 1)
    floors = [plot.y + plot.h] * count
    for colour, own in zip(_endless(), heights, strict=False):
        for place, figure in enumerate(own):
            high = plot.h * figure / top
            floors[place] -= high
            if high > 0:
                parts.append(rect(Box(plot.x + step * place + step * 0.1, floors[place], step * 0.8, high), colour))
    return parts


def _areas(plot: Box, heights: Sequence[Sequence[float]], top: float) -> Parts:
    count = len(heights[0]) if heights else 0
    floor = [0.0] * count
    parts = []
    for colour, own in zip(_endless(), heights, strict=False):
        roof = [a + b for a, b in zip(floor, own, strict=True)]
        outline = [*enumerate(roof), *reversed(list(enumerate(floor)))]
        parts.append(area([_at(plot, count, place, figure, top) for place, figure in outline], colour))
        floor = roof
    return parts


def _lines(plot: Box, series: Sequence[Series], places: Sequence[str | float], top: float) -> Parts:
    parts = []
    for colour, one in zip(_endless(), series, strict=False):
        known = [(number, one.figures[place]) for number, place in enumerate(places) if place in one.figures]
        if known:
            parts.append(line([_at(plot, len(places), place, figure, top) for place, figure in known], colour))
    return parts


def _at(plot: Box, count: int, place: int, figure: float, top: float) -> Point:
    return plot.x + plot.w / max(count, 1) * (place + 0.5), plot.y + plot.h * (1 - figure / top)


def _legend(box: Box, names: Sequence[str], wide: float = 142) -> Parts:
    left = box.x + box.w - wide
    parts = []
    for row, (colour, name) in enumerate(zip(_endless(), names, strict=False)):
        y = box.y + 8 + 15 * row
        if y > box.y + box.h - 4:
            break
        parts += [rect(Box(left, y - 6, 8, 8), colour, radius=2), text((left + 13, y + 2), name, 10, wide - 14)]
    return parts


def _endless() -> Iterator[str]:
    while True:
        yield from COLOURS


def _figure(figure: float | str | None) -> float:
    return float(figure) if isinstance(figure, int | float) else 0.0


def _shade(share: float) -> str:
    if share <= 0:
        return "#F6F8FC"
    low, high = (216, 232, 255), (11, 100, 221)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(low, high, strict=True))


CHARTS: dict[str, Callable[[Panel, Sequence[Row], Box], Parts]] = {
    "number": number, "line": xy, "area": xy, "bar": xy, "bars": bars, "donut": donut, "heatmap": heatmap,
    "table": table,
}  # fmt: skip
