"""Invented news, made by the hundred from a seed: long enough to be a full text, and no two alike.

Between two slots of a pattern stand at most three fixed words, so that texts share hardly a shingle of five words
unless one was copied from the other.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

_WORDS = {
    "place": """Verrin Osmark Talvane Quillport Brannick Eastmere Lorrow Hathen Pellaby Duncrag Marrowby Selwick
        Ostrava-le-Pont Cinderfield Northolm Wexley Arkady-on-Sea Tamsin Holloway-Cross Greystair Orrin Valebridge
        Kestonbury Mirrowdale Tollgate Saltmarsh Underhill Fenwater Rookhaven Larkspur""",
    "adj": """old narrow joint draft regional costly quiet northern modest disputed temporary wooden electric shallow
        annual restored unused floating municipal wide careful borrowed seasonal revised sturdy private abandoned
        coastal uneven patient""",
    "noun": """harbour library tramway council orchard lighthouse reservoir bakery archive ferry bridge theatre
        observatory market tunnel granary cooperative clinic quarry greenhouse hatchery mill depot nursery weir
        printworks shipyard canal museum choir""",
    "verb": """approved postponed measured reopened mapped painted insured relocated surveyed counted repaired
        replaced lengthened doubled catalogued drained cleared borrowed exchanged inspected halved renamed fenced
        sold rented tested praised questioned rebuilt numbered""",
    "things": """barges lanterns shelves tickets kilometres timetables crates signposts engines beehives carriages
        maps turbines benches ledgers pumps windows bicycles valves portraits saplings buoys bricks looms sluices
        drums clocks parcels nets kettles""",
    "who": """engineers teachers divers bookkeepers gardeners pilots residents historians carpenters nurses clerks
        beekeepers sailors tenants musicians surveyors millers weavers porters masons""",
    "said": """argued hoped doubted noted insisted explained admitted warned recalled suggested promised learned""",
}  # fmt: skip
_WHENS = (
    "before sunrise", "after the thaw", "in late spring", "during the fair", "by nightfall", "over three weekends",
    "within a fortnight", "ahead of harvest", "despite heavy rain", "since the storm", "without ceremony",
    "at short notice", "under new rules", "with some delay",
)  # fmt: skip
_CHOICES = {name: tuple(text.split()) for name, text in _WORDS.items()} | {"when": _WHENS}
_PATTERNS = (
    "The {adj} {noun} of {place} {verb} {number} {things} {when}, and {who} {said} that {number} more would come.",
    "{Who} from {place} {said} {when} that its {noun} had {verb} {number} {adj} {things}.",
    "Nobody {verb} the {adj} {things} near {place} until {number} {who} {verb} a {noun} {when}.",
    "In {place}, {number} {who} {verb} the {noun}, while {adj} {things} were {verb} {when}.",
    "A {adj} {noun} between {place} and {place} was {verb} {when}, {who} {said}, for {number} {things}.",
    "{Number} {things} left {place} {when}; the {noun} {verb} them as {adj}, {who} {said}.",
    "{Who} {verb} {number} {things} at the {noun}, which {place} had {verb} {when}.",
    "Its {noun}, {adj} and {verb} {when}, cost {place} about {number} {things}, {who} {said}.",
)
_TITLES = (
    "{place}: {adj} {noun} {verb} {when}",
    "{Who} in {place} {verb} {number} {things}",
    "{adj} {noun} for {place}, {who} {said}",
)
SENTENCES = 18


@dataclass(slots=True)
class Writer:
    """Writes from one seed; the same seed writes the same."""

    dice: random.Random
    _titles: set[str] = field(default_factory=set)

    def sentence(self) -> str:
        """One invented sentence."""
        return self.filled(self.dice.choice(_PATTERNS))

    def sentences(self, count: int = SENTENCES) -> list[str]:
        """So many of them."""
        return [self.sentence() for _ in range(count)]

    def title(self) -> str:
        """A headline that was not given before."""
        while (title := self.filled(self.dice.choice(_TITLES))) in self._titles:
            pass
        self._titles.add(title)
        return title[0].upper() + title[1:]

    def filled(self, pattern: str) -> str:
        """The pattern with a word in each slot."""
        out = pattern
        while "{" in out:
            name = out[out.index("{") + 1 : out.index("}")]
            key = name.lower()
            word = str(self.dice.randint(12, 980)) if key == "number" else self.dice.choice(_CHOICES[key])
            out = out.replace(f"{{{name}}}", word.capitalize() if name[0].isupper() else word, 1)
        return out
