"""Who shares text with whom: the members of a shard, found by their sketches and linked by their whole fingerprints."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from transforms.fold import shingles
from transforms.fold.facts import agreement
from transforms.fold.furniture import LOOKED_AT, furniture
from transforms.fold.members import Members
from transforms.fold.postings import Postings
from transforms.fold.prints import NO_PRINT
from transforms.fold.shingles import Hashes
from transforms.fold.stories import Member
from transforms.fold.verdict import SAME, UNSAID, Overlap

# A look-up ends with this many links, or this many that only seemed alike; `Book` sees to larger stories' originals.
VERIFIED = 48
# A text of so few shingles has only some two to twelve in the sketch of a longer one that holds it: one in common will
# do. Of excerpts of 20 words cut from SaudiNewsNet that finds .87, two in common find .65.
SHORT = 96


class Links:
    """The members by id, their postings, and the links between them (kept at both ends)."""

    def __init__(self, ttl_s: int) -> None:
        self.ttl_s = ttl_s
        self.members = Members()
        self.postings = Postings()
        # Candidates that another shard named before they were decided here, with who waits for them.
        self.awaited: dict[str, list[str]] = {}
        # Whom learnt furniture parted, or joined anew, in the last look-ups.
        self.judged: dict[str, Member] = {}

    def file(self, member: Member) -> None:
        """Make `member` findable by its present text, and no longer by a former one."""
        self._unfile(member)
        member.number = self.members.filed.add(member.id, len(member.print) <= SHORT)
        self.members[member.id] = member
        self.postings.add(member.number, member.print.sketch)
        for name in member.awaits:
            self.awaited.setdefault(name, []).append(member.id)

    def _unfile(self, member: Member) -> None:
        self.members.filed.remove(member.number)

    def link(self, member: Member, candidates: Iterable[str] | None = None) -> None:
        """Link `member` with those it shares text with; looked up here unless other shards have named them."""
        found = self._candidates(member) if candidates is None else self._named(member, candidates)
        worn = _worn(member, found)
        if worn is not None:
            self._judge_again(found, worn)
        linked = missed = 0
        for other in found:
            known = worn is None and (other.id in member.links or other.id in member.parts)
            if known or self.verify(member, other, worn):
                linked += 1
            else:
                missed += 1
            if VERIFIED in (linked, missed):
                break

    def _judge_again(self, found: list[Member], worn: Hashes) -> None:
        """Compare anew, but for furniture, those linked before it was known. They are left in `judged`."""
        holding = {one.id: one for one in found[:LOOKED_AT] if one.print.holds(worn).any()}
        for one in holding.values():
            for other in [holding[name] for name in (*one.links, *one.parts) if name in holding and name > one.id]:
                before = (one.links.get(other.id), one.parts.get(other.id))
                self.verify(one, other, worn)
                if (one.links.get(other.id), one.parts.get(other.id)) != before:
                    self.judged.update({one.id: one, other.id: other})

    def verify(self, member: Member, other: Member, worn: Hashes | None = None) -> bool:
        """Compare two whole texts, and link them if they share enough, also but for the furniture `worn`. Whether they
        do."""
        if not self._in_reach(member, other):
            return False
        overlap = _overlap(member, other)
        bare = overlap if worn is None else overlap.without(_common(member, other, worn))
        if other.id in member.links or other.id in member.parts:
            _cut(member, other.id)
            _cut(other, member.id)
        if overlap.linked and bare.linked:
            member.links[other.id] = overlap
            other.links[member.id] = overlap.turned()
        elif bare.passage:
            member.parts[other.id] = bare
            other.parts[member.id] = bare.turned()
        return other.id in member.links or other.id in member.parts

    def meet(self, member: Member, other: Member) -> bool:
        """Compare two that no look-up has compared, as a look-up of `member` would: but for the furniture that the
        articles like it show. Whether they are linked by it."""
        if not self._in_reach(member, other):
            return False
        overlap = _overlap(member, other)
        if not (overlap.linked or overlap.passage):
            return False
        return self.verify(member, other, _worn(member, self._candidates(member)))

    def alike(self, member: Member, other: Member) -> bool:
        """Whether a look-up of one finds the other, however many it compares."""
        common = shingles.shared(member.print.sketch, other.print.sketch)
        return common >= _least(member, other)

    def _in_reach(self, member: Member, other: Member) -> bool:
        return other is not member and abs(member.published - other.published) <= self.ttl_s

    def neighbours(self, member: Member) -> list[Member]:
        """The members that it shares text with, as far as they are in memory."""
        return [self.members[other] for other in (*member.links, *member.parts) if other in self.members]

    def unlink(self, member: Member) -> list[Member]:
        """Take all links off `member`; returns who they led to."""
        before = self.neighbours(member)
        for other in before:
            _cut(other, member.id)
        member.links, member.parts = {}, {}
        return before

    def join(self, member: Member) -> None:
        """Make the links of a loaded member known at both ends. What the index says of them is compared anew where
        both texts are at hand."""
        for other in self.neighbours(member):
            if not member.complete and len(member.print) and len(other.print):
                self.verify(member, other)
            elif other.id in member.links:
                other.links.setdefault(member.id, member.links[other.id].turned())
            else:
                other.parts.setdefault(member.id, member.parts[other.id].turned())

    def remove(self, gone: Iterable[Member]) -> None:
        """Forget members and their links. Their postings go with the next `sweep`."""
        for member in gone:
            self.members.pop(member.id, None)
            self._unfile(member)
            for other in self.neighbours(member):
                _cut(other, member.id)
            for name in member.awaits:
                waiting = [one for one in self.awaited.pop(name, ()) if one != member.id]
                if waiting:
                    self.awaited[name] = waiting

    def fade(self, members: Iterable[Member]) -> None:
        """Let go of the fingerprints of members that nothing new can be folded with."""
        for member in members:
            member.print, member.complete = NO_PRINT, True
            self._unfile(member)

    def complete(self, members: Iterable[Member]) -> dict[str, Member]:
        """Look up the links of those that were read from the index and not needed since: an index names only some, and
        without a fingerprint nobody finds the others. Returns whom learnt furniture parted, or joined anew, by it."""
        for member in members:
            if not member.complete:
                self.link(member)
                member.complete = True
        judged, self.judged = self.judged, {}
        return judged

    def sweep(self) -> None:
        """Drop the postings of what is gone or faded."""
        self.members.filed.forget_first()
        self.postings.drop(self.members.filed.alive)

    def _candidates(self, member: Member) -> list[Member]:
        found = self.postings.find(member.print.sketch, 1)
        if len(member.print) > SHORT:
            found = [(number, common) for number, common in found if common > 1 or self.members.filed.is_short(number)]
        # A number without a member is that of a former text, or of what is gone.
        names = (self.members.filed.name(number) for number, _ in found)
        members = (self.members[name] for name in names if name is not None)
        near = (other for other in members if self._in_reach(member, other))
        # A look-up ends with that many at the latest, and each more would have its story woken for nothing.
        return list(itertools.islice(near, 2 * VERIFIED))

    def _named(self, member: Member, candidates: Iterable[str]) -> list[Member]:
        own = member.print.sketch
        named: dict[str, tuple[int, int, Member]] = {}
        for name in (*candidates, *self.awaited.pop(member.id, ())):
            other = self.members.get(name)
            if other is None:
                member.awaits = (*member.awaits, name)
                self.awaited.setdefault(name, []).append(member.id)
            elif self._in_reach(member, other):
                common = shingles.shared(own, other.print.sketch)
                if common >= _least(member, other):
                    named[name] = (-common, other.number, other)
        return [other for _, _, other in sorted(named.values(), key=lambda found: found[:2])]


def _worn(member: Member, found: list[Member]) -> Hashes | None:
    """The hashes of the member's text that are furniture, by what was `found` like it; None if none is."""
    mask = furniture(member, found)
    return None if mask is None else member.print.cut[mask]


def _overlap(member: Member, other: Member) -> Overlap:
    overlap = Overlap(member.print.shared(other.print), len(member.print), len(other.print))
    if not overlap.in_doubt:
        return overlap
    weighed = overlap.weighed(agreement(member.slots, other.slots), member.published - other.published)
    # Within one host half a text is a form or its furniture, and what is known of that hangs on what came before.
    alone = weighed.facts == SAME and member.host == other.host != ""
    return replace(weighed, facts=UNSAID) if alone else weighed


def _common(member: Member, other: Member, worn: Hashes) -> int:
    """How many of `worn` are in both."""
    return int(np.count_nonzero(member.print.holds(worn) & other.print.holds(worn)))


def _least(member: Member, other: Member) -> int:
    """How many hashes of their sketches two articles must share to be compared."""
    return 1 if min(len(member.print), len(other.print)) <= SHORT else 2


def _cut(member: Member, other: str) -> None:
    member.links.pop(other, None)
    member.parts.pop(other, None)
