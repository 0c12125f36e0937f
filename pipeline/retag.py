"""`retag`: the tags of what is indexed, made anew by the data as it is now.

What happens when the process dies: each article is written wholly or not at all, and says which data tagged it. The
next retag finds those that were done current, and goes on with the others. Alerts are raised before the write of their
article, so that one cannot be missed; raised again it changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline import opening, servers
from pipeline.config import Ref
from transforms.alert.evaluate import evaluate
from transforms.alert.rules import Rules
from transforms.index.documents import parts
from transforms.index.interface import WRITTEN, Index, Rejection, Tagged
from transforms.records import Json
from transforms.tag.retag import Moves, Taggers, write

_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Judge:
    """Raises the alerts of articles that were tagged anew. `outputs` get every alert."""

    index: Index
    rules: Rules
    outputs: tuple[str, ...]

    def __call__(self, document: Json) -> None:
        """Judge an article document, with its new tags, against every rule."""
        if not self.rules.rules or not document["story"]:
            return
        story = self.index.story(document["story"]["id"])
        if story is not None:
            for alert in evaluate(self.rules, document, story, int(time.time())):
                self.index.raise_alert(alert, (*self.rules.channels(alert["rule"]), *self.outputs))


def taggers_of(ref: Ref, credits: bool) -> Taggers:
    """The data of this config; with `credits` the agencies too."""
    return Taggers(opening.gazetteer_of(ref), opening.topics_of(ref), opening.agencies_of(ref) if credits else None)


def judge_of(ref: Ref, index: Index) -> Judge:
    """The alert rules of this config, over `index`."""
    return Judge(index, opening.rules_of(ref), tuple(servers.output_senders(ref)))


def retag(
    index: Index,
    taggers: Taggers,
    since: int | None = None,
    dry_run: bool = False,
    judge: Callable[[Json], None] | None = None,
    progress: Callable[[Moves], None] = lambda _: None,
) -> Moves:
    """Tag every article published since then (seconds UTC; None: ever) whose tags are not of this data.

    A page of articles is in memory at a time. Tags that others write meanwhile stand: see `transforms.tag.retag.write`.
    With `judge` each article of which a tag moved is judged. Raises IndexAway where the index cannot be reached; what
    was done until then stays done.
    """
    moves = Moves()
    for page in parts(index.tagged(since), _AT_ONCE):
        moves.looked += len(page)
        todo = [(one, taggers.fields(one.document)) for one in page if not taggers.current(one.document)]
        moves.current += len(page) - len(todo)
        if dry_run:
            for one, fields in todo:
                moves.note(one.document, fields)
        elif todo:
            _write(index, todo, judge, moves)
        progress(moves)
    if not dry_run:
        index.refresh()
    return moves


def _write(
    index: Index, todo: Sequence[tuple[Tagged, Json]], judge: Callable[[Json], None] | None, moves: Moves
) -> None:
    if judge is not None:
        for one, fields in todo:
            if any(one.document[name] != fields[name] for name in ("topics", "entities", "wire")):
                judge({**one.document, **fields})
    outcomes = index.apply([write(one, fields) for one, fields in todo])
    for (one, fields), outcome in zip(todo, outcomes, strict=True):
        if outcome == WRITTEN:
            moves.note(one.document, fields)
        elif isinstance(outcome, Rejection):
            moves.refused += 1
        else:
            moves.newer += 1
