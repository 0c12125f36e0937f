"""What a placement says in the article document: role, original, shares, lag, and the reason in words."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from transforms.fold.judgements import NONE, ORIGINAL, REASON, SPLIT, Judgements
from transforms.fold.lag import span
from transforms.fold.stories import OWN, Group, Member
from transforms.fold.verdict import RULES_VERSION, Overlap
from transforms.records import Json

LINKS_SHOWN = 20
# Characters of a source's name in a reason: a name comes from outside.
NAME_SHOWN = 60
Names = Mapping[str, str]
UNNAMED: Names = MappingProxyType({})


def copied(member: Member, other: Member, overlap: Overlap) -> Json:
    """One entry of `copied_from`: shares of each text in the other (0 to 1) and the signed lag in seconds."""
    return {
        "id": other.id,
        "share_of_this": round(overlap.of_a, 4),
        "share_of_other": round(overlap.of_b, 4),
        "jaccard": round(overlap.jaccard, 4),
        "lag_s": member.published - other.published,
    }


def placement(
    member: Member,
    group: Group,
    story: str,
    merged: tuple[str, ...],
    members: Mapping[str, Member],
    judgements: Judgements = NONE,
    names: Names = UNNAMED,
) -> Json:
    """The `story` field of the document of `member`, which is in `group`; `names` are what agencies are called, by
    slug."""
    original = group.original
    alone = len(group.members) == 1
    role = "unique" if alone else "original" if member is original else "repost"
    links = _links(member, group, members)
    told = _judged(member, group, judgements) or _reason(member, group, links, names)
    return {
        "id": story,
        "merged_from": list(merged),
        "role": role,
        "original_id": None if alone else original.id,
        "copied_from": [copied(member, other, overlap) for other, overlap in links],
        "verdict": {**told, "rules_version": RULES_VERSION},
    }


def digest_of(document: Json) -> str:
    """A short hash by which two equal placements are known."""
    return hashlib.blake2b(json.dumps(document, sort_keys=True).encode(), digest_size=8).hexdigest()


def _links(member: Member, group: Group, members: Mapping[str, Member]) -> list[tuple[Member, Overlap]]:
    """Whom the member copies: in its own story the original (or, where it shares nothing with that, the closest
    before it); of other stories the original, then other articles that come before it. Shares are as measured, whatever
    people judged."""
    original = group.original
    inside = {other.id for other in group.members}
    known = dict(member.links)
    if group.digest and member is group.members[0]:
        known.update(_pieces(member, members))
    before = [
        (members[other], overlap)
        for other, overlap in known.items()
        if other in members and _before(members[other], member, original, inside)
    ]
    own = [(other, overlap) for other, overlap in before if other.id in inside]
    nearest = [pair for pair in own if pair[0] is original] or sorted(own, key=lambda p: (-p[1].of_a, p[0].order))[:1]
    others = sorted((pair for pair in before if pair[0].id not in inside), key=lambda p: (-p[1].shared, p[0].order))
    # The first of each story is its original, if it is linked to that: none may fall off the end for another's reposts.
    firsts = {other.story: other for other, _ in sorted(others, key=lambda p: p[0].order, reverse=True)}
    leading = [pair for pair in others if firsts[pair[0].story] is pair[0]]
    rest = [pair for pair in others if firsts[pair[0].story] is not pair[0]]
    return nearest + leading + rest[: max(0, LINKS_SHOWN - len(leading))]


def _before(other: Member, member: Member, original: Member, inside: set[str]) -> bool:
    """Whether `member` may have copied `other`: nobody comes before the original of the own story."""
    if other is original or (member is original and other.id in inside):
        return other is original
    return other.order < member.order


def _pieces(member: Member, members: Mapping[str, Member]) -> dict[str, Overlap]:
    """Of each story that a digest holds a piece of, the first article that the piece is in: as a rule its original."""
    stories = {members[name].story for name in member.made_of if name in members}
    first: dict[str, Member] = {}
    for other in (members[name] for name in (*member.parts, *member.links) if name in members):
        if other.story in stories and other.order < first.get(other.story, member).order:
            first[other.story] = other
    return {other.id: member.parts[other.id] for other in first.values() if other.id in member.parts}


def _judged(member: Member, group: Group, judgements: Judgements) -> Json | None:
    """The reason of a placement that a person made; None for one that the text made."""
    split = judgements.of(member.id, SPLIT)
    chosen = judgements.of(member.id, ORIGINAL)
    if group.elected is member and chosen is not None:
        one, what = chosen, "the original of its story"
    elif split is not None and split.others.isdisjoint(other.id for other in group.members):
        one, what = split, f"no repost of story {split.story}"
    elif member.id in group.joined:
        one, what = group.joined[member.id], f"one story with {group.original.id}"
    else:
        return None
    return {"reason_code": REASON, "text": f"{what}, {one.told}", "judgement": one.number}


def _reason(member: Member, group: Group, links: list[tuple[Member, Overlap]], names: Names) -> Json:
    if group.digest and member is group.members[0]:
        return {
            "reason_code": "digest",
            "text": f"holds the text of {len(links)} articles of several stories; joins none",
        }
    outside = bool(links) and all(other is not links[0][0] for other in group.members)
    if member is group.members[0] and outside:
        return _apart(member, *links[0])
    if len(group.members) == 1:
        return {"reason_code": "unique", "text": "no other article tells this text"}
    original = group.original
    if member is original:
        return _elected(original, group, names)
    if not links or outside:
        return {"reason_code": "same_story", "text": f"in one story with {original.id}"}
    source, overlap = links[0]
    text = f"{_lead(member, source, names)}; {overlap.of_a:.0%} of this text is in it ({source.id})"
    return {"reason_code": "copied" if source is original else "copied_of_copy", "text": text}


def _apart(member: Member, source: Member, overlap: Overlap) -> Json:
    """A founder that copies what a copy put around its original: it is in no story with either."""
    share = f"{overlap.of_a:.0%} of this text" if overlap.of_a >= overlap.of_b else f"{overlap.of_b:.0%} of {source.id}"
    where = f"in {source.id}" if overlap.of_a >= overlap.of_b else "in this text"
    when = f"published {span(member.published - source.published)} before"
    text = f"{share} is {where}, {when}; but little of what that one has from its original"
    return {"reason_code": "copied_apart", "text": text}


def _lead(member: Member, source: Member, names: Names) -> str:
    """Who had the text before the member, and whether it says so: "credits Reuters; Reuters' own article came 4 minutes
    earlier"."""
    credited = f"credits {_credits(member.credits, names)}" if member.credits else "credits nobody"
    lag = member.published - source.published
    came = f"came {span(lag)} earlier" if lag > 0 else "came at the same time"
    if source.agency is not None and source.rank == OWN:
        came = came if lag >= 0 else f"is the original, though dated {span(lag)} later"
        return f"{credited}; {_own(source, names)} {came}"
    came = came if lag >= 0 else f"is dated {span(lag)} later"
    return f"{credited}; the article of {_name(source)} {came}"


def _own(member: Member, names: Names) -> str:
    """Reuters' own article, the River News Agency's own article."""
    name = names.get(member.agency or "", member.agency or "")
    return f"{name}'{'' if name.endswith('s') else 's'} own article"


def _credits(slugs: Iterable[str], names: Names) -> str:
    return ", ".join(names.get(slug, slug) for slug in slugs)


def _name(member: Member) -> str:
    """What its source is called."""
    source = member.sources[0] if member.sources else None
    return (source.name or source.id)[:NAME_SHOWN] if source else member.id


def _elected(original: Member, group: Group, names: Names) -> Json:
    others = [member for member in group.members if member is not original and member.id not in group.joined]
    if not others:
        return {"reason_code": "first_published", "text": "the first of what people put in one story"}
    first = min(others, key=lambda m: (m.published, m.id))
    lag = first.published - original.published
    followed = f"{_name(first)} had it {span(lag)} later" if lag > 0 else f"{_name(first)} had it at the same time"
    if original.rank == OWN and (lag < 0 or (lag == 0 and first.id < original.id)):
        text = f"{_own(original, names)}, though a repost is dated {span(lag)} earlier"
        return {"reason_code": "agency_own", "text": text}
    if original.rank == OWN:
        return {"reason_code": "agency_first", "text": f"{_own(original, names)}, and the earliest; {followed}"}
    unseen = [name for name in original.credits if name != "agencies"]
    credited = f"; credits {_credits(unseen, names)}, whose own article was not seen" if unseen else ""
    return {"reason_code": "first_published", "text": f"the earliest article with this text; {followed}{credited}"}
