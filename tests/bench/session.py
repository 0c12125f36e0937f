"""`make bench`: the whole graph on Prism beside a straight loop over the same functions, and what memory holds.

    python -m tests.bench [--articles 4000] [--runs 5] [--json] [--profile] [--no-memory]
        [--no-servers | --only-servers]

Reads saudinewsnet from NEWS_EVAL_DATA (else ../shared/eval). Exit 1 where loop and graph disagree about what they
indexed, 3 where the articles are absent. NEWS_BENCH_ARTICLES and NEWS_BENCH_RUNS set the defaults.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console

from tests.bench import corpus, loop, onprism, report, served
from tests.bench.corpus import Corpus
from tests.bench.profiler import Profiler, Report
from tests.running import ROOT

WARM_UP = 200
PROFILED = 1000


def run() -> int:
    """What the arguments ask for; the exit code."""
    asked = arguments()
    base = Path(os.environ.get("NEWS_EVAL_DATA") or ROOT.parent / "shared" / "eval")
    articles = base / "saudinewsnet" / "articles.jsonl.gz"
    if not articles.is_file():
        print(f"{articles} is absent; set NEWS_EVAL_DATA", file=sys.stderr)
        return 3
    console = Console(stderr=asked.json)
    with tempfile.TemporaryDirectory(prefix="news-bench-") as folder:
        if asked.profile:
            report.profiled(console, *profile(articles, Path(folder)))
            return 0
        taken = None
        if not asked.no_servers:
            taken = served.measure(articles, Path(folder), asked.articles, asked.runs, console)
        told = served.figures(taken) if taken else None
        if asked.only_servers:
            return only_servers(console, told, asked.json)
        rounds, used = measure(articles, Path(folder), asked.articles, asked.runs, console)
    memory = None if asked.no_memory else remembered(console)
    figures = {**report.figures(rounds, used, memory), "served": told}
    if asked.json:
        print(json.dumps(figures))
    else:
        report.show(console, figures)
        if told:
            served.show(console, told)
    for problem in figures["disagreements"]:
        print(problem, file=sys.stderr)
    return 1 if figures["disagreements"] else 0


def only_servers(console: Console, told: dict[str, Any] | None, as_json: bool) -> int:
    """Print these figures alone; the exit code."""
    if told is None:
        return 3
    if as_json:
        print(json.dumps(told))
    else:
        served.show(console, told)
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--articles", type=int, default=int(os.environ.get("NEWS_BENCH_ARTICLES", "4000")))
    parser.add_argument("--runs", type=int, default=int(os.environ.get("NEWS_BENCH_RUNS", "5")))
    parser.add_argument("--json", action="store_true", help="the figures as one JSON object")
    parser.add_argument("--profile", action="store_true", help="instead: where the graph's process spends its time")
    parser.add_argument("--no-servers", action="store_true", help="leave out Kafka to Elasticsearch")
    parser.add_argument("--only-servers", action="store_true", help="only Kafka to Elasticsearch")
    parser.add_argument("--no-memory", action="store_true", help="leave out the figures at 10 k and 300 k articles")
    return parser.parse_args()


def measure(articles: Path, folder: Path, count: int, runs: int, console: Console) -> tuple[list[report.Round], Corpus]:
    """`runs` rounds over the same file, each into new indexes; who begins alternates. One loop before them, over the
    whole file, and a small graph fill the memories of words, so that both are warm."""
    warm = corpus.write(articles, folder / "warm.jsonl", WARM_UP)
    full = corpus.write(articles, folder / "all.jsonl", count)
    loop.run(corpus.reference(folder / "warm-loop", full))
    onprism.run(corpus.reference(folder / "warm-graph", warm))
    rounds = []
    for number in range(runs):
        rounds.append(one(full, folder / str(number), graph_first=number % 2 == 1))
        console.print(f"[dim]{number + 1}/{runs}  {report.line(rounds[-1])}[/dim]")
    return rounds, full


def one(used: Corpus, folder: Path, graph_first: bool = False) -> report.Round:
    """One round."""
    runs = [("loop", loop.run, 1), ("graph", onprism.run, 1), ("sharded", onprism.run, report.SHARDS)]
    timings = {}
    for name, run, shards in reversed(runs) if graph_first else runs:
        ref = corpus.reference(folder / name, used, shards)
        gc.collect()
        timings[name] = run(ref)
    return report.Round(**timings)


def profile(articles: Path, folder: Path) -> tuple[Report, Report]:
    """Where loop and graph spend their time, each over the same articles, all of which were seen before."""
    full = corpus.write(articles, folder / "all.jsonl", PROFILED)
    with Profiler() as profiler:
        one(full, folder / "warm")
        before = profiler.report()
        onprism.run(corpus.reference(folder / "graph", full))
        graph = profiler.report().since(before)
    return profiler.alone(loop.run, corpus.reference(folder / "loop", full)), graph


def remembered(console: Console) -> report.Memory | None:
    """What folding holds for each live article, and how its look-up slows down; None where that is not measured."""
    try:
        from tests.bench.memory import SIZES, bytes_per_article, lookup_ratio
    except ImportError:
        console.print("[yellow]tests/bench/memory.py is missing: no figures on memory[/yellow]")
        return None
    return report.Memory({n: float(bytes_per_article(n)) for n in SIZES}, float(lookup_ratio(*SIZES)))
