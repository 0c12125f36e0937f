"""The furniture of blogs and portals around a story, taken off line by line.

What furniture is, is data (`transforms/data/furniture.yaml`); this decides from the place of a line whether it goes.
In doubt a line stays: a line too many costs a little in a comparison, a sentence of the story lost costs the story.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from transforms.clean.phrases import Match, phrases
from transforms.text import fold

_WORD = re.compile(r"\w+")
_SENTENCE_END = re.compile(r"[.!?؟۔。…][\W]*$")
_SITE = re.compile(r"\s[-–—|·»:]\s")
# In characters. A line of the head is shorter than a paragraph; a link in a list is shorter than a sentence of story.
_PARAGRAPH = 80
_LINK = 160
_STORY = 200
_MOST_REPEATS = 3
_HEAD_LINES = 12


@dataclass(slots=True)
class _Line:
    text: str
    match: Match | None
    dropped: bool = False

    @property
    def told(self) -> int:
        """How much of the story the line holds, in characters, as far as one can tell from the line alone."""
        return 0 if self.match or self.dropped else len(self.text)


def strip_furniture(body: str, title: str) -> str:
    """`body`, a text that is `safe`, without furniture and without its title (`title`) where it is given again on top.

    Lines and paragraphs that stay are untouched, but for a "read more" at the very end. Credit lines always stay.
    """
    known = phrases()
    lines = [_Line(text, known.match(text) if text else None) for text in map(known.trimmed, body.split("\n"))]
    told = [line for line in lines if line.text]
    _drop_titles(told, title)
    _drop_alone(told)
    _drop_dates(told)
    _drop_tail(told)
    _drop_repeats(told)
    kept = [line for line in told if not line.dropped]
    if kept:
        kept[-1].text = known.ended(kept[-1].text)
    text = "\n".join(line.text for line in lines if not line.dropped)
    return text if len(text) == len(body) else re.sub(r"\n{3,}", "\n\n", text).strip("\n")


def dropped_classes() -> frozenset[str]:
    """Classes of HTML elements that hold furniture."""
    return phrases().classes


def _drop_titles(lines: list[_Line], title: str) -> None:
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
        return not _SENTENCE_END.search(line)
    return _SITE.search(line) is not None


def _drop_alone(lines: list[_Line]) -> None:
    """Drops what is furniture wherever it stands."""
    for line in lines:
        if line.match and line.match.kind in {"line", "label", "colon", "start", "photo", "copyright"}:
            line.dropped = not phrases().is_credit(line.text)


def _drop_dates(lines: list[_Line]) -> None:
    """Drops lines that are only a date: under furniture, and above the first paragraph."""
    head = True
    above_dropped = False
    for line in lines:
        if line.match and line.match.kind == "date" and (head or above_dropped):
            line.dropped = True
        if line.told >= _PARAGRAPH:
            head = False
        above_dropped = line.dropped


def _drop_tail(lines: list[_Line]) -> None:
    """Drops everything from a comment form, a subscription box or a closing list of links on."""
    before = 0
    after = sum(line.told for line in lines)
    last_told = max((place for place, line in enumerate(lines) if _tells(line)), default=-1)
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


def _tells(line: _Line) -> bool:
    """Whether a line reads as a sentence of story rather than as a link or a name."""
    return line.match is None and (len(line.text) > _LINK or _SENTENCE_END.search(line.text[-20:]) is not None)


def _ends_here(kind: str, before: int, after: int, links_only: bool, followers: list[bool]) -> bool:
    """Whether the story is over at a line of this kind, with so much of it before and after.

    `links_only`: no sentence follows; `followers`: which of the next three lines are furniture.
    """
    if kind == "related":
        return links_only and before >= after
    if kind == "block":
        return (any(followers[:1]) and before >= after) or (links_only and before >= max(after, _STORY))
    return before >= after or (before >= 2 * _STORY and 4 * before >= after and any(followers))


def _drop_repeats(lines: list[_Line]) -> None:
    """Drops a paragraph that stands twice in a row."""
    last = ""
    for line in lines:
        if line.dropped:
            continue
        if line.text == last and len(last) >= _PARAGRAPH // 2:
            line.dropped = True
        last = line.text
