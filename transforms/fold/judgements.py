"""What people have judged about stories, and how folding obeys: who must be one story, who must not, who is original.

A judgement is an entry of a log that only grows (`Index.judge`): `split` (an article is no repost of the story that it
was in), `merge` (two articles are of one story), `original` (an article is the original of its story), or `undo` (an
earlier entry holds no more). What is in force is a function of the log; with the members it makes stories, roles and
originals a function of the set of members and judgements, in whatever order either came.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING

from transforms.records import Json

if TYPE_CHECKING:
    from transforms.fold.stories import Member

SPLIT, MERGE, ORIGINAL, UNDO = "split", "merge", "original", "undo"
REASON = "person"
_NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Judgement:
    """One entry. `number` is its place in the log; `articles` are judged: one, or for a merge two; `others` are the
    ids of all that were in one story with it then (of a split: whom it must not meet; of an original: whom it comes
    before). `at` is RFC 3339; `of` is the number that an undo takes back.
    """

    number: int
    kind: str
    articles: tuple[str, ...] = ()
    others: frozenset[str] = frozenset()
    story: str = ""
    by: str = ""
    at: str = ""
    note: str = ""
    of: int = 0

    @property
    def told(self) -> str:
        """Whose it is, in words: `set by NAME on DATE: NOTE`."""
        return f"set by {self.by} on {self.at[:10]}" + (f": {self.note}" if self.note else "")

    def parts(self, some: Set[str], more: Set[str]) -> bool:
        """Whether a split says that these are not one story: who was split off is in one, who was left in the other."""
        return any(
            self.articles[0] in here and not self.others.isdisjoint(there)
            for here, there in ((some, more), (more, some))
        )


def from_json(entry: Json) -> Judgement:
    """An entry as the index keeps it."""
    return Judgement(
        number=entry["number"],
        kind=entry["kind"],
        articles=tuple(entry.get("articles") or ()),
        others=frozenset(entry.get("others") or ()),
        story=entry.get("story") or "",
        by=entry.get("by") or "",
        at=entry.get("at") or "",
        note=entry.get("note") or "",
        of=entry.get("of") or 0,
    )


class Judgements:
    """The judgements in force, by the articles that they are about."""

    def __init__(self, entries: Iterable[Json] = ()) -> None:
        self.all: dict[int, Judgement] = {}
        # Every article that any entry names, also one that is undone: what may have to be placed anew.
        self.named: set[str] = set()
        self._undone: set[int] = set()
        self._judged: dict[str, tuple[Judgement, ...]] = {}
        self._apart: dict[str, frozenset[str]] = {}
        self._company: frozenset[str] = frozenset()
        self.add(entries)

    def add(self, entries: Iterable[Json]) -> set[str]:
        """Take in more of the log, in any order, each entry once or more. Returns the ids of the articles that they are
        about."""
        touched: set[str] = set()
        fresh = [from_json(entry) for entry in entries]
        for one in fresh:
            self.all[one.number] = one
            if one.kind == UNDO:
                self._undone.add(one.of)
        for one in fresh:
            about = self.all.get(one.of, one)
            touched.update(about.articles, about.others)
        self.named |= touched
        self._index()
        return touched

    @property
    def any(self) -> bool:
        """Whether any is in force."""
        return bool(self._judged)

    def _index(self) -> None:
        judged: dict[str, list[Judgement]] = {}
        apart: dict[str, set[str]] = {}
        for one in self.active():
            for name in one.articles:
                judged.setdefault(name, []).append(one)
            if one.kind == SPLIT:
                (leaver,) = one.articles
                apart.setdefault(leaver, set()).update(one.others)
                for other in one.others:
                    apart.setdefault(other, set()).add(leaver)
        self._judged = {name: tuple(several) for name, several in judged.items()}
        self._company = frozenset(name for one in self.active() if one.kind == ORIGINAL for name in one.others)
        self._apart = {name: frozenset(several) for name, several in apart.items()}

    def active(self) -> list[Judgement]:
        """Those in force, in the order in which they were made."""
        return [one for _, one in sorted(self.all.items()) if one.kind != UNDO and one.number not in self._undone]

    def of(self, name: str, kind: str) -> Judgement | None:
        """The last judgement of this kind in force that was made about this article."""
        return next((one for one in reversed(self._judged.get(name, ())) if one.kind == kind), None)

    def about(self, names: Iterable[str]) -> bool:
        """Whether any of these articles is judged, or kept apart from one that is."""
        return bool(self._judged) and any(name in self._judged or name in self._apart for name in names)

    def was_there(self, name: str) -> bool:
        """Whether this article was in a story when a person chose its original: with it the choice is in force."""
        return name in self._company

    def partners(self, name: str) -> list[str]:
        """The articles that must be in one story with this one."""
        merges = (one for one in self._judged.get(name, ()) if one.kind == MERGE)
        return [other for one in merges for other in one.articles if other != name]

    def apart(self, name: str) -> frozenset[str]:
        """The articles with which this one may not be in one story."""
        return self._apart.get(name, _NOBODY)

    def stays_out(self, member: Member, founder: Member) -> bool:
        """Whether `member` was split off from articles that would join this founder's story: so it stays out, too,
        where a better original comes and draws the others to itself."""
        apart = self._apart.get(member.id, _NOBODY)
        return self.of(member.id, SPLIT) is not None and not apart.isdisjoint((*founder.links, *founder.parts))


NONE = Judgements()
