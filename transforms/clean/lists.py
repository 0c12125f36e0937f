"""Lists of links to other articles in the middle of a text: "Read also:", and what it announces."""

from __future__ import annotations

import re

from transforms.clean.lines import LINK, Line, is_ended
from transforms.clean.phrases import phrases

_BULLET = re.compile(r"[-–—•·▪■●◄►▶»›*]\s*\w")
_OPEN = re.compile(r"[:,;،؛»”\"'’)\]]\W*$")
_QUESTION = re.compile(r"[?؟]\W*$")
_MOST = 20
# In lines, and in characters, for lines that only look like titles.
_MOST_TITLES = 6
_FEW_TITLES = 2
_TITLE = 120
# Of lines that long, so many and this share must end in a full stop.
_PARAGRAPH = 80
_PARAGRAPHS = 2
_ENDED_SHARE = 0.8


def drop_lists(lines: list[Line]) -> None:
    """Drops the links under a heading of kind "related", with the heading.

    A link is known by its markup or its bullet. A line that only looks like a title is one where the text's sentences
    end in full stops, and where furniture follows the list, or the heading announced it with a colon.
    """
    told = sum(line.told for line in lines)
    before = 0
    stops: bool | None = None
    for place, heading in enumerate(lines):
        before += heading.told
        if heading.match is None or heading.match.kind != "related":
            continue
        found = _links(lines, place + 1)
        if not found:
            found = _titles(lines, place)
            if not found or sum(line.told for line in found) > before:
                continue
            stops = _has_stops(lines) if stops is None else stops
            if not stops:
                continue
        length = sum(line.told for line in found)
        if length <= told - length:
            for line in (heading, *found):
                line.dropped = True
            told -= length


def _links(lines: list[Line], start: int) -> list[Line]:
    """The lines from `start` on that are links by their markup or bullet."""
    found = []
    for line in lines[start : start + _MOST]:
        bulleted = _BULLET.match(line.text) and len(line.text) <= LINK and not is_ended(line.text)
        if line.match or not (line.linked or bulleted):
            break
        found.append(line)
    return found


def _titles(lines: list[Line], heading: int) -> list[Line]:
    """The lines after a heading that look like titles, none where a story may have begun with them."""
    start = end = heading + 1
    while end < len(lines) and end - start <= _MOST_TITLES and lines[end].match is None and _is_title(lines[end].text):
        end += 1
    found = lines[start:end]
    closed = end == len(lines) or lines[end].match is not None or phrases().is_credit(lines[end].text)
    if closed:
        return found if len(found) <= _MOST_TITLES else []
    announced = lines[heading].text.rstrip().endswith(":")
    return found if announced and len(found) <= _FEW_TITLES and not any(is_ended(line.text) for line in found) else []


def _is_title(text: str) -> bool:
    """Whether a line may be a title: short, and no sentence but a question."""
    if len(text) > _TITLE or _OPEN.search(text[-10:]) or phrases().is_credit(text):
        return False
    return not is_ended(text) or _QUESTION.search(text[-10:]) is not None


def _has_stops(lines: list[Line]) -> bool:
    """Whether the text's paragraphs end as sentences do, so that a line that does not is none."""
    ended = [is_ended(line.text) for line in lines if line.match is None and len(line.text) > _PARAGRAPH]
    return len(ended) >= _PARAGRAPHS and sum(ended) >= _ENDED_SHARE * len(ended)
