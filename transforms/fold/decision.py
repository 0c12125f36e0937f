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
    """A story that a decision changed for more than the text that came. All are ids of stored articles.

    `parted` came into it out of a story that is not merged into it, `merged` with one that is; `turned` were placed
    anew in it, with another role, original or reason. Where it has sources now that it had not, `others` are those that
    were in it, and `before` their sources.
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


def told(book: Book, member: Member, outcome: str) -> tuple[Json, tuple[Touched, ...]]:
    """The story of `member` as alert rules see it, with the member in it; and what changed for others since this was
    last asked. Where a member is not `checked` since a start, what its first coming changed may not have been looked
    at, so all of its story is told as new."""
    placed, book.placed = book.placed, {}
    of = {book.links.members[name].story: None for name in placed if name in book.links.members}
    own, *more = [book.stories[name] for name in dict.fromkeys((member.story, *of))]
    story = _of(own)
    # Of a sighting the text that came is judged, and that may be an excerpt of the one that is kept.
    whole = outcome == "sighting" or not member.checked
    others = [one for one in own.group.members if whole or one is not member]
    came = own.group.members if not member.checked else [] if outcome == "known" else [member]
    found = [_touched(own, story, others, came, placed)]
    found += [_touched(one, _of(one), one.group.members, [], placed) for one in more]
    return {**story, **_place(own, member)}, tuple(one for one in found if one is not None)


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


def _touched(
    story: Story, told: Json, others: list[Member], came: list[Member], placed: dict[str, str]
) -> Touched | None:
    """What changed in a story, `told` in words, for `others`. `came` are new in it, beside those of `others` that were
    placed into it."""
    former = {one.id: placed[one.id] for one in others if one.id in placed}
    moved = {name for name, before in former.items() if before != story.id}
    own = ("", *story.merged_from)
    fresh = moved | {one.id for one in came}
    members = story.group.members
    rest = [one for one in members if one.id not in fresh]
    new = bool(others) and _new([one for one in members if one.id in fresh], rest)
    if not (former or new):
        return None
    return Touched(
        told,
        parted=tuple(name for name in former if name in moved and former[name] not in own),
        merged=tuple(name for name in former if name in moved and former[name] in own),
        turned=tuple(name for name in former if name not in moved),
        others=tuple(one.id for one in others if one.id not in moved) if new else (),
        before=tuple(one.document() for one in _sources(rest)) if new else (),
    )


def _new(came: list[Member], rest: list[Member]) -> bool:
    """Whether who came into a story has sources that the rest has not."""
    sources = {source for one in came for source in one.sources}
    # Most of the largest stories' reposts are of a source that one of the first members has.
    for one in rest:
        sources.difference_update(one.sources)
        if not sources:
            return False
    return bool(sources)
