"""The rows as a table of Markdown, with what it was made from."""

from __future__ import annotations

import argparse
import shlex
import subprocess
from collections.abc import Sequence

from tests.faults.series import Row
from tests.running import ROOT

MEMORY = "MB before and at most: pipeline; Prism"
HEAD = ("scenario", "run", "seed", "moment", "articles", "lost", "doubled", "alerts", "twice", "dead letters", "wrong",
        "caught up in", MEMORY, "result")  # fmt: skip
# What a round is.
ON_PRISM = """\
Each round is one topic of four partitions, one index and one pipeline under load, to which every scenario is done \
once, in the seed's order."""
ON_FLINK = """\
A Flink 1.19 of a JobManager, two TaskManagers of two slots each, and ZooKeeper; parallelism 2, four shards. Each \
round is one topic of four partitions and one index, to which all scenarios are done in the seed's order, while news \
come in. The moment tells what the job went on from."""


def markdown(rows: Sequence[Row], seed: int, asked: argparse.Namespace, seconds: float) -> str:
    """The whole page."""
    bad = [row for row in rows if not row.well]
    flink = asked.runner == "flink"
    # Of a cluster the memory of who follows the job tells nothing.
    shown = [at for at, name in enumerate(HEAD) if not (flink and name == MEMORY)]
    lines = [
        "# Faults on Flink" if flink else "# Faults",
        "",
        f"Printed by `{command(asked, seed)}` at commit {commit()}, in {seconds / 60:.0f} minutes. "
        "[operations.md](operations.md) tells what each part does when another is away.",
        "",
        f"{len(rows)} blows; {len(rows) - len(bad)} as it must be, {len(bad)} not. "
        f"{ON_FLINK if flink else ON_PRISM} "
        "After each: lag 0, then all that was sent is looked for. *lost* counts articles sent and not indexed, or the "
        "other way round; *doubled* further documents of an article in any index; *twice* further alerts of a rule and "
        "story; *wrong* dead letters missing, too many or repeated. At a round's end texts, revisions, stories, roles, "
        "originals and alerts are those of an undisturbed run of the same records into the embedded index.",
        "",
        _line([HEAD[at] for at in shown]),
        _line(["---"] * len(shown)),
        *(_line([_cells(row)[at] for at in shown]) for row in sorted(rows, key=lambda row: (row.scenario, row.run))),
        "",
    ]
    for row in bad:
        lines += [f"**{row.scenario}, run {row.run}, seed {row.seed}**", "", "```", *row.broken, "```", ""]
    return "\n".join(lines)


def _cells(row: Row) -> list[str]:
    peak = "; ".join(f"{row.began_mb.get(name, 0):.0f} to {most:.0f}" for name, most in sorted(row.peak_mb.items()))
    numbers = (row.articles, row.lost, row.doubled, row.alerts, row.alerts_doubled, row.letters, row.letters_wrong)
    return [row.scenario, str(row.run), str(row.seed), row.moment, *map(str, numbers), f"{row.catch_up_s:.1f} s", peak,
            "as it must be" if row.well else "**not**"]  # fmt: skip


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def command(asked: argparse.Namespace, seed: int) -> str:
    """The command that does the same again: what `asked` holds, whether it was said or is the default."""
    told = {**vars(asked), "seed": seed}
    options = [
        f"--{name.replace('_', '-')}" + ("" if value is True else f" {shlex.quote(str(value))}")
        for name, value in told.items()
        if name not in ("rows", "write") and value not in ("", False, None)
    ]
    return " ".join(["python -m tests.faults", *options])


def commit() -> str:
    """The last commit that changed the product, and whether its files differ from that."""
    product = ("--", "pipeline", "transforms")
    told = _git("log", "-1", "--format=%h", "--abbrev=12", *product)
    return (told or "unknown") + (", with changes" if _git("status", "--porcelain", *product) else "")


def _git(*args: str) -> str:
    return subprocess.run(["git", *args], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
