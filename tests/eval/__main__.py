"""`make eval`: the product over the evaluation data, beside the floors.

    python -m tests.eval [--set NAME …] [--json] [--raise] [--out FOLDER]

Reads the data from NEWS_EVAL_DATA (else ../shared/eval), prints a table, and writes for each set a page of its worst
misses and its pictures into FOLDER (.cache/eval, which git ignores: the texts are their publishers'). `--raise` pins
what was bettered and what is new, here and in docs/evaluation.md. Exit 1 where a figure does not keep to its floor, 2
for a mistake in the floors, 3 where the data is absent.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from tests.eval.floors import Floor
    from tests.eval.model import Measured

OUT = ".cache/eval"
# Columns of a table that goes into a file.
WIDTH = 150


def main(argv: Sequence[str] | None = None) -> int:
    """What the arguments ask for; the exit code."""
    # Beam warns on import of cloud libraries that are not here.
    logging.getLogger().setLevel(logging.ERROR)
    from rich.console import Console

    from tests.eval import floors
    from tests.eval.sets import SETS, measured
    from transforms.errors import DataError, MissingPart

    asked = _arguments(argv, list(SETS), floors.FILE)
    console = Console(stderr=asked.json)
    if not console.is_terminal:
        console.width = WIDTH
    try:
        pinned = floors.load(asked.floors)
        results = []
        for name in asked.set or SETS:
            with console.status(f"{name} …"):
                results.append(measured(name))
    except (DataError, MissingPart) as error:
        print(error, file=sys.stderr)
        return 3 if isinstance(error, MissingPart) else 2
    figures = [figure for result in results for figure in result.figures]
    if asked.raise_:
        pinned = floors.raised(figures, pinned, datetime.now(UTC).date())
        asked.floors.write_text(floors.text(pinned), "utf-8")
        if asked.floors == floors.FILE:
            floors.PAGE.write_text(floors.tabled(floors.PAGE.read_text("utf-8"), pinned), "utf-8")
    told = floors.broken(figures, pinned)
    if asked.json:
        print(json.dumps([_document(result, pinned) for result in results], ensure_ascii=False, indent=1))
    _table(console, results, pinned)
    _write(console, Path(asked.out), results, pinned)
    for one in told:
        print(f"BROKEN: {one}", file=sys.stderr)
    return 1 if told else 0


def _arguments(argv: Sequence[str] | None, names: list[str], file: Path) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.eval", description="The product measured on public data.")
    parser.add_argument("--set", action="append", choices=names, help="only this set; may be repeated")
    parser.add_argument("--json", action="store_true", help="figures and lists of ids as JSON; the table to stderr")
    parser.add_argument("--raise", action="store_true", dest="raise_", help="raise floors to what is measured")
    parser.add_argument("--out", default=OUT, help=f"folder for pages and pictures ({OUT})")
    parser.add_argument("--floors", type=Path, default=file, help="another file of floors")
    return parser.parse_args(argv)


def _document(result: Measured, pinned: dict[str, Floor]) -> dict[str, Any]:
    figures = [
        {"key": f.key, "language": f.language, "value": round(f.value, 6), "cases": f.cases, "tells": f.tells,
         "floor": pinned[f.key].value if f.key in pinned else None, "least": f.least}
        for f in result.figures
    ]  # fmt: skip
    return {"set": result.name, "figures": figures, "listed": dict(result.listed)}


def _table(console: Console, results: list[Measured], pinned: dict[str, Floor]) -> None:
    from rich.table import Table

    table = Table(box=None, header_style="dim")
    table.add_column("figure", no_wrap=True)
    table.add_column("language")
    for column in ("measured", "floor", "aim", "cases"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("what it is", style="dim", overflow="fold")
    for result in results:
        for figure in result.figures:
            floor = pinned.get(figure.key)
            held = floor.shown if floor else "not pinned"
            colour = "[red]{}[/red]" if floor and not floor.holds(figure) else "{}"
            aim = "" if floor is None or floor.aim is None else f"{floor.aim:g}"
            table.add_row(figure.key, figure.language, colour.format(figure.shown), held, aim, f"{figure.cases:,}",
                          figure.tells)  # fmt: skip
        table.add_section()
    console.print(table)


def _write(console: Console, out: Path, results: list[Measured], pinned: dict[str, Floor]) -> None:
    from tests.eval.pages import page

    out.mkdir(parents=True, exist_ok=True)
    for result in results:
        (out / f"{result.name}.html").write_text(page(result, pinned), "utf-8")
        for name, picture in result.pictures.items():
            (out / f"{result.name}-{name}.svg").write_text(picture, "utf-8")
    pages = ", ".join(f"{result.name}.html" for result in results)
    console.print(f"[dim]Misses and pictures, which are not to be published: {out}/ ({pages})[/dim]")


if __name__ == "__main__":
    sys.exit(main())
