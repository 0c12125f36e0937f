"""The command for probes: health."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli import FAILED, ConfigOption, JsonOption, app, lines, loaded, out
from pipeline.values import duration
from transforms.errors import DataError


@app.command()
def health(
    live: Annotated[
        bool, typer.Option("--live", help="Only whether the process is there and says so; not what it waits for.")
    ] = False,
    max_age: Annotated[str, typer.Option(help="How old its last word may be.")] = "2m",
    max_lag: Annotated[int, typer.Option(min=0, help="How many Kafka records may wait.")] = 10_000,
    max_dead: Annotated[int, typer.Option(min=0, help="How many dead letters may lie there.")] = 100,
    as_json: JsonOption = False, conf: ConfigOption = None,
) -> None:  # fmt: skip
    """Is the pipeline well? Exit code 0 if so, 1 with the reasons if not, 3 where none has ever run. Only looks.

    Examples: `health --live` (restart it if not) · `health --max-lag 50000 --json` (tell somebody if not)
    """
    from pipeline.healthcheck import Limits, healthy

    try:
        limits = Limits(duration(max_age), max_lag, max_dead)
    except ValueError as error:
        raise DataError("--max-age", "", str(error).partition(";")[0], "write 90s, 2m or 1h") from None
    told = healthy(loaded(conf), limits, live)
    if as_json:
        lines([told])
    elif told["healthy"]:
        out().print(f"Well, as of {told['at']}.")
    else:
        for reason in told["reasons"]:
            out().print(f"Not well: {reason}", markup=False, soft_wrap=True)
    if not told["healthy"]:
        raise typer.Exit(FAILED)
