"""The commands: `python -m pipeline …`. Exit codes: 0 fine, 1 failed, 2 bad config or usage, 3 a needed part is
missing."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from pipeline import config, logs, show
from pipeline.values import duration
from transforms.clean.urls import canonical
from transforms.deadletters.store import ReplayRunning
from transforms.errors import DataError, MissingPart, Refused
from transforms.index.interface import Index, IndexAway, Query
from transforms.index.schema import IndexFileError, IndexInUse
from transforms.records import Json, seconds

FAILED, BAD_CONFIG, MISSING = 1, 2, 3
_log = logging.getLogger(__name__)
app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Folds reposted news onto its originals, tags it, indexes it, and alerts a watcher once per story.",
)

ConfigOption = Annotated[
    str | None,
    typer.Option("--config", "-c", help="Config file; else NEWS_CONFIG, ./config.local.yaml, ./config.yaml."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON lines for machines.")]
LimitOption = Annotated[int, typer.Option(min=1, help="At most so many.")]
Since = Annotated[str | None, typer.Option(help="Only since then: an age (2h, 7d) or a date (2026-11-23).")]
Lang = Annotated[str | None, typer.Option(help="Language, ISO 639-1: ar.")]
Topic = Annotated[str | None, typer.Option(help="Topic id: sanctions.")]
Entity = Annotated[str | None, typer.Option(help="Entity id or name: Q159 or Russia.")]
SourceOption = Annotated[str | None, typer.Option("--source", help="Source id or domain: reuters.com.")]


def opened(ref: config.Ref) -> Index:
    """The index of a config, for reading."""
    from pipeline.opening import index_of

    return index_of(ref, patient=False)


def loaded(path: str | None) -> config.Ref:
    """The config in force, checked."""
    ref = config.read(config.find(path))
    config.resolve(ref)
    return ref


def when(text: str | None) -> int | None:
    """`--since` and `--before` in seconds UTC: an age or an ISO 8601 date."""
    import time

    if text is None:
        return None
    with contextlib.suppress(ValueError):
        return int(time.time() - duration(text))
    try:
        return seconds(text)
    except ValueError:
        remedy = "write an age such as 2h or 7d, or a date such as 2026-11-23"
        raise DataError("--since", "", f"{text!r} is no time", remedy) from None


def asked(text: str | None, since: str | None, lang: str | None, topic: str | None, entity: str | None,
          source: str | None, limit: int) -> Query:  # fmt: skip
    """The query that the options state."""
    return Query(text, when(since), lang, topic, entity, source, limit)


def lines(items: Iterator[Json] | list[Json]) -> None:
    """Documents as JSON lines on stdout."""
    for item in items:
        sys.stdout.write(json.dumps(item, ensure_ascii=False) + "\n")


def out() -> Console:
    """The terminal for answers; progress and errors go to stderr."""
    return Console(highlight=False, soft_wrap=False)


@app.command()
def search(
    text: Annotated[str | None, typer.Argument(help='Words, "phrases", OR, -not, prefix*.')] = None,
    since: Since = None, lang: Lang = None, topic: Topic = None, entity: Entity = None, source: SourceOption = None,
    limit: LimitOption = 20, as_json: JsonOption = False, conf: ConfigOption = None,
) -> None:  # fmt: skip
    """Articles that match.

    Examples: `search عقوبات --lang ar` · `search '"military hotline" -sport' --since 7d` · `search --topic sanctions
    --json`
    """
    found = opened(loaded(conf)).search(asked(text, since, lang, topic, entity, source, limit))
    if as_json:
        lines(found)
    else:
        show.articles(out(), found)


@app.command()
def stories(
    since: Since = None, lang: Lang = None, topic: Topic = None, entity: Entity = None, source: SourceOption = None,
    limit: LimitOption = 20, as_json: JsonOption = False, conf: ConfigOption = None,
) -> None:  # fmt: skip
    """Stories, newest first: each original once, with how many repost it.

    Examples: `stories --since 24h` · `stories --topic sanctions --entity Russia` · `stories --source blog.example`
    """
    found = opened(loaded(conf)).stories(asked(None, since, lang, topic, entity, source, limit))
    if as_json:
        lines(found)
    else:
        show.stories(out(), found)


@app.command()
def story(
    key: Annotated[str, typer.Argument(help="A story id, or the id or URL of one of its articles.")],
    as_json: JsonOption = False, conf: ConfigOption = None,
) -> None:  # fmt: skip
    """One story: who had it first, who copied, when, how much and which passages, which agencies are credited, and why
    we think so.

    Examples: `story 9f86d081884c7d659a2f` · `story https://blog.example/2026/11/23/repost`
    """
    from pipeline.matches import document, matches

    index = opened(loaded(conf))
    found = index.story(canonical(key) or key)
    if found is None:
        raise typer.Exit(_fail(f"no story or article {show.isolate(key)}; `stories` lists them"))
    if as_json:
        matched = matches(index, found)
        members = [{**one, "matched": document(matched.get(one["id"], []))} for one in found["members"]]
        lines([{**found, "members": members}])
    else:
        show.story(out(), found, matches(index, found))


@app.command()
def reposts(
    since: Since = None, source: SourceOption = None, limit: LimitOption = 50, as_json: JsonOption = False,
    conf: ConfigOption = None,
) -> None:  # fmt: skip
    """Who copies whom: for each source how often, how fast, how much of its text, and whether it credits the agency.

    Examples: `reposts --since 7d` · `reposts --source blog.example --json`
    """
    from functools import partial

    from pipeline.opening import own_agency
    from transforms.index.reposts import graph

    ref = loaded(conf)
    found = graph(opened(ref).reposts(when(since)), partial(own_agency, ref), source, limit)
    if as_json:
        lines(found)
    else:
        show.reposts(out(), found)


@app.command()
def alerts(
    since: Since = None, limit: LimitOption = 20, as_json: JsonOption = False, conf: ConfigOption = None
) -> None:
    """Alerts, newest first: one per rule and story, with why it fired.

    Examples: `alerts` · `alerts --since 2h --json`
    """
    found = opened(loaded(conf)).alerts(when(since), limit)
    if as_json:
        lines(found)
    else:
        show.alerts(out(), found)


@app.command()
def export(
    all_revisions: Annotated[bool, typer.Option("--all-revisions", help="Former revisions too.")] = False,
    as_json: JsonOption = True, conf: ConfigOption = None,
) -> None:  # fmt: skip
    """All current article documents as JSON lines, sorted by id.

    Examples: `export > articles.jsonl` · `export --all-revisions | gzip > all.jsonl.gz`
    """
    del as_json  # it has no other form
    lines(opened(loaded(conf)).export(all_revisions))


@app.command()
def forget(
    what: Annotated[list[str] | None, typer.Argument(help="Article ids or URLs.")] = None,
    before: Annotated[str | None, typer.Option(help="All published before this date or age.")] = None,
    as_json: JsonOption = False, conf: ConfigOption = None,
) -> None:  # fmt: skip
    """Remove articles from index, state and outbox; they do not come back. A running pipeline notices.

    Examples: `forget https://blog.example/x` · `forget --before 2026-01-01` · `forget --before 90d`
    """
    if not what and before is None:
        raise DataError("forget", "", "nothing named", "give ids, URLs or --before DATE")
    from pipeline.upkeep import forget as do

    gone = do(opened(loaded(conf)), what or [], when(before))
    if as_json:
        lines([{"forgotten": gone}])
    else:
        out().print(f"Forgotten: {gone} article{'' if gone == 1 else 's'}.")


@app.command()
def backup(
    path: Annotated[Path, typer.Argument(help="The file to write.")],
    conf: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Copy the embedded index while everything runs.

    Example: `backup /backups/news-2026-11-23.db`
    """
    from pipeline.upkeep import backup as do

    do(loaded(conf), path)
    lines([{"backup": str(path)}]) if as_json else out().print(f"Backed up to {path}")


@app.command()
def restore(
    path: Annotated[Path, typer.Argument(help="A file written by backup.")], conf: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Put a backup in the place of the embedded index. Refused while a pipeline uses it.

    Example: `restore /backups/news-2026-11-23.db`
    """
    from pipeline.upkeep import restore as do

    do(loaded(conf), path)
    lines([{"restored": str(path)}]) if as_json else out().print(f"Restored from {path}")


def _fail(text: str, code: int = FAILED) -> int:
    if logs.is_json():
        _log.error("%s", text)
    else:
        logs.console().print(text, markup=False, soft_wrap=True)
    return code


def main(args: list[str] | None = None) -> Any:
    """Run a command; returns never, exits with the contract's codes."""
    from pipeline import cli_health, cli_index, cli_judge, cli_lists, cli_retag, cli_run  # noqa: F401 - add their commands

    try:
        logs.setup()
        app(args=args)
    except DataError as error:
        sys.exit(_fail(str(error), BAD_CONFIG))
    except (MissingPart, IndexAway) as error:
        sys.exit(_fail(str(error), MISSING))
    except (IndexInUse, Refused, ReplayRunning) as error:
        sys.exit(_fail(str(error)))
    except IndexFileError as error:
        sys.exit(_fail(str(error), BAD_CONFIG))
    except BrokenPipeError:
        # The reader of a pipe has gone (`export | head`): nothing is wrong.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        logs.crashed(error)
        sys.exit(FAILED)
