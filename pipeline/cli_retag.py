"""The command that tags anew what is indexed: retag."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from pipeline.cli import FAILED, ConfigOption, JsonOption, app, lines, loaded, opened, out, when
from transforms.alert.inert import plain
from transforms.tag.retag import Moves

_SHOWN = 15


@app.command()
def retag(
    since: Annotated[
        str | None, typer.Option(help="Only articles published since then: an age (7d) or a date (2026-11-23).")
    ] = None,
    credits: Annotated[bool, typer.Option("--credits", help="Wire credit too; stories keep their originals.")] = False,
    alerts: Annotated[bool, typer.Option("--alerts", help="Raise the alerts that new tags deserve.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would move, and change nothing.")] = False,
    as_json: JsonOption = False, conf: ConfigOption = None,
) -> None:  # fmt: skip
    """Tag anew what is indexed, after topics, entities or lists changed, and say what moved. Run twice it changes
    nothing. A pipeline may run meanwhile; what it writes stands.

    Examples: `retag --since 30d --dry-run` · `retag` · `retag --since 2026-11-01 --json`
    """
    from pipeline.retag import judge_of, taggers_of
    from pipeline.retag import retag as do

    ref = loaded(conf)
    index = opened(ref)
    progress = Console(stderr=True, highlight=False)
    with progress.status("…") as status:
        moves = do(
            index,
            taggers_of(ref, credits),
            when(since),
            dry_run,
            judge_of(ref, index) if alerts else None,
            lambda so_far: status.update(f"{so_far.looked:,} articles looked at, {so_far.moved:,} moved"),
        )
    if as_json:
        lines([{**moves.document(), "dry_run": dry_run}])
    else:
        _tell(out(), moves, dry_run)
    if moves.refused:
        raise typer.Exit(FAILED)


def _tell(console: Console, moves: Moves, dry_run: bool) -> None:
    """For a person: the counts, then the tags that moved most."""
    if moves.looked == moves.current:
        console.print(f"Nothing to change: all {moves.looked:,} articles are tagged by this data.")
        return
    done = "would be tagged anew" if dry_run else "tagged anew"
    console.print(
        f"{moves.looked:,} articles: {moves.moved + moves.same:,} {done}, of which {moves.moved:,} with other tags; "
        f"{moves.current:,} were current."
    )
    for kind in ("topics", "entities", "agencies"):
        told = moves.document()[kind]
        table = Table(kind, "articles that gained it", "that lost it", box=None, header_style="dim")
        for key, line in list(told.items())[:_SHOWN]:
            if line["added"] or line["removed"]:
                name = plain(line.get("name", key), 60)
                table.add_row(
                    name if name == key else f"{name} ({plain(key, 40)})", str(line["added"]), str(line["removed"])
                )
        if table.row_count:
            console.print(table)
        if len(told) > _SHOWN:
            console.print(f"… {len(told) - _SHOWN} more {kind}; --json tells all", style="dim")
    if moves.newer:
        console.print(f"{moves.newer:,} were written by others meanwhile, and left as they are.")
    if moves.refused:
        console.print(f"{moves.refused:,} were refused by the index, and are as before.", style="red")
