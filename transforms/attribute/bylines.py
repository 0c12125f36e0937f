"""Which names of an author field are credits."""

from __future__ import annotations

import re

from transforms.attribute.names import ANY_NAME, Shape
from transforms.attribute.patterns import Patterns
from transforms.attribute.spans import FRINGE, SMALL, bare, doubtful, parts, within
from transforms.text import fold

_NAMESAKE = re.compile(rf"[^\W\d]+\s+{ANY_NAME}")


class Bylines:
    """The habits of bylines, over the shape of an author field."""

    def __init__(self, patterns: Patterns) -> None:
        self._p = patterns
        # Also across a dash, which parts the rest: "ex-Reuters".
        self._former = re.compile(rf"{patterns.refusal.pattern}[\s-]+{patterns.names}")

    def credited(self, shape: Shape) -> set[int]:
        """The credited hits: a name that fills its part of the field, or one that cannot be anything else."""
        text = self._former.sub(lambda match: " " * len(match[0]), shape.text).replace('"', "/")
        found: set[int] = set()
        sure = picture = False
        for start, end in parts(text, 0):
            part = text[start:end].strip(FRINGE)
            lead = self._p.lead.match(part)
            # "Foto: Lena Ort/dpa": all that follows is the picture's, until something like "Text:".
            picture = not lead and (picture or bool(self._p.picture.search(part)))
            inside = within(shape, start, end) if re.search(ANY_NAME, part) else set()
            if inside and not picture and self._credits(part, lead, shape, inside):
                found |= inside
                sure = sure or bool(lead) or any(self._sure(shape, index) for index in inside)
        alone = bare(shape) and found and _written(shape, 0).isupper()
        return found if sure or alone else set()

    def _sure(self, shape: Shape, index: int) -> bool:
        return shape.hits[index].name.signs or not doubtful(self._p, shape, index)

    def _credits(self, part: str, lead: re.Match[str] | None, shape: Shape, inside: set[int]) -> bool:
        if self._p.refusal.search(part):
            return False
        if self._p.item.fullmatch(part) or (lead and self._p.item.fullmatch(part, lead.end())):
            return True
        if _told(shape, inside):
            return False
        # "Jane Reuters" is a person.
        if _NAMESAKE.fullmatch(part) and all(_written(shape, index).istitle() for index in inside):
            return False
        return all(not shape.hits[index].name.strict for index in inside) and len(part.split()) <= 6


def _told(shape: Shape, inside: set[int]) -> bool:
    """Do words of a sentence lead to the name: "who once worked for Reuters"?"""
    first = shape.raw[: shape.hits[min(inside)].start - shape.start]
    words = re.split(r"[,/|;:()]", first)[-1].split()
    return any(word[:1].islower() and fold(word) not in SMALL for word in words)


def _written(shape: Shape, index: int) -> str:
    hit = shape.hits[index]
    return shape.raw[hit.start - shape.start : hit.end - shape.start]
