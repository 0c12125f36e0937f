"""A line of an article, and what can be told of it before its place is looked at."""

from __future__ import annotations

import re
from dataclasses import dataclass

from transforms.clean.phrases import Match

LINK = 160
"""In characters: a link in a list is shorter than most paragraphs."""
_SENTENCE_END = re.compile(r"[.!?؟۔。…][\W]*$")


def is_ended(text: str) -> bool:
    """Whether a text ends as a sentence does."""
    return _SENTENCE_END.search(text[-20:]) is not None


@dataclass(slots=True)
class Line:
    """`linked` tells that the line is a link, or little more, as far as the markup told."""

    text: str
    match: Match | None
    linked: bool = False
    dropped: bool = False

    @property
    def told(self) -> int:
        """How much of the story the line holds, in characters, as far as one can tell from the line alone."""
        return 0 if self.match or self.dropped else len(self.text)

    @property
    def tells(self) -> bool:
        """Whether the line reads as a sentence of story rather than as a link or a name."""
        if self.match or self.dropped or self.linked:
            return False
        return len(self.text) > LINK or is_ended(self.text)
