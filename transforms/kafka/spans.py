"""Sets of whole numbers as half-open stretches: compact where numbers come in runs, as offsets do."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator


class Spans:
    """A set of numbers, kept as sorted, disjoint, non-touching stretches `start <= n < end`.

    `flat` is start, end, start, end …, as `list(spans)` of another gives it.
    """

    __slots__ = ("_edges",)

    def __init__(self, flat: Iterable[int] = ()) -> None:
        self._edges = list(flat)

    def add(self, start: int, end: int) -> None:
        """Take in a stretch; an empty one changes nothing."""
        if start >= end:
            return
        edges = self._edges
        # An odd place lies inside a stretch (or touches its end): the edge there goes.
        left, right = bisect_left(edges, start), bisect_right(edges, end)
        between = ([] if left % 2 else [start]) + ([] if right % 2 else [end])
        edges[left:right] = between

    def update(self, other: Spans) -> None:
        """Take in all of another."""
        for start, end in other.stretches():
            self.add(start, end)

    def cut_below(self, floor: int) -> None:
        """Leave out what is below `floor`."""
        at = bisect_right(self._edges, floor)
        self._edges[:at] = [floor] if at % 2 else []

    def end_of(self, number: int) -> int | None:
        """The end of the stretch that holds `number`, None where none does."""
        at = bisect_right(self._edges, number)
        return self._edges[at] if at % 2 else None

    def stretches(self) -> Iterator[tuple[int, int]]:
        """Each stretch, in order."""
        return zip(self._edges[::2], self._edges[1::2], strict=True)

    def __contains__(self, number: int) -> bool:
        return bisect_right(self._edges, number) % 2 == 1

    def __iter__(self) -> Iterator[int]:
        return iter(self._edges)

    def __bool__(self) -> bool:
        return bool(self._edges)

    def __repr__(self) -> str:
        return f"Spans({self._edges})"
