"""The book of stories: which member is in which, kept as links come and go, and written where it changed."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable

from transforms.fold import placement
from transforms.fold.links import VERIFIED, Links
from transforms.fold.members import Story
from transforms.fold.stories import Group, Member, choose, form
from transforms.records import Version, Write


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
    cleared."""

    def __init__(self, links: Links, clock: Clock) -> None:
        self.links, self.clock = links, clock
        # Those of all members that are objects; whoever has a member has its story.
        self.stories = links.members.stories
        self.changed: dict[str, Member] = {}
        # Story ids in use or merged away, so that none is given twice; but not of one article's own story, as only that
        # article could be given its id again.
        self._names: set[str] = set()

    def arrange(self, member: Member) -> list[Write]:
        """Put a new member in its story, and write every placement that changed by it."""
        neighbours = self.links.neighbours(member)
        later = [other for other in neighbours if other.order > member.order]
        if not all(other.complete for other in (member, *neighbours)) or not self._unmoved(member, neighbours, later):
            return self.rearrange([member])
        for large in {other.story for other in neighbours}:
            self._link_original(self.stories[large].group, [member])
        before = {o.id: o.story for o in self.links.neighbours(member) if o.order < member.order}
        groups = {name: self.stories[name].group for name in before.values()}
        name, member.made_of = choose(member, groups, before)
        if name is None and not later:
            return self._write([(member.id, self._mint(Group([member], bool(member.made_of))))])
        if name is None:
            return self.rearrange([member])
        story = self.stories[name]
        story.group.members.append(member)
        story.group.members.sort(key=lambda m: m.order)
        self._names.add(story.id)
        # With its first repost an article turns from unique to original. It may be what a later one is closest to.
        original = story.group.members[0]
        changed = [member.id, original.id, *(other.id for other in later if original.id not in other.links)]
        return self._write([(name, story) for name in dict.fromkeys(changed)])

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
            for member in missing:
                self.links.link(member)
                member.complete = True
            reached = self.whole(start)
        groups = form(reached)
        while any([self._link_original(group, reached) for group in groups]):
            groups = form(reached)
        taken = self._take(groups)
        pairs: list[tuple[str, Story]] = []
        for group in groups:
            story = self._continue(group, taken.get(id(group), []))
            pairs += [(member.id, story) for member in group.members]
        return self._write(pairs)

    def whole(self, start: Iterable[Member]) -> list[Member]:
        """All that can be reached from `start` over links, parts and stories."""
        seen = {member.id: member for member in start}
        todo, stories = list(seen.values()), set()
        while todo:
            member = todo.pop()
            near = self.links.neighbours(member)
            if member.story in self.stories and member.story not in stories:
                stories.add(member.story)
                near += self.stories[member.story].group.members
            for other in near:
                if other.id not in seen:
                    seen[other.id] = other
                    todo.append(other)
        return list(seen.values())

    def _link_original(self, group: Group, members: list[Member]) -> bool:
        """Link the original of a story that is larger than what a look-up compares with those of `members` that copy
        it. Whether any was not linked before."""
        original = group.members[0]
        if len(group.members) < VERIFIED:
            return False
        unlinked = [m for m in members if m.id not in original.links and m.id not in original.parts]
        return len([member for member in unlinked if self.links.verify(original, member)]) > 0

    def remove(self, gone: list[Member]) -> None:
        """Take members out of their stories, and out of memory."""
        self.links.remove(gone)
        for member in gone:
            self.changed.pop(member.id, None)
            story = self.leave(member)
            if story is not None:
                self._names.difference_update((story.id, *story.merged_from))

    def leave(self, member: Member) -> Story | None:
        """Take a member out of its story, which is returned if that ends it."""
        story = self.stories.get(member.story)
        if story is None:
            return None
        story.group.members = [m for m in story.group.members if m is not member]
        return None if story.group.members else self.stories.pop(member.story)

    def read(self, members: Iterable[Member]) -> None:
        """Put members in the stories that they say they are in, and make their links known at both ends."""
        fresh = sorted(members, key=lambda m: m.order)
        self.links.members.thaw({member.story for member in fresh})
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
            first = story.group.members[0]
            if len(story.group.members) > 1 or story.merged_from or story.id != _name(first, first.revision):
                self._names.update((story.id, *story.merged_from))
        for story in sorted(touched.values(), key=lambda s: s.group.members[0].order):
            founder = story.group.members[0]
            before = {o.id: o.story for o in self.links.neighbours(founder) if o.order < founder.order}
            groups = {name: self.stories[name].group for name in before.values()}
            founder.made_of = choose(founder, groups, before)[1]
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
        for member, story in placed:
            member.story, member.merged_from = story.id, story.merged_from
        for member, story in placed:
            document = placement.placement(member, story.group, story.id, story.merged_from, self.links.members)
            hashed = placement.digest_of(document)
            if hashed != member.placed:
                member.placed = hashed
                member.story_version = self.clock.next()
                self.changed[member.id] = member
                writes.append(Write(member.id, "story", member.story_version, {"story": document}))
        return writes


def _name(member: Member, attempt: int) -> str:
    """A story id: made from its first member, so that a crash before it was written gives the same one again."""
    return hashlib.sha256(f"story:{member.id}:{attempt}".encode()).hexdigest()[:20]
