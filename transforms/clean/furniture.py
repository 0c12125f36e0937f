"""The furniture of blogs and portals around a story, taken off line by line.

What furniture is, is data (`transforms/data/furniture.yaml`); this decides from the place of a line whether it goes.
In doubt a line stays: a line too many costs a little in a comparison, a sentence of the story lost costs the story.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from transforms.clean.lines import Line, is_ended
from transforms.clean.lists import drop_lists
from transforms.clean.phrases import Boxes, phrases
from transforms.text import fold

_WORD = re.compile(r"\w+")
_SITE = re.compile(r"\s[-–—|·»:]\s")
# In characters. A line of the head is shorter than a paragraph.
_PARAGRAPH = 80
_STORY = 200
_MOST_REPEATS = 3
_HEAD_LINES = 12


def strip_furniture(body: str, title: str, links: Collection[str] = ()) -> str:
    """`body`, a text that is `safe`, without furniture and without its title (`title`) where it is given again on top.

    `links` are those of its lines that are links. Lines and paragraphs that stay are untouched, but for a "read more"
    at the very end. Credit lines always stay.
    """
    known = phrases()
    if 2 * sum(map(len, links)) > len(body):
        # A text made of links is no story with links around it.
        links = ()
    lines = []
    for text in map(known.trimmed, body.split("\n")):
        linked = text in links
        lines.append(Line(text, known.match(text, linked) if text else None, linked))
    told = [line for line in lines if line.text]
    _drop_titles(told, title)
    _drop_alone(told)
    _drop_dates(told)
    drop_lists(told)
    _drop_tail(told)
    _drop_repeats(told)
    kept = [line for line in told if not line.dropped]
    if kept:
        kept[-1].text = known.ended(kept[-1].text)
    text = "\n".join(line.text for line in lines if not line.dropped)
    return text if len(text) == len(body) else re.sub(r"\n{3,}", "\n\n", text).strip("\n")


def boxes() -> Boxes:
    """Which HTML elements hold furniture."""
    return phrases().boxes


def _drop_titles(lines: list[Line], title: str) -> None:
    words = _WORD.findall(fold(title))
    if not words:
        return
    repeats = 0
    for line in lines[:_HEAD_LINES]:
        if line.match is not None:
            continue
        if len(line.text) > 2 * len(title) + 60 or not _is_title(line.text, words):
            return
        line.dropped = True
        repeats += 1
        if repeats == _MOST_REPEATS:
            return


def _is_title(line: str, title: list[str]) -> bool:
    """Whether a line is the title, perhaps with the site's name behind one of them."""
    words = _WORD.findall(fold(line))
    if words == title:
        return True
    shorter, longer = sorted((words, title), key=len)
    if len(shorter) < 3 or len(longer) - len(shorter) > 5 or longer[: len(shorter)] != shorter:
        return False
    if longer is title:
        return not is_ended(line)
    return _SITE.search(line) is not None


def _drop_alone(lines: list[Line]) -> None:
    """Drops what is furniture wherever it stands."""
    for line in lines:
        if line.match and line.match.kind in {"line", "label", "colon", "start", "photo", "copyright"}:
            line.dropped = not phrases().is_credit(line.text)


def _drop_dates(lines: list[Line]) -> None:
    """Drops lines that are only a date: under furniture, and above the first paragraph."""
    head = True
    above_dropped = False
    for line in lines:
        if line.match and line.match.kind == "date" and (head or above_dropped):
            line.dropped = True
        if line.told >= _PARAGRAPH:
            head = False
        above_dropped = line.dropped


def _drop_tail(lines: list[Line]) -> None:
    """Drops everything from a comment form, a subscription box or a closing list of links on."""
    before = 0
    after = sum(line.told for line in lines)
    last_told = max((place for place, line in enumerate(lines) if line.tells), default=-1)
    for place, line in enumerate(lines):
        before, after = before + line.told, after - line.told
        if line.match is None or line.match.kind not in {"tail", "block", "related"}:
            continue
        followers = [other.match is not None for other in lines[place + 1 : place + 4]]
        if before and _ends_here(line.match.kind, before, after, place > last_told, followers):
            for other in lines[place:]:
                other.dropped = other.dropped or not phrases().is_credit(other.text)
            return
        # A heading in the story may read "More from the summit"; a fixed phrase says enough by itself.
        line.dropped = not line.match.open


def _ends_here(kind: str, before: int, after: int, links_only: bool, followers: list[bool]) -> bool:
    """Whether the story is over at a line of this kind, with so much of it before and after.

    `links_only`: no sentence follows; `followers`: which of the next three lines are furniture.
    """
    if kind == "related":
        return links_only and before >= after
    if kind == "block":
        return (any(followers[:1]) and before >= after) or (links_only and before >= max(after, _STORY))
    return before >= after or (before >= 2 * _STORY and 4 * before >= after and any(followers))


def _drop_repeats(lines: list[Line]) -> None:
    """Drops a paragraph that stands twice in a row."""
    last = ""
    for line in lines:
        if line.dropped:
            continue
        if line.text == last and len(last) >= _PARAGRAPH // 2:
            line.dropped = True
        last = line.text
