"""From links between articles to stories, originals and roles.

Everything here is a function of the set of members and their links, never of the order in which they came: members are
taken in a canonical order (an agency's own article first, then by `published_effective`, then by id), and each joins,
founds or stands beside the stories of those before it. So a late original gives the same stories as an early one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from transforms.fold.prints import NO_PRINT, Print
from transforms.fold.verdict import PASSAGE, PIECE, THRESHOLD, Overlap
from transforms.records import Origin, Source, Version

OWN, OWN_CREDITING, OTHERS = 0, 1, 2
NEVER = Version(0, 0)
UNREAD = Origin("")


@dataclass(slots=True, eq=False)
class Member:
    """What folding knows of one article.

    `published` is `published_effective`, `given` as the source dated it; `links` holds the overlap with each linked
    article, seen from this one, `parts` those with articles that share a passage and no more, and `made_of`
    names what it was last found to be a digest of; `texts` are hashes of the texts seen under this id, the present one
    last; `read` is the record that brought that one, and `partial` says that it is but the summary of a page that could
    not be had; `placed` is a hash of the placement last written. `complete` is False while only some links are known
    (after a seed), `checked` while the placement was not compared with its writes since a start.
    """

    id: str
    published: int
    first_seen: int
    given: int | None = None
    rank: int = OTHERS
    agency: str | None = None
    credits: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    texts: tuple[str, ...] = ()
    read: Origin = UNREAD
    partial: bool = False
    revision: int = 0
    print: Print = NO_PRINT
    links: dict[str, Overlap] = field(default_factory=dict)
    parts: dict[str, Overlap] = field(default_factory=dict)
    made_of: tuple[str, ...] = ()
    story: str = ""
    merged_from: tuple[str, ...] = ()
    placed: str = ""
    content_version: Version = NEVER
    story_version: Version = NEVER
    awaits: tuple[str, ...] = ()
    number: int = -1
    complete: bool = True
    checked: bool = True

    @property
    def order(self) -> tuple[int, int, str]:
        """The canonical order, which is also the order of election."""
        return (self.rank, self.published, self.id)


@dataclass(slots=True)
class Group:
    """The members of one story, in canonical order: the first is the original. `digest` if its founder copies
    several."""

    members: list[Member]
    digest: bool = False


def own_rank(agency: str | None, credits: Iterable[str]) -> int:
    """An agency's own article comes first, unless it says itself that it has the text from another."""
    if agency is None:
        return OTHERS
    return OWN_CREDITING if set(credits) - {agency, "agencies"} else OWN


def choose(
    member: Member, groups: Mapping[str, Group], group_of: Mapping[str, str]
) -> tuple[str | None, tuple[str, ...]]:
    """The group that `member` joins, of those already formed, or None if it founds one of its own; and, if it is a
    digest, the articles that it is made of.

    It joins the group that holds most of its text. A digest is made of several groups' texts, whole or in part, none
    of which is most of it: it is linked to each, and a member of none. Groups founded by a digest come last, so that a
    digest never draws in the reposts of what it copies.
    """
    best: dict[str, tuple[bool, float, int, tuple[int, int, str], str]] = {}
    for other, overlap in member.links.items():
        name = group_of.get(other)
        if name is None:
            continue
        group = groups[name]
        score = (group.digest, -round(overlap.of_a, 2), -overlap.shared, group.members[0].order, other)
        best[name] = min(best.get(name, score), score)
    within = [name for name in best if -best[name][1] >= THRESHOLD]
    if within:
        return min(within, key=lambda name: best[name]), ()
    parts = {other: group_of[other] for other in (*member.links, *member.parts) if other in group_of}
    if len(set(parts.values())) > 1:
        pieces = _made_of(member, parts, groups)
        if pieces or len(best) > 1:
            whole = [score[-1] for score in best.values()]
            return None, tuple(dict.fromkeys((*pieces, *whole)))
    return min(best, key=lambda name: best[name], default=None), ()


def _made_of(member: Member, parts: Mapping[str, str], groups: Mapping[str, Group]) -> tuple[str, ...]:
    """The articles of several groups that together hold most of the text, each a good piece of it that no other of them
    holds; none if it is not made so. The largest piece is taken first, and of equal ones the original's."""
    members = {other.id: other for name in set(parts.values()) for other in groups[name].members}
    texts = [members[other] for other in parts]
    if not all(len(text.print) for text in (member, *texts)):
        # The fingerprints of old articles are let go of; what was found by them holds.
        return member.made_of
    shares = {other: (member.links.get(other) or member.parts[other]).shared for other in parts}
    size = len(member.print)
    if sum(shares.values()) < THRESHOLD * size:
        return ()
    covered, pieces = np.zeros(size, np.bool_), []
    for text in sorted(texts, key=lambda t: (-shares[t.id], t.order)):
        together = covered | member.print.within(text.print)
        if np.count_nonzero(together) - np.count_nonzero(covered) >= max(PASSAGE, PIECE * size):
            covered = together
            pieces.append(text.id)
    several = len({parts[piece] for piece in pieces}) > 1
    return tuple(pieces) if several and np.count_nonzero(covered) >= THRESHOLD * size else ()


def form(members: Iterable[Member]) -> list[Group]:
    """The stories of a set of members closed under links, in canonical order of their originals."""
    groups: dict[str, Group] = {}
    group_of: dict[str, str] = {}
    for member in sorted(members, key=lambda m: m.order):
        name, member.made_of = choose(member, groups, group_of)
        if name is None:
            groups[member.id] = Group([member], bool(member.made_of))
            name = member.id
        else:
            groups[name].members.append(member)
        group_of[member.id] = name
    return list(groups.values())
