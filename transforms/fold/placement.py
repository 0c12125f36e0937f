"""What a placement says in the article document: role, original, shares, lag, and the reason in words."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from transforms.fold.lag import span
from transforms.fold.stories import OWN, Group, Member
from transforms.fold.verdict import RULES_VERSION, Overlap
from transforms.records import Json

LINKS_SHOWN = 20


def copied(member: Member, other: Member, overlap: Overlap) -> Json:
    """One entry of `copied_from`: shares of each text in the other (0 to 1) and the signed lag in seconds."""
    return {
        "id": other.id,
        "share_of_this": round(overlap.of_a, 4),
        "share_of_other": round(overlap.of_b, 4),
        "jaccard": round(overlap.jaccard, 4),
        "lag_s": member.published - other.published,
    }


def placement(member: Member, group: Group, story: str, merged: tuple[str, ...], members: Mapping[str, Member]) -> Json:
    """The `story` field of the document of `member`, which is in `group`."""
    original = group.members[0]
    alone = len(group.members) == 1
    role = "unique" if alone else "original" if member is original else "repost"
    links = _links(member, group, members)
    return {
        "id": story,
        "merged_from": list(merged),
        "role": role,
        "original_id": None if alone else original.id,
        "copied_from": [copied(member, other, overlap) for other, overlap in links],
        "verdict": {**_reason(member, group, links), "rules_version": RULES_VERSION},
    }


def digest_of(document: Json) -> str:
    """A short hash by which two equal placements are known."""
    return hashlib.blake2b(json.dumps(document, sort_keys=True).encode(), digest_size=8).hexdigest()


def _links(member: Member, group: Group, members: Mapping[str, Member]) -> list[tuple[Member, Overlap]]:
    """Whom the member copies: in its own story the original (or, where it shares nothing with that, the closest
    before it); of other stories the original, then other articles that come before it."""
    inside = {other.id for other in group.members}
    known = dict(member.links)
    if group.digest and member is group.members[0]:
        known.update(_pieces(member, members))
    before = [
        (members[other], overlap)
        for other, overlap in known.items()
        if other in members and members[other].order < member.order
    ]
    original = group.members[0]
    own = [(other, overlap) for other, overlap in before if other.id in inside]
    nearest = [pair for pair in own if pair[0] is original] or sorted(own, key=lambda p: (-p[1].of_a, p[0].order))[:1]
    others = sorted((pair for pair in before if pair[0].id not in inside), key=lambda p: (-p[1].shared, p[0].order))
    # The first of each story is its original, if it is linked to that: none may fall off the end for another's reposts.
    firsts = {other.story: other for other, _ in sorted(others, key=lambda p: p[0].order, reverse=True)}
    leading = [pair for pair in others if firsts[pair[0].story] is pair[0]]
    rest = [pair for pair in others if firsts[pair[0].story] is not pair[0]]
    return nearest + leading + rest[: max(0, LINKS_SHOWN - len(leading))]


def _pieces(member: Member, members: Mapping[str, Member]) -> dict[str, Overlap]:
    """Of each story that a digest holds a piece of, the first article that the piece is in: as a rule its original."""
    stories = {members[name].story for name in member.made_of if name in members}
    first: dict[str, Member] = {}
    for other in (members[name] for name in (*member.parts, *member.links) if name in members):
        if other.story in stories and other.order < first.get(other.story, member).order:
            first[other.story] = other
    return {other.id: member.parts[other.id] for other in first.values() if other.id in member.parts}


def _reason(member: Member, group: Group, links: list[tuple[Member, Overlap]]) -> Json:
    if group.digest and member is group.members[0]:
        return {
            "reason_code": "digest",
            "text": f"holds the text of {len(links)} articles of several stories; joins none",
        }
    if member is group.members[0] and links:
        return _apart(member, *links[0])
    if len(group.members) == 1:
        return {"reason_code": "unique", "text": "no other article tells this text"}
    original = group.members[0]
    if member is original:
        return _elected(original, group)
    if not links:
        return {"reason_code": "same_story", "text": f"in one story with {original.id}"}
    source, overlap = links[0]
    lag = member.published - source.published
    when = f"{span(lag)} {'after' if lag >= 0 else 'before'} it"
    credit = f"credits {', '.join(member.credits)}; " if member.credits else ""
    text = f"{credit}{overlap.of_a:.0%} of this text is in {source.id}, published {when}"
    return {"reason_code": "copied" if source is original else "copied_of_copy", "text": text}


def _apart(member: Member, source: Member, overlap: Overlap) -> Json:
    """A founder that copies what a copy put around its original: it is in no story with either."""
    share = f"{overlap.of_a:.0%} of this text" if overlap.of_a >= overlap.of_b else f"{overlap.of_b:.0%} of {source.id}"
    where = f"in {source.id}" if overlap.of_a >= overlap.of_b else "in this text"
    when = f"published {span(member.published - source.published)} before"
    text = f"{share} is {where}, {when}; but little of what that one has from its original"
    return {"reason_code": "copied_apart", "text": text}


def _elected(original: Member, group: Group) -> Json:
    earliest = min(group.members, key=lambda m: (m.published, m.id))
    if original.rank == OWN and earliest is not original:
        late = span(original.published - earliest.published)
        text = f"{original.agency}'s own article, though a repost is dated {late} earlier"
        return {"reason_code": "agency_own", "text": text}
    if original.rank == OWN:
        return {"reason_code": "agency_first", "text": f"{original.agency}'s own article, and the earliest"}
    return {"reason_code": "first_published", "text": "the earliest article with this text"}
