"""The curves of a soak as SVG: the size of checkpoints, beside those of the same with deferring sources; how long they
took; memory."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from deploy.kibana.svg import COLOURS, DIM, PAPER, RULE, Box, line, picture, rect, text

WIDE, HIGH, PANEL = 760.0, 640.0, 190.0
Points = Sequence[tuple[float, float]]


def curves(told: Mapping[str, Any], before: Mapping[str, Any] | None) -> str:
    """Three panels over the same minutes. `before`: a soak whose sources deferred, perhaps a shorter one."""
    end = float(told["minutes"])
    sizes = {"checkpoint": _of(told["checkpoints"], "size"), "of which sources": _of(told["checkpoints"], "sources")}
    if before:
        sizes |= {"where sources defer (27648)": _of(before["checkpoints"], "size")}
    memory = {
        "TaskManager": _of(told["samples"], "taskmanager_0_rss"),
        "its heap": _of(told["samples"], "heap_0"),
        "worker": _of(told["samples"], "worker_0_rss"),
    }
    parts = [rect(Box(0, 0, WIDE, HIGH), PAPER)]
    panels = (
        ("Size of a checkpoint, MB", sizes, 1e6),
        ("Duration of a checkpoint, s", {"duration": _of(told["checkpoints"], "ms")}, 1e3),
        ("Memory, MB", memory, 1e6),
    )
    for number, (title, series, unit) in enumerate(panels):
        parts += _panel(title, series, unit, end, 20 + number * (PANEL + 15))
    parts.append(text((WIDE / 2, HIGH - 8), "minutes since the job ran", 11, 300, "middle", DIM))
    return picture((WIDE, HIGH), parts, f"{told['feeds']} feeds, polled every {told['interval_s']} s on Flink")


def _of(rows: Sequence[Mapping[str, Any]], key: str) -> list[tuple[float, float]]:
    return sorted((row["at"] / 60, row[key]) for row in rows if key in row)


def _panel(title: str, series: Mapping[str, Points], unit: float, end: float, top: float) -> list[str]:
    plot = Box(56, top + 30, WIDE - 80, PANEL - 60)
    highest = _round(max((y for points in series.values() for _, y in points), default=1.0) / unit)
    parts = [text((16, top + 14), title, 13, WIDE / 2, weight=600)]
    for step in range(5):
        y = plot.y + plot.h * (1 - step / 4)
        parts.append(line([(plot.x, y), (plot.x + plot.w, y)], RULE, 1))
        parts.append(text((plot.x - 6, y + 3), f"{highest * step / 4:g}", 10, 44, "end", DIM))
    for step in range(7):
        x = plot.x + plot.w * step / 6
        parts.append(text((x, plot.y + plot.h + 14), f"{end * step / 6:g}", 10, 40, "middle", DIM))
    for number, (colour, (name, points)) in enumerate(zip(COLOURS, series.items(), strict=False)):
        placed = [(plot.x + plot.w * min(1.0, x / end), plot.y + plot.h * (1 - y / unit / highest)) for x, y in points]
        if placed:
            parts.append(line(placed, colour, 1.6))
        x = WIDE - 24 - 185 * (len(series) - number)
        parts += [rect(Box(x, top + 6, 9, 9), colour, radius=2), text((x + 15, top + 14), name, 11, 168)]
    return parts


def _round(value: float) -> float:
    """The next number above that four steps divide well."""
    scale = 10 ** math.floor(math.log10(value or 1.0))
    return next(scale * step for step in (1, 2, 4, 8, 12) if scale * step >= value)
