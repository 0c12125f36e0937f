"""Texts through the product's own stages, as a stream has them: cleaned, credited, folded in order of arrival."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from tests.eval.overlap import Shingles, marks, shingles
from transforms.attribute import load_agencies
from transforms.attribute.stage import with_credit
from transforms.clean.article import clean
from transforms.fold.memory import Memory
from transforms.fold.placement import placement
from transforms.fold.shingles import fingerprint
from transforms.language.stage import with_language
from transforms.records import Article, DeadLetter, Entry, Json, replace

DAY = 86_400
TTL_S = 7 * DAY


def prepared(entry: Entry, name: str) -> Article | DeadLetter:
    """`entry` cleaned, with language and wire credit, under the id `name`, by which the data knows it."""
    article = clean(entry)
    if isinstance(article, DeadLetter):
        return article
    return with_credit(with_language(replace(article, id=name)), load_agencies())


def folded(articles: Iterable[Article]) -> Memory:
    """The memory after all of `articles`, in the order given. Whose own an article is, its source declares."""
    memory = Memory(TTL_S, 1)
    for article in articles:
        memory.decide(article, fingerprint(article.body or article.title), article.source.agency)
        memory.changed.clear()
    return memory


@dataclass(frozen=True)
class Folding:
    """Folded texts beside the same texts as given: what was linked, and what that shares in truth.

    `given` are the texts as the data has them, by id; articles that cleaning refused are not in `memory`.
    """

    memory: Memory
    given: Mapping[str, str]

    @cached_property
    def _shingles(self) -> dict[str, Shingles]:
        return {}

    @cached_property
    def placements(self) -> dict[str, Json]:
        """The `story` field of every document, by article id."""
        members = self.memory.members
        return {
            member.id: placement(member, story.group, story.id, story.merged_from, members)
            for story in self.memory.stories.values()
            for member in story.group.members
        }

    def hit(self, one: str, other: str) -> bool:
        """Whether two articles are found to tell one text: they are in one story, or one is linked to the other."""
        a, b = (self.memory.members.get(name) for name in (one, other))
        return bool(a and b and (a.story == b.story or other in a.links or one in b.links))

    def copied_from(self) -> list[tuple[str, str]]:
        """All `(article, whom it copies)` that documents name."""
        return [(name, entry["id"]) for name, told in self.placements.items() for entry in told["copied_from"]]

    def originals(self) -> list[tuple[str, str]]:
        """All `(repost, its original)`."""
        return [(name, told["original_id"]) for name, told in self.placements.items() if told["role"] == "repost"]

    def shingles(self, name: str) -> Shingles:
        """Of the text as given, made once."""
        if name not in self._shingles:
            self._shingles[name] = shingles(self.given[name])
        return self._shingles[name]

    def marks(self, name: str, other: str, label: str = "shared") -> tuple[tuple[tuple[int, int], str], ...]:
        """What of `name`'s text is in `other`'s."""
        return tuple((span, label) for span in marks(self.given[name], self.shingles(other)))

    def verdict(self, name: str) -> str:
        """The product's own words about an article."""
        told = self.placements.get(name)
        return "refused by cleaning" if told is None else f"{told['role']}: {told['verdict']['text']}"
