"""Whether two texts are one: containment of shingle sets, and the words that explain it.

Containment, not Jaccard: a trimmed or wrapped repost has a low Jaccard and a high containment. On SaudiNewsNet 36 of
36 pairs with containment of .6 or more were reposts by hand, 6 of 9 between .5 and .6. There the figures and names
decide (`facts`); and they tell a template that is filled anew from a text that was edited, whatever the containment.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from transforms.fold.facts import Agreement

RULES_VERSION = "2"
THRESHOLD = 0.6
# Between half and the threshold two texts are linked if this many slots are filled alike, one with a figure, and none
# otherwise: a form alone has the names of its sender in common.
AGREED = 4
# Two texts of such unlike length are no filled-in template, whatever their figures.
COMPARABLE, ALIKE = 2 / 3, 0.8
# A template of every day is filled anew a day later, give or take a desk's hours; a repost keeps the figures.
DAILY_S = 18 * 3600
UNSAID, SAME, OTHER = 0, 1, 2
# A copy of a copy is in the original's story if it shares at least this much of the smaller text with that too.
HALF = 0.5
# Under this many common shingles (twelve running words) two texts agree by phrase, not by copying.
AT_LEAST = 8
# A passage of this many shingles (28 running words) is copied, though the rest is not: what digests are made of.
PASSAGE = 24
# And each of its pieces is at least this share of a digest: a phrase that many wires share does not make one.
PIECE = 0.15


@dataclass(frozen=True, slots=True)
class Overlap:
    """How many shingles two articles share, out of how many each; `of_a` and `of_b` are shares from 0 to 1.

    `facts` is what their figures and names say: UNSAID, SAME, or OTHER where one template tells of two events.
    """

    shared: int
    size_a: int
    size_b: int
    facts: int = UNSAID

    @property
    def of_a(self) -> float:
        return self.shared / self.size_a if self.size_a else 0.0

    @property
    def of_b(self) -> float:
        return self.shared / self.size_b if self.size_b else 0.0

    @property
    def jaccard(self) -> float:
        union = self.size_a + self.size_b - self.shared
        return self.shared / union if union else 0.0

    @property
    def linked(self) -> bool:
        """One text is taken from the other, whichever way. Symmetrical in a and b."""
        if self.facts == OTHER:
            return False
        if self.shared < AT_LEAST:
            return 0 < self.shared == self.size_a == self.size_b
        return self.shared >= (HALF if self.facts == SAME else THRESHOLD) * min(self.size_a, self.size_b)

    @property
    def passage(self) -> bool:
        """They share a passage, and no more."""
        return self.shared >= PASSAGE and not self.linked and self.facts != OTHER

    def turned(self) -> Overlap:
        """The same, seen from the other article."""
        return Overlap(self.shared, self.size_b, self.size_a, self.facts)

    def without(self, common: int) -> Overlap:
        """The same of two texts without so many of the shingles that they share, if these are most of them: what is but
        a title or a dateline in a copied text tells nothing against it."""
        if 2 * common < self.shared:
            return self
        return replace(self, shared=self.shared - common, size_a=self.size_a - common, size_b=self.size_b - common)

    @property
    def in_doubt(self) -> bool:
        """Whether figures and names have a say: half of the smaller text is shared, and it is not one text outright."""
        return AT_LEAST <= self.shared >= HALF * min(self.size_a, self.size_b) and self.jaccard < 1

    def weighed(self, found: Agreement, lag_s: int) -> Overlap:
        """The same with what the slots of the two texts say, which are dated `lag_s` seconds apart."""
        return replace(self, facts=self._facts(found, abs(lag_s)))

    def _facts(self, found: Agreement, lag_s: int) -> int:
        size = min(self.size_a, self.size_b) / max(self.size_a, self.size_b)
        if size >= COMPARABLE and found.differs:
            return OTHER
        if size >= ALIKE and lag_s >= DAILY_S and 2 * found.other_figures >= found.figures > 0:
            return OTHER
        return SAME if found.common >= AGREED and found.figures and not found.against else UNSAID
