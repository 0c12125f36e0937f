"""The book of stories: which member is in which, kept as links come and go, and written where it changed."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable

from transforms.fold import placement
from transforms.fold.judgements import Judgements
from transforms.fold.links import VERIFIED, Links
from transforms.fold.members import Story
from transforms.fold.settle import elect, settle
from transforms.fold.stories import Group, Member, choose, form
from transforms.records import Version, Write

# The former story of who was placed by another, so that it is not known from where.
UNKNOWN = "?"


class Clock:
    """Versions of one start: each above all given before, also by a bundle that failed after its writes. So the time
    is in it."""

    def __init__(self, epoch: int) -> None:
        self._epoch, self._counter = epoch, 0

    def next(self) -> Version:
        """A version above every other."""
        self._counter = max(self._counter + 1, time.time_ns() // 1000)
        return Version(self._epoch, self._counter)

    def past(self, *versions: Version) -> None:
        """Make sure that the next version is above these."""
        self._counter = max(self._counter, *(version.counter for version in versions))


class Book:
    """The stories of one shard. `changed` collects the members whose placement or text changed since it was last
    cleared; `placed` those placed anew since it was last taken, by id, with the story that each was in before ("" for
    none)."""

    def __init__(self, links: Links, clock: Clock, names: placement.Names = placement.UNNAMED) -> None:
        self.links, self.clock, self.names = links, clock, names
        self.judgements = Judgements()
        # Those of all members that are objects; whoever has a member has its story.
        self.stories = links.members.stories
        self.changed: dict[str, Member] = {}
        self.placed: dict[str, str] = {}
        # Story ids in use or merged away, so that none is given twice; but not of one article's own story, as only that
        # article could be given its id again.
        self._names: set[str] = set()

    def arrange(self, member: Member) -> list[Write]:
        """Put a new member in its story, and write every placement that changed by it."""
        neighbours = self.links.neighbours(member)
        later = [other for other in neighbours if other.order > member.order]
        known = all(other.complete for other in (member, *neighbours))
        if self._judged(member, neighbours) or not known or not self._unmoved(member, neighbours, later):
            return self.rearrange([member])
        for near in {other.story for other in neighbours if other.id in member.links}:
            group = self.stories[near].group
            for first in {id(one): one for one in (group.members[0], group.original)}.values():
                self._compare(member, first)
        before = {o.id: o.story for o in self.links.neighbours(member) if o.order < member.order}
        groups = {name: self.stories[name].group for name in before.values()}
        name, member.made_of = choose(member, groups, before, self.judgements)
        if name is None and not later:
            return self._write([(member.id, self._mint(Group([member], bool(member.made_of))))])
        if name is None:
            return self.rearrange([member])
        story = self.stories[name]
        story.group.members.append(member)
        story.group.members.sort(key=lambda m: m.order)
        self._names.add(story.id)
        # With its first repost an article turns from unique to original. It may be what a later one is closest to.
        original = story.group.original
        changed = [member.id, original.id, *(other.id for other in later if original.id not in other.links)]
        return self._write([(name, story) for name in dict.fromkeys(changed)])

    def _judged(self, member: Member, neighbours: list[Member]) -> bool:
        """Whether a person's judgement may put the member elsewhere than texts do, or another first: one about itself,
        a choice that it was there for, or a merge, as members join what texts alone make. (Who was split off was so
        without this one.)"""
        if not self.judgements.any:
            return False
        near = {other.story for other in neighbours}
        own = self.judgements.about((member.id,)) or self.judgements.was_there(member.id)
        return own or any(self.stories[name].group.joined for name in near)

    def _unmoved(self, member: Member, neighbours: list[Member], later: list[Member]) -> bool:
        """Whether forming the stories anew would move nobody else: the new member comes last of all that it is linked
        to, or all that it and they are linked to is one story, which has its original already."""
        if not later:
            return True
        story, members = self.stories[later[0].story], self.links.members
        return (
            story.group.members[0].order < member.order
            and all(other.story == story.id for other in neighbours)
            and all(
                members[name].story == story.id
                for other in later
                for name in (*other.links, *other.parts)
                if name in members and name != member.id
            )
        )

    def rearrange(self, start: list[Member]) -> list[Write]:
        """Form the stories anew in all that is linked to `start`, keeping the ids of those that go on."""
        reached = self.whole(start)
        while missing := [member for member in reached if not member.complete]:
            # Whom learnt furniture parts by that is placed anew with them, and may not be held over.
            parted = self.links.complete(missing)
            self.changed.update(parted)
            start = [*start, *parted.values()]
            reached = self.whole(start)
        groups = self._formed(reached)
        taken = self._take(groups)
        pairs: list[tuple[str, Story]] = []
        for group in groups:
            story = self._continue(group, taken.get(id(group), []))
            pairs += [(member.id, story) for member in group.members]
        return self._write(pairs)

    def whole(self, start: Iterable[Member]) -> list[Member]:
        """All that can be reached from `start` over links, parts, stories and merges."""
        seen = {member.id: member for member in start}
        todo, stories = list(seen.values()), set()
        while todo:
            member = todo.pop()
            near = self.links.neighbours(member)
            partners = self.judgements.partners(member.id)
            near += [self.links.members[name] for name in partners if name in self.links.members]
            if member.story in self.stories and member.story not in stories:
                stories.add(member.story)
                near += self.stories[member.story].group.members
            for other in near:
                if other.id not in seen:
                    seen[other.id] = other
                    todo.append(other)
        return list(seen.values())

    def _formed(self, reached: list[Member]) -> list[Group]:
        while True:
            groups = form(reached, self.judgements)
            if any([self._link_original(group, group.members[0], reached) for group in groups]):
                continue
            if self._meet_originals(groups):
                continue
            groups = settle(groups, self.judgements)
            if not any([self._link_original(group, group.elected, reached) for group in groups if group.elected]):
                return groups

    def _link_original(self, group: Group, original: Member, members: list[Member]) -> bool:
        """Link the original of a story that is larger than what a look-up compares with those of `members` that copy
        it. Whether any was not linked before."""
        if len(group.members) < VERIFIED:
            return False
        unlinked = [m for m in members if m.id not in original.links and m.id not in original.parts]
        return len([member for member in unlinked if self.links.meet(member, original)]) > 0

    def remove(self, gone: list[Member]) -> None:
        """Take members out of their stories, and out of memory."""
        self.links.remove(gone)
        for member in gone:
            self.changed.pop(member.id, None)
            story = self.leave(member)
            if story is not None:
                self._names.difference_update((story.id, *story.merged_from))

    def _meet_originals(self, groups: list[Group]) -> bool:
        """Compare each member with the originals of all groups that it is linked into: a look-up ends before it has
        compared every copy, and who copies an original decides by that. Whether any was linked by it."""
        of = {member.id: group for group in groups for member in group.members}
        linked = False
        for member in [member for group in groups for member in group.members]:
            near = {id(of[name]): of[name] for name in member.links if name in of}
            for group in near.values():
                linked |= self._compare(member, group.members[0])
        return linked

    def _compare(self, member: Member, original: Member) -> bool:
        """Link a member with an original that it was not linked with; whether it is by that."""
        known = original is member or original.id in member.links or original.id in member.parts
        return not known and self.links.alike(original, member) and self.links.meet(member, original)

    def leave(self, member: Member) -> Story | None:
        """Take a member out of its story, which is returned if that ends it."""
        story = self.stories.get(member.story)
        if story is None:
            return None
        story.group.members = [m for m in story.group.members if m is not member]
        if story.group.elected is member:
            story.group.elected = None
        return None if story.group.members else self.stories.pop(member.story)

    def read(self, members: Iterable[Member]) -> None:
        """Put members in the stories that they say they are in, and make their links known at both ends."""
        fresh = sorted(members, key=lambda m: m.order)
        for member in fresh:
            self.links.join(member)
        touched: dict[str, Story] = {}
        for member in fresh:
            member.story = member.story or _name(member, member.revision)
            new = Story(member.story, Group([]), (member.first_seen, member.id))
            story = touched[member.story] = self.stories.setdefault(member.story, new)
            story.group.members.append(member)
            story.born = min(story.born, (member.first_seen, member.id))
            story.merged_from = tuple(dict.fromkeys((*story.merged_from, *member.merged_from)))
        for story in touched.values():
            story.group.members.sort(key=lambda m: m.order)
            elect(story.group, self.judgements)
            first = story.group.members[0]
            if len(story.group.members) > 1 or story.merged_from or story.id != _name(first, first.revision):
                self._names.update((story.id, *story.merged_from))
        for story in sorted(touched.values(), key=lambda s: s.group.members[0].order):
            founder = story.group.members[0]
            before = {o.id: o.story for o in self.links.neighbours(founder) if o.order < founder.order}
            groups = {name: self.stories[name].group for name in before.values()}
            founder.made_of = choose(founder, groups, before, self.judgements)[1]
            story.group.digest = bool(founder.made_of)

    def _take(self, groups: list[Group]) -> dict[int, list[Story]]:
        """Which former stories each new group goes on with, oldest first; they leave the book. A story that was split
        goes on where most of its members are."""
        claims: dict[str, list[tuple[int, Group]]] = {}
        for group in groups:
            names = [member.story for member in group.members if member.story]
            for name in dict.fromkeys(names):
                claims.setdefault(name, []).append((names.count(name), group))
        taken: dict[int, list[Story]] = {}
        for name in sorted(claims, key=lambda n: self.stories[n].born):
            group = max(claims[name], key=lambda claim: claim[0])[1]
            taken.setdefault(id(group), []).append(self.stories.pop(name))
        return taken

    def _continue(self, group: Group, former: list[Story]) -> Story:
        """The story of `group`: the oldest of the former ones, into which the others are merged, or a new one."""
        if not former:
            return self._mint(group)
        oldest, *rest = former
        merged = dict.fromkeys((*oldest.merged_from, *(name for s in rest for name in (s.id, *s.merged_from))))
        story = Story(oldest.id, group, oldest.born, tuple(merged))
        self.stories[story.id] = story
        self._names.update((story.id, *story.merged_from))
        return story

    def _mint(self, group: Group) -> Story:
        first = min(group.members, key=lambda m: (m.first_seen, m.id))
        attempt = first.revision
        while (name := _name(first, attempt)) in self._names or name in self.stories:
            attempt += 1
        if len(group.members) > 1:
            self._names.add(name)
        story = Story(name, group, (first.first_seen, first.id))
        self.stories[name] = story
        return story

    def _write(self, pairs: Iterable[tuple[str, Story]]) -> list[Write]:
        writes, placed = [], [(self.links.members[name], story) for name, story in pairs]
        former = {member.id: member.story for member, _ in placed}
        for member, story in placed:
            member.story, member.merged_from = story.id, story.merged_from
        for member, story in placed:
            members, judgements = self.links.members, self.judgements
            of = placement.placement(member, story.group, story.id, story.merged_from, members, judgements, self.names)
            hashed = placement.digest_of(of)
            if hashed != member.placed:
                member.placed = hashed
                member.story_version = self.clock.next()
                self.changed[member.id] = member
                self.placed.setdefault(member.id, former[member.id])
                writes.append(Write(member.id, "story", member.story_version, {"story": of}))
        return writes


def _name(member: Member, attempt: int) -> str:
    """A story id: made from its first member, so that a crash before it was written gives the same one again."""
    return hashlib.sha256(f"story:{member.id}:{attempt}".encode()).hexdigest()[:20]
