"""The figures of a soak: what a checkpoint weighs and takes at some minutes, and whether it still grows at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

MINUTES = (1, 5, 10, 20, 30)
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Growth:
    """From the middle third of a soak to its last, medians of each: bytes of a checkpoint, those of them that the
    sources have, milliseconds, and how many articles came between."""

    size: float
    sources: float
    ms: float
    articles: float


def growth(told: Json) -> Growth:
    """What grew when the start was over."""
    end = told["minutes"] * 60

    def rise(rows: Sequence[Json], key: str) -> float:
        middle, last = ([row[key] for row in rows if _third(row["at"], end) == third] for third in (1, 2))
        return median(last) - median(middle)

    taken, seen = told["checkpoints"], told["samples"]
    return Growth(
        rise(taken, "size"), rise(taken, "sources"), rise(taken, "ms"), rise(seen, "articles")
    )  # fmt: skip


def _third(at: float, end: float) -> int:
    return min(2, int(3 * at / end))


def table(told: Json) -> str:
    """A row for each of MINUTES that it lasted, in Markdown. Each figure is a median of the half minute before and
    after; the heap is the least of that minute, which is what was left of it after a collection."""
    rows = [
        "| minute | articles | polls | checkpoint | of which sources | duration | TaskManager | its heap | workers |",
        "| --: | --: | --: | --: | --: | --: | --: | --: | --: |",
    ]
    for minute in MINUTES:
        if minute > told["minutes"]:
            break
        taken, seen = (_near(told[kind], minute * 60) for kind in ("checkpoints", "samples"))
        heap = min(row["heap_0"] for row in seen if "heap_0" in row)
        rows.append(
            f"| {minute} | {_mid(seen, 'articles'):,.0f} | {_mid(seen, 'polls'):,.0f}"
            f" | {_mid(taken, 'size') / 1e6:.2f} MB | {_mid(taken, 'sources') / 1e3:,.0f} kB"
            f" | {_mid(taken, 'ms'):,.0f} ms | {_mid(seen, 'taskmanager_0_rss') / 1e6:,.0f} MB"
            f" | {heap / 1e6:,.0f} MB | {_mid(seen, 'worker_0_rss') / 1e6:,.0f} MB |"
        )
    return "\n".join(rows)


def _near(rows: Sequence[Json], at: float) -> list[Json]:
    return [row for row in rows if abs(row["at"] - at) <= 30]


def _mid(rows: Sequence[Json], key: str) -> float:
    return median(row[key] for row in rows)
