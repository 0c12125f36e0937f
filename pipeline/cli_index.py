"""The commands that keep an index server in shape: index setup, index roll."""

from __future__ import annotations

import logging
from typing import Annotated

import typer

from pipeline.cli import ConfigOption, JsonOption, app, lines, loaded, out

index = typer.Typer(no_args_is_help=True, help="Keep an Elasticsearch index in shape: setup, roll.")
app.add_typer(index, name="index")
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]


@index.command()
def setup(dry_run: DryRun = False, as_json: JsonOption = False, conf: ConfigOption = None) -> None:
    """Put templates, indexes, aliases and retention in place. Run twice it changes nothing.

    Example: `index setup` before the first run, or after an upgrade (`run` does it as well).
    """
    from pipeline import servers
    from transforms.elastic.setup import setup as do

    # What the server lacks is for whoever sets it up to know.
    logging.getLogger("transforms.elastic").setLevel("WARNING")
    ref = loaded(conf)
    _tell(do(servers.server_of(ref), servers.elastic_of(ref), dry_run=dry_run), dry_run, as_json)


@index.command()
def roll(dry_run: DryRun = False, as_json: JsonOption = False, conf: ConfigOption = None) -> None:
    """Begin a new index where the present one is old or large enough, and delete what is past `retention`.

    A run does it every hour, and where the server has lifecycle management the server does. Example: `index roll`
    """
    from pipeline import servers
    from transforms.elastic.roll import roll as do

    ref = loaded(conf)
    _tell(do(servers.server_of(ref), servers.elastic_of(ref), dry_run=dry_run), dry_run, as_json)


def _tell(changes: list[str], dry_run: bool, as_json: bool) -> None:
    if as_json:
        lines([{"changes": changes, "dry_run": dry_run}])
        return
    for change in changes:
        out().print(f"{'would: ' if dry_run else ''}{change}", markup=False)
    if not changes:
        out().print("Nothing to change.")
