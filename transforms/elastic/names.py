"""The names of indices and aliases.

Articles and health reports are series: `news-articles-000001` and on, read through `news-articles`; new documents go to
the one that `news-articles-write` points to. All else is one index each.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

SERIES = ("articles", "health")
LONGEST_ID = 512  # bytes, of the server
SINGLE = ("stories", "alerts", "feeds", "revisions", "forgotten", "judgements", "meta")


def sound(key: str) -> bool:
    """Whether a server takes this as an id."""
    return 0 < len(key.encode("utf-8", "replace")) <= LONGEST_ID


@dataclass(frozen=True, slots=True)
class Names:
    """What the indices of one prefix are called."""

    prefix: str

    def of(self, kind: str) -> str:
        """The index of a kind; of a series, the alias through which all of it is read."""
        return f"{self.prefix}-{kind}"

    def write(self, series: str) -> str:
        """The alias of the index that new documents of a series go to."""
        return f"{self.prefix}-{series}-write"

    def first(self, series: str) -> str:
        """The first index of a series."""
        return f"{self.prefix}-{series}-000001"

    def pattern(self, series: str) -> str:
        """What fits the indices of a series and, of all the program makes, nothing else."""
        return f"{self.prefix}-{series}-0*"

    def number(self, series: str, index: str) -> int:
        """The number of an index in its series; -1 for one that is not of it."""
        found = re.fullmatch(rf"{re.escape(self.of(series))}-([0-9]+)", index)
        return int(found[1]) if found else -1
