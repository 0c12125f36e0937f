"""From links between articles to stories, originals and roles.

Everything here is a function of the set of members and their links, never of the order in which they came: members are
taken in a canonical order (an agency's own article first, then by `published_effective`, then by id), and each joins,
founds or stands beside the stories of those before it. So a late original gives the same stories as an early one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from transforms.fold.judgements import Judgement, Judgements
from transforms.fold.prints import NO_PRINT, Print
from transforms.fold.shingles import EMPTY, Hashes
from transforms.fold.verdict import HALF, PASSAGE, PIECE, SAME, THRESHOLD, Overlap
from transforms.records import Origin, Source, Version

OWN, OWN_CREDITING, OTHERS = 0, 1, 2
NEVER = Version(0, 0)
UNREAD = Origin("")
# Of a group that a member is linked to: whether a digest founded it, the share of the member in the article closest to
# it (negative), the shingles they have in common (negative), the order of the group, and that article. The least wins.
_Score = tuple[bool, float, int, tuple[int, int, str], str]


@dataclass(slots=True, eq=False)
class Member:
    """What folding knows of one article.

    `published` is `published_effective`, `given` as the source dated it; `links` holds the overlap with each linked
    article, seen from this one, `parts` those with articles that share a passage and no more, and `made_of`
    names what it was last found to be a digest of; `texts` are hashes of the texts seen under this id, the present one
    last; `read` is the record that brought that one, and `partial` says that it is but the summary of a page that could
    not be had; `slots` are the figures and names of the text (`facts`), `host` the domain of its URL, `heading` its
    headline's words (`furniture`); `placed` is a hash of the placement last written. `complete` is False while only
    some links are known (after a seed), `checked` while the placement was not compared with its writes since a start.
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
    slots: Hashes = field(default_factory=lambda: EMPTY)
    host: str = ""
    heading: bytes = b""
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
    """The members of one story, in canonical order: the first is the original, unless a person `elected` another.
    `digest` if its founder copies several; `joined` holds, of members whom no text but a person put there, by which
    judgement."""

    members: list[Member]
    digest: bool = False
    elected: Member | None = None
    joined: dict[str, Judgement] = field(default_factory=dict)

    @property
    def original(self) -> Member:
        """Who had the text first, of a story with several members."""
        return self.elected or self.members[0]


def own_rank(agency: str | None, credits: Iterable[str]) -> int:
    """An agency's own article comes first, unless it says itself that it has the text from another."""
    if agency is None:
        return OTHERS
    return OWN_CREDITING if set(credits) - {agency, "agencies"} else OWN


def choose(
    member: Member, groups: Mapping[str, Group], group_of: Mapping[str, str], judgements: Judgements
) -> tuple[str | None, tuple[str, ...]]:
    """The group that `member` joins, of those already formed, or None if it founds one of its own; and, if it is a
    digest, the articles that it is made of.

    It joins the group that holds most of its text, if it shares text with that one's original too: what is linked to
    but a copy's own words founds a group, and names the copy. A digest is made of several groups' texts, whole or in
    part, none of which is most of it: it is linked to each, and a member of none. Groups founded by a digest come last,
    so that a digest never draws in the reposts of what it copies. Groups that a person's split keeps it out of do not
    count.
    """
    if judgements.apart(member.id):
        group_of = _open(member, groups, group_of, judgements)
    best: dict[str, _Score] = {}
    agreed: set[str] = set()
    for other, overlap in member.links.items():
        name = group_of.get(other)
        if name is None:
            continue
        group = groups[name]
        score = (group.digest, -round(overlap.of_a, 2), -overlap.shared, group.members[0].order, other)
        best[name] = min(best.get(name, score), score)
        if overlap.facts == SAME and overlap.of_a >= HALF:
            agreed.add(name)
    within = {name for name in best if -best[name][1] >= THRESHOLD} or _outright(agreed, best)
    if within:
        return _closest(member, within, best, groups), ()
    parts = {other: group_of[other] for other in (*member.links, *member.parts) if other in group_of}
    if len(set(parts.values())) > 1:
        pieces = _made_of(member, parts, groups)
        if pieces or len(best) > 1:
            whole = [score[-1] for score in best.values()]
            return None, tuple(dict.fromkeys((*pieces, *whole)))
    return _closest(member, best, best, groups), ()


def _outright(agreed: set[str], best: Mapping[str, _Score]) -> set[str]:
    """Of the groups that hold half of a text, with the same figures, the one that holds twice as much as any other."""
    return {name for name in agreed if all(2 * best[other][1] >= best[name][1] for other in best if other != name)}


def _closest(
    member: Member, names: Iterable[str], best: Mapping[str, _Score], groups: Mapping[str, Group]
) -> str | None:
    """The closest of these groups whose original the member shares text with."""
    return next((name for name in sorted(names, key=lambda n: best[n]) if _of_original(member, groups[name])), None)


def _of_original(member: Member, group: Group) -> bool:
    """Whether the member shares text with the original itself: they are linked, or nearly."""
    original = group.members[0].id
    if original in member.links:
        return True
    part = member.parts.get(original)
    return part is not None and part.shared >= HALF * min(part.size_a, part.size_b)


def _open(
    member: Member, groups: Mapping[str, Group], group_of: Mapping[str, str], judgements: Judgements
) -> dict[str, str]:
    """The groups of what `member` is linked to, without those that a person's split keeps it out of."""
    near = {other: group_of[other] for other in (*member.links, *member.parts) if other in group_of}
    barred = {group_of[other] for other in judgements.apart(member.id) if other in group_of}
    barred |= {name for name in set(near.values()) if judgements.stays_out(member, groups[name].members[0])}
    return {other: name for other, name in near.items() if name not in barred}


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


def form(members: Iterable[Member], judgements: Judgements) -> list[Group]:
    """The stories that the texts of a set of members closed under links make, but for what people split, in canonical
    order of their founders."""
    groups: dict[str, Group] = {}
    group_of: dict[str, str] = {}
    for member in sorted(members, key=lambda m: m.order):
        name, member.made_of = choose(member, groups, group_of, judgements)
        if name is None:
            groups[member.id] = Group([member], bool(member.made_of))
            name = member.id
        else:
            groups[name].members.append(member)
        group_of[member.id] = name
    return list(groups.values())
