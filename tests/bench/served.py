"""Rounds from Kafka to Elasticsearch on servers of our own: the plain helper beside our ends, and the whole graph."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from pipeline import servers
from tests.bench import ends
from tests.bench.corpus import RULES
from tests.bench.ends import Place
from tests.servers.elastic_server import Elastic
from tests.servers.kafka_server import Kafka
from transforms.errors import MissingPart

AIM = 0.6


@dataclass(frozen=True, slots=True)
class Served:
    """Seconds that one round took for `articles`, each way."""

    articles: int
    helper: float
    ends: float
    whole: float

    def line(self) -> str:
        """The round on one line."""
        rates = [f"{name} {self.articles / getattr(self, name):.0f}/s" for name in ("helper", "ends", "whole")]
        return f"{', '.join(rates)}; ends by helper {self.helper / self.ends:.2f}"


def measure(articles: Path, folder: Path, count: int, runs: int, console: Console) -> list[Served] | None:
    """`runs` rounds; who begins alternates. None where the servers cannot be had, which is said."""
    try:
        with _place() as place:
            size = ends.prepare(place, articles, count)
            console.print(f"[dim]Kafka to Elasticsearch: {count:,} articles of {size:,} bytes[/dim]")
            rounds = []
            for number in range(-1, runs):
                taken = _round(place, folder / f"served{number}", number, count)
                # The first round is for Java to get warm.
                if number >= 0:
                    rounds.append(taken)
                    console.print(f"[dim]{number + 1}/{runs}  {taken.line()}[/dim]")
            return rounds
    except MissingPart as error:
        console.print(f"[yellow]Kafka to Elasticsearch is not measured: {error}[/yellow]")
        return None


@contextlib.contextmanager
def _place() -> Iterator[Place]:
    name = f"bench{uuid.uuid4().hex[:6]}"
    named = os.environ.get("NEWS_TEST_KAFKA"), os.environ.get("NEWS_TEST_ELASTICSEARCH")
    if named[0] and named[1]:
        yield Place(named[0], named[1], name)
        return
    with contextlib.ExitStack() as stack:
        kafka, elastic = Kafka(), Elastic()
        for server in (kafka, elastic):
            server.start()
            stack.callback(server.close)
        yield Place(kafka.brokers, elastic.url, name)


def _round(place: Place, folder: Path, number: int, count: int) -> Served:
    mark = f"{place.name}-{number + 1}"

    def by_helper() -> float:
        # The same mapping, so that the server has the same to do.
        ref = ends.reference(folder / "helper", place, f"{mark}-h")
        servers.set_up(ref)
        return ends.helper(place, f"{mark}-h-articles-000001", count)

    ways: dict[str, Any] = {
        "helper": by_helper,
        "ends": lambda: ends.ends(ends.reference(folder / "ends", place, f"{mark}-e"), count),
    }
    took = {name: way() for name, way in (reversed(ways.items()) if number % 2 else ways.items())}
    took["whole"] = ends.whole(ends.reference(folder / "whole", place, f"{mark}-w", str(RULES)), count)
    return Served(count, **took)


def figures(rounds: list[Served]) -> dict[str, Any]:
    """Medians: articles a second each way, and ours by the helper's, round by round."""
    return {
        **{f"{way}_rate": round(median(r.articles / getattr(r, way) for r in rounds), 1) for way in _WAYS},
        "ends_by_helper": round(median(r.helper / r.ends for r in rounds), 3),
        "whole_by_helper": round(median(r.helper / r.whole for r in rounds), 3),
    }


_WAYS = ("helper", "ends", "whole")


def show(console: Console, told: dict[str, Any]) -> None:
    """The table a person reads."""
    table = Table("Kafka to Elasticsearch", box=None, header_style="dim")
    for column in ("articles a second", "by the helper", "aim", ""):
        table.add_column(column, justify="right")
    table.add_row("streaming_bulk in a loop over a consumer", f"{told['helper_rate']:.0f}", "", "", "")
    for name, way in (("ReadKafka, WriteIndex, CommitOffsets", "ends"), ("the whole graph", "whole")):
        ratio = told[f"{way}_by_helper"]
        met = "[green]met[/green]" if ratio >= AIM else "[red]missed[/red]"
        table.add_row(name, f"{told[f'{way}_rate']:.0f}", f"{ratio:.2f}", f"≥ {AIM}", met)
    console.print(table)
