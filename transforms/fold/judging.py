"""A person's judgement made: checked against what the index shows, added to its log, and obeyed there at once.

What happens when the process dies: before the entry is in the log, nothing has changed. Behind that it is in force:
a running pipeline obeys with its next bundle, else the next start does, or the same command run again. Placements are
written each whole, under a version just above the one that was read, so that whatever a pipeline has decided meanwhile,
or decides later, stands above them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from transforms.clean.urls import article_id
from transforms.errors import DataError
from transforms.fold import journal
from transforms.fold.journal import Owner
from transforms.fold.judgements import MERGE, ORIGINAL, SPLIT, UNDO, Judgement, Judgements, from_json
from transforms.fold.memory import Memory
from transforms.fold.placement import UNNAMED, Names
from transforms.fold.seed import load
from transforms.index.interface import WRITTEN, Index
from transforms.records import Json, Version, replace

LONGEST_NAME, LONGEST_NOTE = 80, 400


@dataclass(frozen=True, slots=True)
class Judged:
    """What was done: the judgement, whether it was in force before, and how many placements were written."""

    judgement: Judgement
    already: bool
    placed: int


@dataclass(frozen=True, slots=True)
class Hand:
    """Whose judgement it is, when (RFC 3339) and why. DataError for a name that is missing or too long."""

    by: str
    at: str
    note: str = ""

    def __post_init__(self) -> None:
        if not 0 < len(self.by) <= LONGEST_NAME:
            raise DataError("--by", "", f"the name has {len(self.by)} characters", f"give 1 to {LONGEST_NAME}")
        if len(self.note) > LONGEST_NOTE:
            raise DataError("--note", "", f"the note has {len(self.note)} characters", f"give at most {LONGEST_NOTE}")


class Bench:
    """Where judgements are made: an index, and how folding reads it (`ttl_s`, whose own an article is, and what
    agencies are called).

    Articles are given by id. Each method raises DataError, with nothing changed, for what is not there, was forgotten,
    or contradicts a judgement in force.
    """

    def __init__(self, index: Index, ttl_s: int, owner: Owner, names: Names = UNNAMED) -> None:
        self._index, self._ttl_s, self._owner, self._names = index, ttl_s, owner, names
        self._judgements = Judgements(index.judgements()[1])

    def split(self, key: str, hand: Hand) -> Judged:
        """The article is no repost of its story: it leaves, and does not come back."""
        article, story = self._placed(key)
        name, others = article["id"], _others(story, article["id"])
        known = self._judgements.of(name, SPLIT)
        if not others and known is not None:
            return self._again(known)
        if not others:
            raise _refused("split", f"{name} is alone in its story", "there is nothing to split it from")
        for partner in self._judgements.partners(name):
            one = next(
                one for one in self._judgements.active() if one.kind == MERGE and {name, partner} == {*one.articles}
            )
            if partner in others:
                raise _contradicts("split", one, f"that {name} and {partner} are one story")
        return self._made({"kind": SPLIT, "articles": [name], "others": others, "story": story["id"]}, hand)

    def merge(self, first: str, second: str, hand: Hand) -> Judged:
        """The stories of these two articles are one. A story's id stands for its original."""
        told = [self._placed(self._original(key)) for key in (first, second)]
        names = [article["id"] for article, _ in told]
        same = [one for one in self._judgements.active() if one.kind == MERGE and set(one.articles) == set(names)]
        if same:
            return self._again(same[0])
        if told[0][1]["id"] == told[1][1]["id"]:
            problem = f"{names[0]} and {names[1]} are one story already, {told[0][1]['id']}"
            raise _refused("merge", problem, "name articles or stories of two")
        some, more = ({member["id"] for member in story["members"]} for _, story in told)
        for one in self._judgements.active():
            if one.kind == SPLIT and one.parts(some, more):
                raise _contradicts("merge", one, f"that {one.articles[0]} is no repost of story {one.story}")
        return self._made({"kind": MERGE, "articles": names, "others": [], "story": told[0][1]["id"]}, hand)

    def original(self, key: str, article_key: str, hand: Hand) -> Judged:
        """The article is the original of the story that it is in."""
        story = self._index.story(key)
        if story is None:
            raise _refused("original", f"no story or article {key}", "`stories` lists them")
        article, own = self._placed(article_key)
        name, others = article["id"], _others(own, article["id"])
        if own["id"] != story["id"]:
            problem = f"{name} is not in story {story['id']} but in {own['id']}"
            raise _refused("original", problem, "name one of the articles that `story` shows, or merge them first")
        if not others:
            raise _refused("original", f"{name} is alone in its story", "merge it with what reposts it first")
        known = self._judgements.of(name, ORIGINAL)
        if known is not None and (article["story"].get("verdict") or {}).get("judgement") == known.number:
            return self._again(known)
        return self._made({"kind": ORIGINAL, "articles": [name], "others": others, "story": own["id"]}, hand)

    def undo(self, number: int, hand: Hand) -> Judged:
        """An earlier judgement holds no more."""
        one = self._judgements.all.get(number)
        if one is None or one.kind == UNDO:
            problem = f"judgement {number} takes one back itself" if one else f"there is no judgement {number}"
            raise _refused("undo", problem, "`judge list` shows those in force")
        taken = next((two for two in self._judgements.all.values() if two.kind == UNDO and two.of == number), None)
        if taken is not None:
            return self._again(taken)
        return self._made({"kind": UNDO, "of": number}, hand)

    def _placed(self, key: str) -> tuple[Json, Json]:
        """The article with this id, and its story."""
        article = self._index.article(key)
        named = {key, article_id(key, "", None)} if "://" in key else {key}
        if article is None and not named.isdisjoint(self._index.forgotten()[1]):
            raise _refused("article", f"{key} was forgotten", "name another")
        story = self._index.story(article["id"]) if article and article["story"] else None
        if article is None or story is None:
            raise _refused("article", f"no article {key}", "`search` and `story` show ids")
        return article, story

    def _original(self, key: str) -> str:
        if self._index.article(key) is not None:
            return key
        story = self._index.story(key)
        return key if story is None else str(story["original_id"] or story["members"][0]["id"])

    def _made(self, entry: Json, hand: Hand) -> Judged:
        entry = self._index.judge({**entry, "by": hand.by, "at": hand.at, "note": hand.note})
        # Others may have judged meanwhile; all that is in the log is obeyed.
        self._judgements.add(self._index.judgements()[1])
        return Judged(from_json(entry), False, self._place(from_json(entry)))

    def _again(self, known: Judgement) -> Judged:
        """It is in force. Whoever made it may have died before all of it was written."""
        return Judged(known, True, self._place(known))

    def _place(self, one: Judgement) -> int:
        """Write the placements of the stories that a judgement is about, as it wants them; returns how many changed."""
        about = self._judgements.all.get(one.of, one)
        seeds = {
            one.document["id"]: one for one in self._index.seeds(self._near((*about.articles, *sorted(about.others))))
        }
        memory = Memory(self._ttl_s, 1, self._names)
        memory.book.judgements.add(self._index.judgements()[1])
        written = load(
            memory, self._index, self._owner, [journal.from_seed(seed, self._owner) for seed in seeds.values()]
        )
        # Who is split off may join a story that the judgement does not name.
        missing = [write.id for write in written if write.id not in seeds]
        seeds |= {one.document["id"]: one for one in self._index.seeds(missing)}
        writes = []
        for write in written:
            if write.id in seeds:
                before = seeds[write.id].story or Version(0, 0)
                writes.append(replace(write, version=Version(before.epoch, before.counter + 1)))
        outcomes = self._index.apply(writes)
        self._index.refresh()
        return outcomes.count(WRITTEN)

    def _near(self, names: Iterable[str]) -> list[str]:
        """All that is in one story with any of these, by id."""
        found: dict[str, None] = {}
        for name in names:
            story = None if name in found else self._index.story(name)
            found.update((member["id"], None) for member in (story or {"members": ()})["members"])
        return list(found)


def _others(story: Json, name: str) -> list[str]:
    return sorted(member["id"] for member in story["members"] if member["id"] != name)


def _refused(what: str, problem: str, remedy: str) -> DataError:
    return DataError(what, "", problem, remedy)


def _contradicts(what: str, one: Judgement, that: str) -> DataError:
    problem = f"judgement {one.number} says {that} ({one.told})"
    return DataError(what, "", problem, f"take it back first: `judge undo {one.number}`")
