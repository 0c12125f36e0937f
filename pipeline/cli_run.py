"""The commands that run the graph: run, check and replay."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline import config, show
from pipeline.cli import FAILED, ConfigOption, JsonOption, app, lines, loaded, out
from transforms.errors import DataError

PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}
PrismOption = Annotated[str | None, typer.Option("--prism", help="The Prism binary; else NEWS_PRISM, caches, PATH.")]
RunnerOption = Annotated[str, typer.Option(help="DirectRunner (Prism here), PrismRunner or FlinkRunner.")]


@app.command(context_settings=PASS_ON)
def run(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Read every source once, then end.")] = False,
    bounded_loop: Annotated[
        bool, typer.Option("--bounded-loop", help="`--once`, again and again: without Prism.")
    ] = False,
    runner: RunnerOption = "DirectRunner",
    prism: PrismOption = None,
    detach: Annotated[
        bool, typer.Option("--detach", help="On a cluster: start the job and end; it goes on by itself.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
    as_json: JsonOption = False,
    conf: ConfigOption = None,
) -> None:
    """Read the sources, fold, tag, index and alert: streaming until stopped, or to the end of bounded sources.

    Other options go to Beam. Examples: `run` · `run --once` · `run --runner FlinkRunner --flink_master=localhost:8081
    --job_endpoint=localhost:8099`
    """
    from pipeline import runners
    from pipeline.modes import Mode, start

    if runner not in runners.KNOWN:
        from pipeline.values import nearest

        raise DataError("--runner", "", f'unknown runner "{runner}"', nearest(runner, runners.KNOWN))
    runners.check_options(runner, context.args)
    mode = Mode(runner, once, bounded_loop, prism, tuple(context.args), quiet or as_json, detach)
    summary = start(loaded(conf), mode)
    if as_json:
        lines([summary])


@app.command()
def check(
    as_json: JsonOption = False,
    prism: PrismOption = None,
    conf: ConfigOption = None,
) -> None:
    """Check config, data files, rules, index and runner, and say what is missing. Nothing is read or written.

    Examples: `check` · `check --config my.yaml --json`
    """
    from pipeline.checks import checks

    rows = list(checks(config.read(config.find(conf)), prism))
    if as_json:
        lines([row.document() for row in rows])
    else:
        for row in rows:
            show.check(out(), row.good, row.what, row.said)
    # A mistake in the config (2) comes before a part that is missing (3): mending it may be all that is needed.
    codes = sorted({row.code for row in rows} - {0})
    if codes:
        raise typer.Exit(codes[0])


@app.command(context_settings=PASS_ON)
def replay(
    context: typer.Context,
    runner: RunnerOption = "DirectRunner",
    prism: PrismOption = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
    as_json: JsonOption = False,
    conf: ConfigOption = None,
) -> None:
    """Put dead letters through the graph again, each once; those that fail again stay dead letters.

    Example: `replay` after a fault was mended.
    """
    from pipeline import runners
    from pipeline.replay import replay as do

    runners.check_options(runner, context.args)

    done = do(loaded(conf), runner, prism, tuple(context.args), quiet or as_json)
    if as_json:
        lines([done])
    else:
        out().print(f"Replayed {done['replayed']}; {done['dead']} of them failed again.")
    if done["damaged"]:
        raise typer.Exit(FAILED)
