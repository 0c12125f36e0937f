"""What folding decided about one article, and whose story changed by it: what alert rules look at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from transforms.fold.book import Book
from transforms.fold.members import Story
from transforms.fold.stories import Member
from transforms.records import Article, Json, Source, Write


@dataclass(frozen=True, slots=True)
class Touched:
    """A story that a decision changed for others than its own article. All are ids.

    `parted` came into it out of a story that is not merged into it, `merged` with one that is, `turned` have another
    role or original in it. Where it has sources now that it had not, `others` are all its articles but the decided one,
    and `before` the sources of those that were in it.
    """

    story: Json
    parted: tuple[str, ...] = ()
    merged: tuple[str, ...] = ()
    turned: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    before: tuple[Json, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What folding decided about one article: the writes that make it so, and its story as alert rules see it.

    `outcome` is new, revision, sighting (known text, new source), known or forgotten.
    """

    article: Article
    outcome: str
    writes: tuple[Write, ...] = ()
    story: Json | None = None
    touched: tuple[Touched, ...] = ()


def told(book: Book, member: Member, outcome: str, again: bool) -> tuple[Json, tuple[Touched, ...]]:
    """The story of `member` as alert rules see it, with the member in it; and what changed for others since this was
    last asked. `again`: a known record came for the first time since a start, and what its first coming changed may not
    have been looked at, so all of its story is told as new."""
    placed, book.placed = book.placed, {}
    of = {book.links.members[name].story: None for name in placed if name in book.links.members}
    own, *more = [book.stories[name] for name in dict.fromkeys((member.story, *of))]
    was = [member] if outcome == "known" else []
    touched = [_touched(own, member, placed, None if again else was), *(_touched(s, member, placed, []) for s in more)]
    return {**_of(own), **_place(own, member)}, tuple(one for one in touched if one is not None)


def _of(story: Story) -> Json:
    sources = [source.document() for source in _sources(story.group.members)]
    return {"id": story.id, "merged_from": list(story.merged_from), "sources": sources}


def _sources(members: Iterable[Member]) -> dict[Source, None]:
    return dict.fromkeys(source for member in members for source in member.sources)


def _place(story: Story, member: Member) -> Json:
    members, original = story.group.members, story.group.original
    alone, first = len(members) == 1, original is member
    return {
        "size": len(members),
        "original_id": None if alone else original.id,
        "role": "unique" if alone else "original" if first else "repost",
        "first_seen": member.first_seen,
        "revision": member.revision,
    }


def _touched(story: Story, member: Member, placed: dict[str, str], was: list[Member] | None) -> Touched | None:
    """What changed in a story for others than `member`. `was`: who is counted as there before, beside those others that
    did not come into it now; None: nobody was."""
    others = [one for one in story.group.members if one is not member]
    former = {one.id: placed[one.id] for one in others if one.id in placed}
    moved = {name for name, before in former.items() if before != story.id}
    own = ("", *story.merged_from)
    rest = [] if was is None else was + [one for one in others if one.id not in moved]
    new = bool(others) and _new(story, rest)
    if not (former or new):
        return None
    return Touched(
        _of(story),
        parted=tuple(name for name in former if name in moved and former[name] not in own),
        merged=tuple(name for name in former if name in moved and former[name] in own),
        turned=tuple(name for name in former if name not in moved),
        others=tuple(one.id for one in others) if new else (),
        before=tuple(one.document() for one in _sources(rest)) if new else (),
    )


def _new(story: Story, rest: list[Member]) -> bool:
    """Whether the story has sources beyond those of `rest`, a part of its members."""
    kept = {one.id for one in rest}
    sources = {source for one in story.group.members if one.id not in kept for source in one.sources}
    # Most of the largest stories' reposts are of a source that one of the first members has.
    for one in rest:
        sources.difference_update(one.sources)
        if not sources:
            return False
    return bool(sources)
