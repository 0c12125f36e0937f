"""Reading the index into a memory: the last weeks at a start, and single articles of before that.

What is linked to what is read comes along, however old it is: else a repost would lose its original by a restart.
"""

from __future__ import annotations

from collections.abc import Iterable

from transforms.fold import journal
from transforms.fold.journal import Owner
from transforms.fold.memory import Memory
from transforms.fold.stories import Member
from transforms.index.interface import Index
from transforms.records import Json, Write


def seed(memory: Memory, index: Index, owner: Owner, since: int, before: int | None = None) -> list[Write]:
    """Take in every article with `since <= published_effective < before`. Returns the placements that changed since
    they were written, as an article that they name is gone for good."""
    found = [journal.from_seed(one, owner) for one in index.seed(since, before)]
    names = {member.id for member in found} | memory.members.keys()
    older = list(index.seed(since - memory.ttl_s, since))
    # An agency's own article can have reposts that are older than it, and it does not name them.
    while naming := [one for one in older if one.document["id"] not in names and _names(one.document) & names]:
        found += [journal.from_seed(one, owner) for one in naming]
        names |= {one.document["id"] for one in naming}
    return _load(memory, index, owner, found)


def recall(memory: Memory, index: Index, owner: Owner, name: str) -> list[Write]:
    """Take in the article with this id, if the index has it and memory has not; returns what `seed` does."""
    if name in memory.members or name in memory.forgotten:
        return []
    return _load(memory, index, owner, [journal.from_document(told, owner) for told in _story(index, name)])


def _load(memory: Memory, index: Index, owner: Owner, found: Iterable[Member]) -> list[Write]:
    known = {member.id: member for member in found}
    gone: set[str] = set()
    orphans: set[str] = set()
    todo = list(known.values())
    while todo:
        member = todo.pop()
        for name in {*member.links, *member.parts} - known.keys() - memory.members.keys():
            documents = [] if name in gone else _story(index, name)
            if not documents:
                gone.add(name)
                orphans.add(member.id)
            for document in documents:
                if document["id"] not in known and document["id"] not in memory.members:
                    known[document["id"]] = journal.from_document(document, owner)
                    todo.append(known[document["id"]])
    memory.load(known.values())
    return memory.heal(sorted(orphans))


def _names(document: Json) -> set[str]:
    return {entry["id"] for entry in (document.get("story") or {}).get("copied_from") or ()}


def _story(index: Index, name: str) -> list[Json]:
    """The documents of this article and of all in one story with it; none if it is not there."""
    document = index.article(name)
    if document is None:
        return []
    story = index.story(document["id"]) or {"members": []}
    others = [index.article(member["id"]) for member in story["members"] if member["id"] != document["id"]]
    return [document, *(other for other in others if other is not None)]
