"""The commands for lists of names: lists import, lists check."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from pipeline.cli import BAD_CONFIG, FAILED, ConfigOption, JsonOption, app, lines, loaded, out
from transforms.alert.inert import plain
from transforms.errors import DataError

if TYPE_CHECKING:
    from pipeline.lists import Report

lists = typer.Typer(no_args_is_help=True, help="Long lists of names to tag by: import, check.")
app.add_typer(lists, name="lists")
_SHOWN = 20


@lists.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="What to import; .gz and .zst are inflated.")],
    format_: Annotated[str, typer.Option("--format", help="csv, yaml, jrc, wikidata (SPARQL results), wikidata-dump.")],
    into: Annotated[Path, typer.Option(help="The list file to write; name it under `entities.lists`.")],
    name: Annotated[str | None, typer.Option(help="The list's name, for ids and `tagged_by`; else INTO's.")] = None,
    type_: Annotated[str | None, typer.Option("--type", help="The type of rows that tell none: person.")] = None,
    lang: Annotated[str | None, typer.Option(help="The language of names that tell none: ar; else any.")] = None,
    keep: Annotated[
        list[str] | None, typer.Option(help="Keep names that collide so: taken, ambiguous, short, common.")
    ] = None,
    as_json: JsonOption = False, conf: ConfigOption = None,
) -> None:  # fmt: skip
    """Import names into a list file, and report those that were left out because they mean something else, too.

    Examples: `lists import watch.csv --format csv --type person --into lists/watch.jsonl` · `lists import entities.gz
    --format jrc --into lists/jrc.jsonl` · `lists import query.json --format wikidata --type city --into lists/q.jsonl`
    """
    from pipeline.lists import BadRows, import_list
    from transforms.tag.lists.collisions import REASONS
    from transforms.tag.lists.gather import Asked

    for reason in keep or ():
        if reason not in REASONS[:4]:
            raise DataError("--keep", "", f'no reason "{plain(reason, 40)}"', f"write one of {', '.join(REASONS[:4])}")
    asked = Asked(name or re.sub(r"[^a-z0-9]+", "-", into.name.partition(".")[0].lower()).strip("-"), type_, lang)
    try:
        report = import_list(loaded(conf), file, format_, into, asked, tuple(keep or ()))
    except BadRows as error:
        raise typer.Exit(_bad(error.mistakes)) from None
    _tell([report], as_json)


@lists.command()
def check(
    files: Annotated[list[Path] | None, typer.Argument(help="List files; else those that the config names.")] = None,
    as_json: JsonOption = False, conf: ConfigOption = None,
) -> None:  # fmt: skip
    """Look for names that collide with each other, with the entity files or with other lists. Exit code 1 where any do.

    Examples: `lists check` · `lists check lists/watch.jsonl --json`
    """
    from pipeline.lists import check_list, lists_of

    ref = loaded(conf)
    reports = [check_list(ref, path) for path in files or lists_of(ref)]
    _tell(reports, as_json)
    if any(report.collisions for report in reports):
        raise typer.Exit(FAILED)


def _bad(mistakes: list[DataError]) -> int:
    """Say which rows cannot be taken."""
    for mistake in mistakes[:_SHOWN]:
        sys.stderr.write(f"{plain(str(mistake), 400)}\n")
    if len(mistakes) > _SHOWN:
        sys.stderr.write(f"… {len(mistakes) - _SHOWN} more\n")
    sys.stderr.write("Nothing was imported.\n")
    return BAD_CONFIG


def _tell(reports: list[Report], as_json: bool) -> None:
    if as_json:
        lines([report.document() for report in reports])
        return
    for report in reports:
        _show(out(), report)
    if not reports:
        out().print("The config names no lists; `lists import` makes one, for `entities.lists`.")


def _show(console: Console, report: Report) -> None:
    told = report.document()
    size = f"{report.entities:,} entities, {report.names:,} names"
    head = f"{report.list_name}: {size}, version {report.version}, in {report.path}"
    console.print(head, markup=False, soft_wrap=True)
    for reason, number in told["left_out"].items():
        console.print(f"  {number:,} names collide: {reason}", style="yellow")
    for one in report.collisions[:_SHOWN]:
        others = f", as of {plain(', '.join(one.others), 80)}" if one.others else ""
        where = f"line {one.line}: " if one.line else ""
        console.print(f"    {where}{plain(one.name, 80)} ({plain(one.id, 60)}) is {one.reason}{others}", markup=False)
    if len(report.collisions) > _SHOWN:
        console.print(f"    … {len(report.collisions) - _SHOWN:,} more; --json tells all", style="dim")
    for reason, number in report.skipped.items():
        console.print(f"  {number:,} skipped: {reason}", style="dim")
    if report.ignored:
        console.print(f"  columns not used: {plain(', '.join(report.ignored), 200)}", style="dim", markup=False)
    if not report.named:
        console.print(f"  to use it: entities: {{lists: [{plain(str(report.path), 200)}]}} in the config", markup=False)
