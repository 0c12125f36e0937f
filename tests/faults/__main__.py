"""`make faults`: kill, stop and cut off the pipeline, Kafka and Elasticsearch under load, and look what is left.

    python -m tests.faults [--n 1] [--seed S] [--only WORD] [--pause 30] [--away 300] [--no-away] [--write FILE]
    python -m tests.faults --runner flink [--n 2] [--kills 5] [--seed S] [--only WORD] [--write FILE]

With `--runner flink` the graph runs on a Flink cluster, whose parts are killed, and jobs cancelled and taken up. With
`--rows FILE` the rows are kept there, and those of earlier runs are told too.

Each of the N rounds does all scenarios to one pipeline, in an order and at moments of the seed's. Exit 1 where anything
was lost, doubled or differs from an undisturbed run, 3 where a part is missing.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from tests.faults import report, series
from tests.faults.on_flink import OTHERS, TASKMANAGER
from tests.faults.scenarios import AWAY, CHAIN, Load
from tests.faults.trial import ground
from transforms.errors import MissingPart


def main() -> int:
    """What the arguments ask for; the exit code."""
    asked = arguments()
    seed = asked.seed if asked.seed is not None else random.SystemRandom().randrange(1_000_000)
    print(f"seed {seed}", flush=True)
    load = Load(asked.records, asked.records // 2, asked.pause, asked.away)
    on_flink = asked.runner == "flink"
    names = [name for name in ([TASKMANAGER] * asked.kills + list(OTHERS) if on_flink else CHAIN)
             if asked.only.lower() in name.lower()]  # fmt: skip
    began = time.time()
    rows = earlier(asked.rows)
    try:
        with tempfile.TemporaryDirectory(prefix="news-faults-") as folder, ground(Path(folder), on_flink) as place:
            for run in range(asked.n):
                if names:
                    rows += series.chain(place, seed + run, run + 1, load, names, say)
                    keep(asked.rows, rows)
            if not on_flink and not asked.no_away and asked.only.lower() in AWAY.lower():
                heavy = Load(asked.away_records, 500, asked.pause, asked.away)
                rows += series.away(place, seed, 1, heavy, say)
    except MissingPart as error:
        print(error, file=sys.stderr)
        return 3
    keep(asked.rows, rows)
    told = report.markdown(rows, seed, asked, time.time() - began)
    print(told)
    if asked.write:
        Path(asked.write).write_text(told, "utf-8")
    return 0 if rows and all(row.well for row in rows) else 1


def earlier(path: str | None) -> list[series.Row]:
    """The rows that were kept in this file."""
    if not path or not Path(path).exists():
        return []
    return [series.Row(**row) for row in json.loads(Path(path).read_text("utf-8"))]


def keep(path: str | None, rows: list[series.Row]) -> None:
    """Write them there, if anywhere."""
    if path:
        Path(path).write_text(json.dumps([asdict(row) for row in rows]), "utf-8")


def say(text: str) -> None:
    """At once: a series takes minutes."""
    print(text, flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--runner", choices=("prism", "flink"), default="prism", help="what the graph runs on")
    parser.add_argument("--kills", type=int, default=5, help="of a TaskManager, in each round on Flink")
    parser.add_argument("--n", type=int, default=1, help="how often each scenario is done")
    parser.add_argument("--seed", type=int, help="of the first round; the next has the next")
    parser.add_argument("--only", default="", help="scenarios whose name holds this word")
    parser.add_argument("--records", type=int, default=250, help="sent for each scenario")
    parser.add_argument("--pause", type=float, default=30.0, help="seconds of a stop")
    parser.add_argument("--away", type=float, default=300.0, help="seconds that Elasticsearch is away")
    parser.add_argument("--away-records", type=int, default=10_000, help="sent meanwhile")
    parser.add_argument("--no-away", action="store_true", help="leave that out")
    parser.add_argument("--rows", help="a JSON file that keeps the rows from run to run")
    parser.add_argument("--write", help="a Markdown file for the table")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
