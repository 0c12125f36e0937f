"""The tables of docs/sizing.md from docs/sizing.yaml.

    .venv/bin/python docs/sizing.py [--check]

Writes them between the marks in the page; with `--check` it only says whether they are up to date (exit code 1 if not).
All formulas are here, one function each; units are in the names.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
PAGE, FIGURES = HERE / "sizing.md", HERE / "sizing.yaml"
DAY_S, GB = 86_400, 1e9
STAGES = ("read", "clean", "language", "attribute", "tag", "fingerprint", "fold", "index", "alert", "runner")
# The sizes between which a decision was measured.
FEW, MANY = 10_000, 300_000
MACHINES_GB = (16, 64, 256)
LONG_START_S = 900


@dataclass(frozen=True, slots=True)
class Given:
    """The figures of sizing.yaml by name, measured and assumed."""

    figures: dict[str, float]
    prices: dict[str, float]

    def __getattr__(self, name: str) -> float:
        try:
            return self.figures[name]
        except KeyError:
            raise AttributeError(name) from None


@dataclass(frozen=True, slots=True)
class Load:
    """What comes: polls a second, and new articles a day of each feed."""

    given: Given
    polls_per_s: float
    per_day: float

    @property
    def feeds(self) -> float:
        return self.polls_per_s * self.given.interval_s

    @property
    def articles_per_s(self) -> float:
        return self.feeds * self.per_day / DAY_S

    @property
    def live(self) -> float:
        """Articles in folding's memory: two TTLs of them."""
        return self.articles_per_s * DAY_S * 2 * self.given.ttl_days

    @property
    def polling_cores(self) -> float:
        """A poll that brings an article parses its whole feed; each brings at most one, to be on the safe side."""
        read = min(self.polls_per_s, self.articles_per_s)
        spent = read * self.given.poll_read_ms + (self.polls_per_s - read) * self.given.poll_unchanged_ms
        return spent / 1000 / self.given.busy

    @property
    def article_cores(self) -> float:
        return self.articles_per_s * article_ms(self.given, self.live) / 1000 / self.given.busy

    @property
    def pipeline_cores(self) -> float:
        return self.polling_cores + self.article_cores

    @property
    def deciding(self) -> float:
        """The share of one core that the one deciding key takes."""
        return self.articles_per_s * decision_ms(self.given, self.live) / 1000

    @property
    def memory_gb(self) -> float:
        return (self.live * self.given.memory_bytes / GB + self.given.base_mb / 1000) / self.given.alive_share

    @property
    def state_gb(self) -> float:
        return self.live * self.given.state_bytes / GB

    @property
    def start_s(self) -> float:
        return self.live / self.given.seed_per_s

    @property
    def elastic_cores(self) -> float:
        return self.articles_per_s * self.given.elastic_ms * (1 + self.given.replicas) / 1000 / self.given.busy

    @property
    def elastic_gb(self) -> float:
        kept = self.articles_per_s * DAY_S * self.given.kept_days
        return kept * self.given.elastic_bytes * (1 + self.given.replicas) / GB / self.given.alive_share

    @property
    def kafka_gb(self) -> float:
        kept = self.articles_per_s * DAY_S * self.given.kafka_days
        return kept * self.given.article_bytes * self.given.kafka_copies / GB

    @property
    def a_month(self) -> float:
        """What cores, memory and disk of pipeline and Elasticsearch cost; Kafka is apart."""
        prices = self.given.prices
        cores = math.ceil(self.pipeline_cores) + math.ceil(self.elastic_cores)
        return cores * prices["core"] + self.memory_gb * prices["memory_gb"] + self.elastic_gb * prices["disk_gb"]


def decision_ms(given: Given, live: float) -> float:
    """A decision among so many live articles: it grows with the logarithm, as between the two sizes measured."""
    steps = max(0.0, math.log(max(live, FEW) / FEW) / math.log(MANY / FEW))
    return given.fold_ms * given.fold_growth**steps


def article_ms(given: Given, live: float) -> float:
    """A processor's time for one article, through all stages."""
    others = sum(given.figures[f"{stage}_ms"] for stage in STAGES if stage != "fold")
    return others + decision_ms(given, live)


def read(path: Path = FIGURES) -> tuple[Given, dict[str, Any]]:
    """The figures, and the file as it is."""
    told = yaml.safe_load(path.read_text("utf-8"))
    figures = {name: one["value"] for part in ("measured", "assumed") for name, one in told[part].items()}
    return Given(figures, told["prices"]), told


def number(value: float, digits: int = 2) -> str:
    """Two valid digits, with thousands apart."""
    if value == 0:
        return "0"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{round(value, digits - 1 - math.floor(math.log10(abs(value)))):,.{places}f}"


def span(seconds: float) -> str:
    """A duration in the unit that suits it."""
    for unit, size in (("d", DAY_S), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{number(seconds / size)} {unit}"
    return f"{number(seconds)} s"


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def figures(told: dict[str, Any]) -> str:
    """What everything is reckoned from."""
    rows = [[one["tells"], f"{one['value']:,} {one['unit']}", one["where"]] for one in told["measured"].values()]
    rows += [[name.replace("_", " "), f"{one['value']:,} {one['unit']}", one["why"]]
             for name, one in told["assumed"].items()]  # fmt: skip
    rows += [[f"new articles a day of a *{name}* feed", f"{one['per_day']}", one["why"]]
             for name, one in told["loads"].items()]  # fmt: skip
    return table(["figure", "value", "measured by, or why"], rows)


def loads(given: Given, told: dict[str, Any]) -> str:
    """What each load takes."""
    head = ["polls/s", "feeds", "of kind", "articles/s", "live articles", "pipeline cores", "deciding key", "memory GB",
            "with TTL 1 d", "state GB", "start", "ES cores", "ES disk GB", "Kafka GB", "a month"]  # fmt: skip
    rows = []
    for polls in told["polls_per_s"]:
        for name, one in told["loads"].items():
            load = Load(given, polls, one["per_day"])
            short = Load(replace(given, figures={**given.figures, "ttl_days": 1}), polls, one["per_day"])
            rows.append([
                f"{polls:,}", f"{load.feeds:,.0f}", name, number(load.articles_per_s), number(load.live),
                number(load.pipeline_cores), f"{100 * load.deciding:.1f} %", number(load.memory_gb),
                number(short.memory_gb), number(load.state_gb), span(load.start_s), number(load.elastic_cores),
                number(load.elastic_gb), number(load.kafka_gb), number(load.a_month),
            ])  # fmt: skip
    return table(head, rows)


def limits(given: Given) -> str:
    """At how many articles a second each part is at its end."""
    per_live = DAY_S * 2 * given.ttl_days
    room = [
        (size * GB * given.alive_share - given.base_mb * 1e6) / given.memory_bytes / per_live for size in MACHINES_GB
    ]
    less = "shorten `dedupe.ttl`; split by language; a larger machine"
    one = 1000 * given.busy / article_ms(given, MANY)
    rows = [
        [f"a start from the index takes {span(LONG_START_S)}", number(LONG_START_S * given.seed_per_s / per_live),
         "shorten `dedupe.ttl`; split; start seldom"],
        *([f"folding's memory fills {size} GB", number(most), less]
          for size, most in zip(MACHINES_GB, room, strict=True)),
        [f"one process is busy to {given.busy:.0%}", number(one), "worker processes on a cluster; split"],
        [f"the deciding key is busy to {given.busy:.0%}, alone in its process",
         number(1000 * given.busy / (decision_ms(given, MANY) + given.runner_ms)), "`dedupe.shards`; split"],
    ]  # fmt: skip
    return table(
        ["what ends", "articles/s", "what helps"], sorted(rows, key=lambda row: float(row[1].replace(",", "")))
    )


def rendered(page: str) -> str:
    """The page with its tables made anew."""
    given, told = read()
    parts = {"figures": figures(told), "loads": loads(given, told), "limits": limits(given)}
    for name, text in parts.items():
        mark = re.compile(rf"(<!-- {name}: begin -->\n).*?(<!-- {name}: end -->)", re.DOTALL)
        if not mark.search(page):
            raise ValueError(f"sizing.md lacks the marks of {name}")
        page = mark.sub(lambda found, text=text: f"{found[1]}{text}\n{found[2]}", page)
    return page


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--check", action="store_true", help="only say whether the page is up to date")
    asked = parser.parse_args()
    page = PAGE.read_text("utf-8")
    fresh = rendered(page)
    if asked.check:
        return int(page != fresh)
    PAGE.write_text(fresh, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
