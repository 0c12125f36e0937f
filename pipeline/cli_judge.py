"""The commands of a person who knows better: judge split, merge, original, undo, list."""

from __future__ import annotations

import getpass
import time
from typing import Annotated, Any

import typer

from pipeline import show
from pipeline.cli import ConfigOption, JsonOption, app, lines, loaded, opened, out
from transforms.alert.inert import plain
from transforms.errors import DataError
from transforms.fold.judging import Bench, Hand, Judged
from transforms.records import Json, rfc3339

judge = typer.Typer(no_args_is_help=True, help="Correct a story: split, merge, original, undo, list.")
app.add_typer(judge, name="judge")
By = Annotated[str | None, typer.Option(help="Whose judgement it is; else the user's name on this machine.")]
Note = Annotated[str, typer.Option(help="Why, in a sentence.")]
Article = Annotated[str, typer.Argument(help="The id or URL of an article.")]
Either = Annotated[str, typer.Argument(help="The id or URL of an article, or a story's id.")]


@judge.command()
def split(key: Article, by: By = None, note: Note = "", as_json: JsonOption = False, conf: ConfigOption = None) -> None:
    """This article is no repost of its story: it leaves, and stays out.

    Example: `judge split https://blog.example/x --by Amal --note "another aid plane"`
    """
    _tell(_bench(conf).split(_key(key), _hand(by, note)), as_json)


@judge.command()
def merge(
    first: Either, second: Either, by: By = None, note: Note = "", as_json: JsonOption = False,
    conf: ConfigOption = None,
) -> None:  # fmt: skip
    """These two are one story.

    Example: `judge merge 9f86d081884c7d659a2f https://portal.example/y --by Amal`
    """
    _tell(_bench(conf).merge(_key(first), _key(second), _hand(by, note)), as_json)


@judge.command()
def original(
    story: Either, article: Article, by: By = None, note: Note = "", as_json: JsonOption = False,
    conf: ConfigOption = None,
) -> None:  # fmt: skip
    """This article is the original of that story, of which it is a member.

    Example: `judge original 9f86d081884c7d659a2f https://paper.example/z --by Amal --note "its own reporting"`
    """
    _tell(_bench(conf).original(_key(story), _key(article), _hand(by, note)), as_json)


@judge.command()
def undo(
    number: Annotated[int, typer.Argument(min=1, help="The number of a judgement.")],
    by: By = None, note: Note = "", as_json: JsonOption = False, conf: ConfigOption = None,
) -> None:  # fmt: skip
    """Take a judgement back.

    Example: `judge undo 3 --by Amal`
    """
    _tell(_bench(conf).undo(number, _hand(by, note)), as_json)


@judge.command(name="list")
def listed(as_json: JsonOption = False, conf: ConfigOption = None) -> None:
    """All judgements, the first first, also those that were taken back.

    Example: `judge list --json`
    """
    found = opened(loaded(conf)).judgements()[1]
    if as_json:
        lines(found)
    else:
        show.judgements(out(), found)


def _bench(conf: str | None) -> Bench:
    from functools import partial

    from pipeline.config import resolve
    from pipeline.opening import agency_names, own_agency

    ref = loaded(conf)
    return Bench(opened(ref), int(resolve(ref).dedupe.ttl), partial(own_agency, ref), agency_names(ref))


def _key(key: str) -> str:
    """An id; of a URL the form in which the index has it."""
    from transforms.clean.urls import canonical

    return canonical(key) or key


def _hand(by: str | None, note: str) -> Hand:
    try:
        name: Any = by if by is not None else getpass.getuser()
    except (KeyError, OSError):
        raise DataError(
            "--by", "", "nobody is known by that name on this machine", "say who judges: --by NAME"
        ) from None
    return Hand(plain(name, 1000), str(rfc3339(int(time.time()))), plain(note, 1000))


def _tell(done: Judged, as_json: bool) -> None:
    one = done.judgement
    if as_json:
        told: Json = {"judgement": one.number, "kind": one.kind, "already": done.already, "placed": done.placed}
        lines([told])
        return
    before = "was in force before" if done.already else "is in force"
    articles = f"{done.placed} article{'' if done.placed == 1 else 's'}"
    said = f"Judgement {one.number} ({one.kind}) {before}, {one.told}. Placed anew: {articles}."
    out().print(said, markup=False, soft_wrap=True)
