"""Decides what an ambiguous name means.

By the words beside it, by cues in the article, and for a surname by who was named in full or with a title.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from transforms.tag import clitics
from transforms.tag.entity_data import Entity, EntityData, Rule
from transforms.tag.gazetteer import DEMONYM, SHORT, Lexicon, Sense
from transforms.tag.scan import Hit, Text

_SENTENCE_ENDS = frozenset('.!?:;\n"')
_TITLE_REACH = 3


@dataclass(slots=True)
class Found:
    """A hit with the one meaning that was decided."""

    hit: Hit
    entity: Entity
    demonym: bool = False


@dataclass(slots=True)
class Resolver:
    """Holds one article's hits while they are decided. `texts` are its fields."""

    data: EntityData
    lexicon: Lexicon
    texts: Sequence[Text]
    hits: list[Hit]
    named: set[str] = field(default_factory=set)
    countries: set[str] = field(default_factory=set)

    def resolve(self) -> list[Found]:
        """The hits that mean an entity, in reading order."""
        found: dict[int, Found] = {}
        surnames: list[int] = []
        for number, hit in enumerate(self.hits):
            if hit.senses[0].kind == SHORT:
                surnames.append(number)
                continue
            meant = self._meaning(hit)
            if meant is not None:
                found[number] = meant
                (self.named if meant.entity.type == "person" else self.countries).add(meant.entity.id)
        titled = {number: person for number in surnames if (person := self._titled(number)) is not None}
        self.named.update(person.id for person in titled.values())
        for number in surnames:
            who = titled.get(number) or self._surname(self.hits[number])
            if who is not None:
                found[number] = Found(self.hits[number], who)
        return [found[number] for number in sorted(found)]

    def _meaning(self, hit: Hit) -> Found | None:
        for sense in hit.senses:
            if sense.entity is None or sense.kind == SHORT:
                continue
            if sense.rule is None or self._passes(sense.rule, hit):
                return Found(hit, sense.entity, sense.kind == DEMONYM)
            if sense.rule.instead == "demonym":
                country = sense.entity.country if sense.entity.type != "country" else sense.entity.id
                return Found(hit, self.data.entities[country or sense.entity.id], demonym=True)
            if sense.rule.instead:
                return Found(hit, self.data.entities[sense.rule.instead])
        return None

    def _passes(self, rule: Rule, hit: Hit) -> bool:
        last, next_ = hit.first - 1, hit.last
        if _beside(hit, last, rule.surely_after):
            return True
        preceded = _beside(hit, last, rule.after) or ("<clitic>" in rule.after and hit.cut)
        if _beside(hit, next_, rule.not_before) or (not preceded and _beside(hit, last, rule.not_after)):
            return False
        if preceded or _beside(hit, next_, rule.before):
            return True
        cues = sum(self._mentioned(cue) for cue in rule.with_)
        others = sum(self._mentioned(cue) for cue in rule.without)
        return cues > others if cues != others else rule.otherwise

    def _mentioned(self, cue: str) -> bool:
        return any(cue in text.folded.text for text in self.texts)

    def _titled(self, number: int) -> Entity | None:
        """Whom a surname means by the title before it: "President Putin", "الرئيس الروسي بوتين"."""
        hit = self.hits[number]
        start, countries = hit.first, set[str]()
        for step in range(1, _TITLE_REACH + 1):
            if _ends_with(hit.text, start, self.data.titles):
                return self._only(
                    [s for s in hit.senses if s.kind == SHORT and (s.rule is None or self._passes(s.rule, hit))],
                    countries,
                )
            previous = self.hits[number - step] if number >= step else None
            if previous is not None and _adjoins(previous, hit, start):
                countries.update(s.entity.id for s in previous.senses if s.entity is not None)
                start = previous.first
            elif start > 0 and hit.text.words[start - 1] in self.data.links:
                start -= 1
            else:
                return None
        return None

    def _only(self, senses: Sequence[Sense], countries: set[str]) -> Entity | None:
        """The one person of several with the surname.

        One named in full here, else one of a country beside the title, else one of a country in the article.
        """
        people = [sense.entity for sense in senses if sense.entity is not None]
        for known in (self.named, None, self.countries):
            chosen = people if known is None else [p for p in people if p.id in known or p.country in known]
            if known is None and countries:
                chosen = [p for p in people if p.country is None or p.country in countries]
                if not chosen:
                    return None
            if len(chosen) == 1:
                return chosen[0]
        return None

    def _surname(self, hit: Hit) -> Entity | None:
        people = [s.entity for s in hit.senses if s.kind == SHORT and s.entity and s.entity.id in self.named]
        people = [person for person in people if not self._somebody_else(person, hit)]
        if any(s.rule is not None and not self._passes(s.rule, hit) for s in hit.senses):
            return None
        return people[0] if len(people) == 1 else None

    def _somebody_else(self, person: Entity, hit: Hit) -> bool:
        """Whether another given name stands before the surname: a relative, a street, a namesake."""
        if hit.first == 0 or hit.cut or hit.text.gap(hit.first) != " ":
            return False
        before, own = hit.text.words[hit.first - 1], self.lexicon.first_names.get(person.id, ())
        return before not in own and (before in self.data.given_names or clitics.bare(before) in self.data.given_names)


def _adjoins(previous: Hit, hit: Hit, start: int) -> bool:
    """Whether `previous` ends right before word `start` of the same text."""
    return previous.text is hit.text and previous.last == start and hit.text.gap(start).strip() in ("", "-")


def _beside(hit: Hit, word: int, wanted: frozenset[str]) -> set[str]:
    """Which of `wanted` the word beside a hit is: itself, itself without proclitics, <article>, <number>, <capital>.

    Nothing stands beside a hit across the end of a sentence.
    """
    text = hit.text
    if not wanted or not 0 <= word < len(text.words):
        return set()
    gap = text.gap(max(word, hit.last) if word >= hit.last else hit.first)
    if _SENTENCE_ENDS & set(gap):
        return set()
    found = set(_names_of_word(text.words[word]) & wanted)
    if "<capital>" in wanted and gap == " " and _named_so(text, word):
        found.add("<capital>")
    return found


@lru_cache(maxsize=65536)
def _names_of_word(word: str) -> frozenset[str]:
    special = {"<article>"} if word.startswith("ال") else {"<number>"} if word.isdigit() else set()
    return frozenset({clitics.bare(word), *(rest for _, rest in clitics.readings(word)), *special})


def _named_so(text: Text, word: int) -> bool:
    """Whether the word has a capital that tells something: not a sentence's first, nor in a headline of capitals."""
    if not text.words[word][0].isalpha() or not text.capital(word):
        return False
    if word == 0 or _SENTENCE_ENDS & set(text.gap(word)):
        return False
    return not text.headline


def _ends_with(text: Text, end: int, phrases: set[str]) -> bool:
    """Whether one of `phrases` stands right before word `end`."""
    if end == 0 or text.gap(end).strip(". -") or "\n" in text.gap(end):
        return False
    for length in (1, 2, 3, 4):
        if length > end:
            return False
        first = text.words[end - length]
        rest = text.words[end - length + 1 : end]
        if any(" ".join((reading, *rest)) in phrases for _, reading in clitics.readings(first)):
            return True
    return False
