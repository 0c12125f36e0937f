"""Curves and histograms as SVG, for a person who asks where a threshold should lie."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from deploy.kibana.svg import COLOURS, DIM, INK, PAPER, RULE, Box, line, picture, rect, text

WIDE, HIGH, BINS = 720.0, 380.0, 20
_PLOT = Box(56, 44, WIDE - 76, HIGH - 124)
Points = Sequence[tuple[float, float]]


def lines(title: str, across: str, series: Mapping[str, Points], mark: float | None = None) -> str:
    """Each series as a line of (x, y), both from 0 to 1; `mark` is an x where the product decides."""
    known = [point for points in series.values() for point in points]
    low = min((y for _, y in known), default=0.0)
    floor = max(0.0, math.floor(low * 10 - 0.5) / 10)
    parts = _frame(title, across, floor, 1.0)
    if mark is not None:
        x = _PLOT.x + _PLOT.w * mark
        parts += [line([(x, _PLOT.y), (x, _PLOT.y + _PLOT.h)], DIM, 1), text((x + 4, _PLOT.y + 12), f"{mark:g}", 10)]
    for colour, points in zip(COLOURS, series.values(), strict=False):
        placed = [(_PLOT.x + _PLOT.w * x, _PLOT.y + _PLOT.h * (1 - (y - floor) / (1 - floor))) for x, y in points]
        if placed:
            parts.append(line(placed, colour, 2))
        parts += [line([point], colour) for point in placed]
    return picture((WIDE, HIGH), parts + _legend(list(series)), title)


def histogram(title: str, across: str, series: Mapping[str, Sequence[float]], bins: int = BINS) -> str:
    """Values from 0 to 1 in `bins` bins, each series as shares of its own whole; the legend tells how many it has."""
    shares = {name: _binned(values, bins) for name, values in series.items()}
    top = max((max(found) for found in shares.values()), default=1.0) or 1.0
    top = math.ceil(top * 10) / 10
    parts = _frame(title, across, 0.0, top)
    step = _PLOT.w / bins
    thin = step * 0.84 / max(1, len(shares))
    for number, (colour, found) in enumerate(zip(COLOURS, shares.values(), strict=False)):
        for place, height in enumerate(found):
            high = _PLOT.h * height / top
            x = _PLOT.x + step * (place + 0.08) + thin * number
            if high:
                parts.append(rect(Box(x, _PLOT.y + _PLOT.h - high, thin, high), colour))
    names = [f"{name} ({len(series[name]):,})" for name in series]
    return picture((WIDE, HIGH), parts + _legend(names), title)


def reliability(title: str, across: str, groups: Sequence[tuple[str, int, int]]) -> str:
    """How often a verdict is right, a bar a group: (what the group is, right, of)."""
    parts = _frame(title, across, 0.0, 1.0, ticks=False)
    step = _PLOT.w / max(1, len(groups))
    for place, (name, right, of) in enumerate(groups):
        high = _PLOT.h * right / max(1, of)
        box = Box(_PLOT.x + step * (place + 0.15), _PLOT.y + _PLOT.h - high, step * 0.7, high)
        parts.append(rect(box, COLOURS[0]))
        middle = box.x + box.w / 2
        parts.append(text((middle, _PLOT.y + _PLOT.h + 15), name, 10, step, "middle", DIM))
        parts.append(text((middle, max(_PLOT.y + 10, box.y - 4)), f"{right} of {of}", 10, step, "middle", INK))
    return picture((WIDE, HIGH), parts, title)


def _binned(values: Sequence[float], bins: int) -> list[float]:
    found = [0] * bins
    for value in values:
        found[min(bins - 1, max(0, int(value * bins)))] += 1
    return [count / max(1, len(values)) for count in found]


def _frame(title: str, across: str, low: float, high: float, *, ticks: bool = True) -> list[str]:
    parts = [rect(Box(0, 0, WIDE, HIGH), PAPER), text((16, 24), title, 14, WIDE - 32, weight=600)]
    for place in range(6):
        part = place / 5
        y = _PLOT.y + _PLOT.h * (1 - part)
        parts.append(line([(_PLOT.x, y), (_PLOT.x + _PLOT.w, y)], RULE, 1))
        parts.append(text((_PLOT.x - 6, y + 3), f"{low + (high - low) * part:.2g}", 10, 44, "end", DIM))
        if ticks:
            x = _PLOT.x + _PLOT.w * part
            parts.append(text((x, _PLOT.y + _PLOT.h + 15), f"{part:.1f}", 10, 40, "middle", DIM))
    parts.append(text((_PLOT.x + _PLOT.w / 2, _PLOT.y + _PLOT.h + 32), across, 11, _PLOT.w, "middle", DIM))
    return parts


def _legend(names: Sequence[str]) -> list[str]:
    parts, step = [], _PLOT.w / max(1, len(names))
    for place, (colour, name) in enumerate(zip(COLOURS, names, strict=False)):
        x, y = _PLOT.x + step * place, HIGH - 26
        parts += [rect(Box(x, y - 8, 9, 9), colour, radius=2), text((x + 15, y), name, 11, step - 20)]
    return parts
