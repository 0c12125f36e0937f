"""All members of a shard and their stories: objects while something is done with them, else bytes.

A member as an object costs more than a kilobyte beside its fingerprint, as bytes a tenth of that. Between two decisions
the stories that nothing was done with are put away (`cool`), whole: a story and its members are either all objects or
all bytes. Who asks for a member gets its whole story back. So until `cool` is called, each member is one object.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator, MutableMapping
from dataclasses import dataclass

from transforms.fold import record
from transforms.fold.filed import Filed
from transforms.fold.record import Common, key_of, name_of
from transforms.fold.stories import Group, Member

# So many objects may be there at once between two decisions; then those that came first are put away, half of them.
HOT = 4096
# So few are not worth looking at again.
FEW_COMMONS = 1000
_AT = struct.Struct("<II")


@dataclass(slots=True)
class Story:
    """A story in memory: its members in canonical order, and the ids of stories that were merged into it.

    `born` orders stories by age: the first arrival (seconds UTC) of its founder, and the founder's id.
    """

    id: str
    group: Group
    born: tuple[int, str]
    merged_from: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Away:
    """A story that was put away: the keys of its members in order, and what these do not tell."""

    keys: tuple[bytes, ...]
    born: tuple[int, str]
    merged_from: tuple[str, ...]
    digest: bool


class Members(MutableMapping[str, Member]):
    """Members by article id; `stories` are those of all members that are objects, by id, `filed` the numbers that
    postings know them by.

    Iterating goes over ids, as they are at that moment.
    """

    def __init__(self) -> None:
        self.stories: dict[str, Story] = {}
        self.filed = Filed()
        self._hot: dict[str, Member] = {}
        self._cold: dict[bytes, bytes] = {}
        self._away: dict[str, _Away] = {}
        self._commons: list[Common] = []
        self._numbers: dict[Common, int] = {}

    def __getitem__(self, name: str) -> Member:
        found = self._hot.get(name)
        return self._thaw(name) if found is None else found

    def __setitem__(self, name: str, member: Member) -> None:
        self._cold.pop(key_of(name), None)
        self._hot[name] = member

    def __delitem__(self, name: str) -> None:
        del self._hot[self[name].id]

    def __contains__(self, name: object) -> bool:
        return name in self._hot or (isinstance(name, str) and key_of(name) in self._cold)

    def __len__(self) -> int:
        return len(self._hot) + len(self._cold)

    def __iter__(self) -> Iterator[str]:
        return iter([*self._hot, *map(name_of, self._cold)])

    def every(self) -> Iterator[Member]:
        """Each member, to be read only: of those that are bytes a copy. Nothing may be changed meanwhile."""
        yield from self._hot.values()
        for key, data in self._cold.items():
            yield self._decoded(key, data)

    def published(self) -> Iterator[tuple[str, int, bool]]:
        """Of each member its id, when it was published, and whether it has its fingerprint."""
        for member in self._hot.values():
            yield member.id, member.published, bool(len(member.print))
        for key, data in self._cold.items():
            body = data[_AT.size : _AT.size + record.BEGIN]
            yield name_of(key), record.published_of(body), record.has_print(body)

    def thawed(self) -> dict[str, Story]:
        """All stories by id, each as an object."""
        for name in self:
            self[name]
        return self.stories

    def thaw(self, stories: Collection[str]) -> None:
        """Have these stories (ids), as far as they are known, as objects. Looks through all that is put away."""
        wanted = set(stories) - self.stories.keys()
        found = [self._away[name].keys[0] for name in wanted & self._away.keys()]
        if wanted := wanted - self._away.keys():
            found += [key for key, data in self._cold.items() if record.story_of(data[_AT.size :]) in wanted]
        for key in found:
            self[name_of(key)]

    @property
    def hot(self) -> int:
        """How many are objects."""
        return len(self._hot)

    def cool(self, busy: Collection[str], keep: int = 0) -> None:
        """Put away stories, those first that became objects first, until `keep` members are left as objects; none of
        which a member is in `busy` (ids). Whoever holds a member must let go of it."""
        for story in list(self.stories.values()):
            if len(self._hot) <= keep:
                return
            group = story.group
            # Few are judged by people, and what these said is not in the members.
            judged = group.elected is not None or group.joined
            if not judged and not any(member.id in busy for member in group.members):
                self._put_away(story)

    def trim(self) -> None:
        """Let go of what members had in common that none has any more, once that is most of it."""
        if len(self._commons) < 2 * max(len(self._cold), FEW_COMMONS):
            return
        former, self._commons, self._numbers = self._commons, [], {}
        for key, data in self._cold.items():
            common, number = _AT.unpack_from(data)
            self._cold[key] = _AT.pack(self._common(former[common]), number) + data[_AT.size :]

    def _common(self, common: Common) -> int:
        number = self._numbers.setdefault(common, len(self._commons))
        if number == len(self._commons):
            self._commons.append(common)
        return number

    def _put_away(self, story: Story) -> None:
        members, keys = story.group.members, []
        for member in members:
            del self._hot[member.id]
            number = self._common(record.common_of(member))
            # The very object that is filed, lest each be held twice.
            key = self.filed.key(member.number) or key_of(member.id)
            self._cold[key] = _AT.pack(number, member.number + 1) + record.encode(member)
            keys.append(key)
        del self.stories[story.id]
        away = _Away(tuple(keys), story.born, story.merged_from, story.group.digest)
        if away != _alone(keys[0], members[0]):
            self._away[story.id] = away

    def _thaw(self, name: str) -> Member:
        key = key_of(name)
        data = self._cold.pop(key)  # a KeyError names what is asked for in vain
        found = self._decoded(key, data)
        self._hot[name] = found
        away = self._away.pop(found.story, None) or _alone(key, found)
        members = [found if other == key else self._thaw_one(other) for other in away.keys]
        group = Group(members, away.digest)
        self.stories[found.story] = Story(found.story, group, away.born, away.merged_from)
        return found

    def _thaw_one(self, key: bytes) -> Member:
        member = self._decoded(key, self._cold.pop(key))
        self._hot[member.id] = member
        return member

    def _decoded(self, key: bytes, data: bytes) -> Member:
        common, number = _AT.unpack_from(data)
        member = record.decode(name_of(key), self._commons[common], data[_AT.size :])
        member.number = number - 1
        return member


def _alone(key: bytes, member: Member) -> _Away:
    """What is true of nearly all stories of one article, and need not be stored."""
    return _Away((key,), (member.first_seen, member.id), member.merged_from, False)
