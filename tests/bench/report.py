"""The figures of a session: medians over its rounds, beside the aims, as a table or as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench.corpus import Corpus
from tests.bench.loop import Timing
from tests.bench.profiler import Report

AIM_RATIO, AIM_RATE, AIM_BYTES, AIM_SLOWING = 0.7, 600.0, 1024.0, 1.2
SHARDS = 4
# What must be the same whichever way the articles went.
AGREED = ("articles", "stories", "reposts", "revisions", "alerts")


@dataclass(frozen=True, slots=True)
class Round:
    """A loop, the graph, and the graph whose look-ups are spread over `SHARDS` shards, over the same articles."""

    loop: Timing
    graph: Timing
    sharded: Timing

    @property
    def ratio(self) -> float:
        """The graph's articles a second by the loop's; above 1 the graph is faster."""
        return self.loop.wall / self.graph.wall


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes per live article by number of articles, and how many times longer a look-up takes at the most than at
    the least."""

    bytes_per_article: dict[int, float]
    slowing: float


def figures(rounds: list[Round], used: Corpus, memory: Memory | None) -> dict[str, Any]:
    """All that is printed, as one JSON object. Times are milliseconds per article, rates articles a second.

    An article is one that a source delivered; lines that are none are in the time, but not counted.
    """
    articles = rounds[0].loop.articles

    def ms(get: Any) -> float:
        return round(median(get(r) for r in rounds) / articles * 1000, 3)

    stages = {name: ms(lambda r, name=name: r.loop.stages[name]) for name in rounds[0].loop.stages}
    return {
        "articles": articles,
        "bytes_per_line": used.mean_bytes,
        "runs": len(rounds),
        "loop_rate": round(median(articles / r.loop.wall for r in rounds), 1),
        "graph_rate": round(median(articles / r.graph.wall for r in rounds), 1),
        "ratio": round(median(r.ratio for r in rounds), 3),
        "sharded_rate": round(median(articles / r.sharded.wall for r in rounds), 1),
        "sharded_by_graph": round(median(r.graph.wall / r.sharded.wall for r in rounds), 3),
        "sharded_cpu_ms": ms(lambda r: r.sharded.cpu),
        "loop_cpu_ms": ms(lambda r: r.loop.cpu),
        "graph_cpu_ms": ms(lambda r: r.graph.cpu),
        "prism_cpu_ms": ms(lambda r: r.graph.prism_cpu),
        "graph_start_s": round(median(r.graph.start_s for r in rounds), 2),
        "graph_whole_s": round(median(r.graph.whole_s for r in rounds), 2),
        "stages_ms": stages,
        "bytes_per_article": memory.bytes_per_article if memory else None,
        "slowing": round(memory.slowing, 3) if memory else None,
        "disagreements": [text for number, r in enumerate(rounds, 1) for text in _disagreements(number, r)],
    }


def _disagreements(number: int, taken: Round) -> list[str]:
    ways = {"graph": taken.graph.counts, f"graph with {SHARDS} shards": taken.sharded.counts}
    pairs = [(way, name, taken.loop.counts.get(name), told.get(name)) for way, told in ways.items() for name in AGREED]
    return [f"round {number}: {name}: loop {a}, {way} {b}" for way, name, a, b in pairs if a != b]


def line(taken: Round) -> str:
    """One round on one line."""
    loop, graph = taken.loop, taken.graph
    return (
        f"loop {loop.articles / loop.wall:.0f}/s, graph {loop.articles / graph.wall:.0f}/s, ratio {taken.ratio:.2f}, "
        f"with {SHARDS} shards {loop.articles / taken.sharded.wall:.0f}/s; "
        f"start {graph.start_s:.1f} s, from start to end {graph.whole_s:.1f} s"
    )


def show(console: Console, told: dict[str, Any]) -> None:
    """The tables a person reads."""
    console.print(f"{told['articles']:,} articles of {told['bytes_per_line']:,} bytes, median of {told['runs']}")
    console.print(_stages(told))
    console.print(_aims(told))
    console.print(
        f"[dim]Graph: from the first article credited to the last judged; {told['graph_start_s']} s to start, "
        f"{told['graph_whole_s']} s from start to end. Processor time, ms an article: loop {told['loop_cpu_ms']}, "
        f"graph {told['graph_cpu_ms']}, with shards {told['sharded_cpu_ms']}, Prism {told['prism_cpu_ms']}.[/dim]"
    )


def _stages(told: dict[str, Any]) -> Table:
    table = Table("stage", box=None, header_style="dim")
    table.add_column("ms an article", justify="right")
    table.add_column("share", justify="right")
    whole = sum(told["stages_ms"].values())
    for name, spent in told["stages_ms"].items():
        table.add_row(name, f"{spent:.3f}", f"{spent / whole:.0%}")
    return table


def _aims(told: dict[str, Any]) -> Table:
    table = Table("figure", box=None, header_style="dim")
    for column in ("measured", "aim", ""):
        table.add_column(column, justify="right")
    table.add_row("straight loop, articles a second", f"{told['loop_rate']:.0f}", "", "")

    def add(name: str, value: float | None, shown: str, aim: float, least: bool) -> None:
        if value is None:
            return
        met = value >= aim if least else value <= aim
        sign = "≥" if least else "≤"
        table.add_row(
            name, shown.format(value), f"{sign} {aim:g}", "[green]met[/green]" if met else "[red]missed[/red]"
        )

    add("graph on Prism, articles a second", told["graph_rate"], "{:.0f}", AIM_RATE, True)
    add("graph by loop", told["ratio"], "{:.2f}", AIM_RATIO, True)
    gathered = f"graph with {SHARDS} shards, articles a second (by the graph with one)"
    table.add_row(gathered, f"{told['sharded_rate']:.0f} ({told['sharded_by_graph']:.2f})", "", "")
    for count, size in (told["bytes_per_article"] or {}).items():
        add(f"bytes per live article at {count:,}", size, "{:.0f}", AIM_BYTES, False)
    add("decision at 300 k by 10 k", told["slowing"], "{:.2f}", AIM_SLOWING, False)
    return table


def profiled(console: Console, loop: Report, graph: Report) -> None:
    """Seconds by stage or library of both, and the dearest functions of the graph."""
    table = Table("where", "loop s", "graph s", box=None, header_style="dim")
    for name, spent in graph.groups.most_common(25):
        table.add_row(name, f"{loop.groups[name]:.2f}", f"{spent:.2f}")
    table.add_row("all", f"{loop.seconds:.2f}", f"{graph.seconds:.2f}")
    console.print(table)
    table = Table("function of the graph, its own time", "loop s", "graph s", box=None, header_style="dim")
    for name, spent in graph.functions.most_common(40):
        table.add_row(name, f"{loop.functions[name]:.2f}", f"{spent:.2f}")
    console.print(table)
