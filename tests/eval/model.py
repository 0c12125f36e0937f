"""What a measurement gives: figures, the misses behind them as a person reads them, and pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.eval.overlap import Span

# What the label of a mark begins with where the mark is what the miss is about.
JUDGED = "▸ "


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number. `key` is `set.name`, with `.language` behind it where the set has several.

    `value` is a share from 0 to 1, or a count where `count` holds; `cases` is how many cases it is of. `least` says
    that more is better: the pinned value is a floor then, else a ceiling. `tells` says in words what it is.
    """

    key: str
    language: str
    value: float
    cases: int
    tells: str
    least: bool = True
    count: bool = False

    @property
    def shown(self) -> str:
        """The value as a table has it: four places, cut and not rounded up; a count whole."""
        return f"{self.value:.0f}" if self.count else f"{int(self.value * 10_000 + 1e-9) / 10_000:.4f}"


@dataclass(frozen=True, slots=True)
class Shown:
    """A text on a page of misses: what stands above it, the text, and which stretches of it are marked, with a label
    for each kind of mark."""

    head: str
    text: str
    marks: tuple[tuple[Span, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Miss:
    """A case that came out otherwise than the data has it. `weight` orders a page, the worst first."""

    figure: str
    weight: float
    name: str
    expected: str
    found: str
    texts: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """All that one set says. `pictures` are SVG texts by file name without ending; `listed` are rows that the JSON
    form lists in full, under a name: ids and numbers, never texts."""

    name: str
    figures: tuple[Figure, ...]
    misses: tuple[Miss, ...]
    pictures: Mapping[str, str] = field(default_factory=dict)
    listed: Mapping[str, list[dict[str, object]]] = field(default_factory=dict)


def share(hits: int, of: int) -> float:
    """`hits` by `of`. Raises ValueError where there are no cases: a figure of none says nothing."""
    if not of:
        raise ValueError("no cases to measure: the data is not what the measurement was written for")
    return hits / of
