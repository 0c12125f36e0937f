"""Reading the index into a memory: the last weeks at a start, and single articles of before that.

What is linked to what is read comes along, however old it is: else a repost would lose its original by a restart. So
does what a person put in one story with it. Judgements are read before articles (`learn`).
"""

from __future__ import annotations

from collections.abc import Iterable

from transforms.fold import journal
from transforms.fold.journal import Owner
from transforms.fold.judgements import from_json
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
    return load(memory, index, owner, found)


def recall(memory: Memory, index: Index, owner: Owner, name: str) -> list[Write]:
    """Take in the article with this id, if the index has it and memory has not; returns what `seed` does."""
    if name in memory.members or name in memory.forgotten:
        return []
    found = [journal.from_document(told, owner) for told in _story(index, name)]
    return load(memory, index, owner, found, whole=True)


def learn(memory: Memory, index: Index, owner: Owner, entries: list[Json]) -> list[Write]:
    """Let memory obey these entries of the log of judgements, also where a part of what they are about is out of its
    reach so far; returns the placements that change by them."""
    known = memory.book.judgements.all
    judged = [from_json(entry) for entry in entries]
    about = {name for one in judged for name in known.get(one.of, one).articles}
    writes: list[Write] = []
    for name in sorted(about):
        writes += recall(memory, index, owner, name)
    return [*writes, *memory.judge(entries)]


def load(memory: Memory, index: Index, owner: Owner, found: Iterable[Member], whole: bool = False) -> list[Write]:
    """Take in these members with all that is linked to them; returns what `seed` does, and the placements that people
    judged otherwise. `whole`: of each story that they are in, they are all."""
    known = {member.id: member for member in found}
    gone: set[str] = set()
    orphans: set[str] = set()
    todo = list(known.values())
    judgements = memory.book.judgements
    while todo:
        member = todo.pop()
        linked, partners = {*member.links, *member.parts}, judgements.partners(member.id)
        for name in linked.union(partners) - known.keys() - memory.members.keys():
            documents = [] if name in gone else _story(index, name)
            if not documents:
                gone.add(name)
            if not documents and name in linked:
                orphans.add(member.id)
            for document in documents:
                if document["id"] in memory.members:
                    memory.members[document["id"]]  # its story is awake when others of it come
                elif document["id"] not in known:
                    known[document["id"]] = journal.from_document(document, owner)
                    todo.append(known[document["id"]])
    memory.load(known.values(), whole)
    # What was judged when nobody was there to obey, or by a process that died, is obeyed now.
    return memory.heal(sorted(orphans | (judgements.named & known.keys())))


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
