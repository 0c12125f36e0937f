"""What judgements make of the groups that text alone forms: some united, and originals that people chose.

Of two judgements that contradict each other the later holds; the commands refuse to make such a pair.
"""

from __future__ import annotations

from collections.abc import Iterable

from transforms.fold.judgements import MERGE, ORIGINAL, SPLIT, Judgement, Judgements
from transforms.fold.stories import Group, Member


def settle(groups: list[Group], judgements: Judgements) -> list[Group]:
    """`groups`, closed under links and merges, in canonical order of their founders, as people want them."""
    if not judgements.about(member.id for group in groups for member in group.members):
        return groups
    united = []
    for parts, by in _united(groups, judgements):
        group = parts[0] if len(parts) == 1 else Group(sorted((m for p in parts for m in p.members), key=_order))
        elect(group, judgements)
        for part, one in zip(parts, by, strict=True):
            if one is not None and group.original not in part.members:
                group.joined.update((member.id, one) for member in part.members)
        united.append(group)
    return united


def elect(group: Group, judgements: Judgements) -> None:
    """Note the original that a person chose: of several the last, and only one that still has company of then."""
    names = {member.id for member in group.members}
    chosen = [
        (one.number, member)
        for member in group.members
        if (one := judgements.of(member.id, ORIGINAL)) is not None and not one.others.isdisjoint(names)
    ]
    group.elected = max(chosen, key=lambda pair: pair[0])[1] if chosen else None


def _order(member: Member) -> tuple[int, int, str]:
    return member.order


def _united(groups: list[Group], judgements: Judgements) -> Iterable[tuple[list[Group], list[Judgement | None]]]:
    """The groups that are one story, each with the judgement that brought it in, if one did."""
    of = {member.id: number for number, group in enumerate(groups) for member in group.members}
    sets: dict[int, list[int]] = {number: [number] for number in range(len(groups))}
    by: dict[int, Judgement] = {}
    for one in judgements.active():
        if one.kind != MERGE or not all(name in of for name in one.articles):
            continue
        first, second = (sets[of[name]] for name in one.articles)
        if first is second or _forbidden(one, _names(groups, first), _names(groups, second), judgements):
            continue
        for name in one.articles:
            by.setdefault(of[name], one)
        first += second
        sets.update(dict.fromkeys(second, first))
    distinct = {id(numbers): sorted(numbers) for numbers in sets.values()}
    for numbers in sorted(distinct.values()):
        yield [groups[number] for number in numbers], [by.get(number) for number in numbers]


def _names(groups: list[Group], numbers: list[int]) -> set[str]:
    return {member.id for number in numbers for member in groups[number].members}


def _forbidden(merge: Judgement, first: set[str], second: set[str], judgements: Judgements) -> bool:
    """Whether a later split keeps these apart."""
    later = (one for one in judgements.active() if one.kind == SPLIT and one.number > merge.number)
    return any(one.parts(first, second) for one in later)
