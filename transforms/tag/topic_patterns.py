"""The pattern language of topics, after the category language of Europe Media Monitor.

    sanctions                   the word, as folded by `transforms.text`
    sanction%                   any word that begins so
    (eu|european union|un%)     any one of these words or phrases
    impos% <3> sanctions        a phrase with up to three words in the gap

In Arabic the joined particles و ف ب ل ك, the article ال and the accusative ا (رسوما) are taken off a word of the text
where that makes it match; a pattern that is written with ال wants the article.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from transforms.text import fold, words

SHORTEST_STEM = 3
LONGEST_GAP = 10
MOST_PHRASES = 64

_PIECES = re.compile(r"\s*(?:<(?P<gap>\d+)>|\((?P<choice>[^()<>]*)\)|(?P<plain>[^\s()<>|]+))(?=[\s(<]|$)")


class PatternError(ValueError):
    """What is wrong with a pattern (`problem`) and what to write instead (`remedy`)."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy)
        self.problem, self.remedy = problem, remedy


@dataclass(frozen=True, slots=True, order=True)
class Term:
    """A folded word, or with `prefix` the beginning of one."""

    text: str
    prefix: bool


Element = frozenset[Term]


@dataclass(frozen=True, slots=True)
class Phrase:
    """A compiled pattern: at each place one of an element's terms, and at most `gaps[i]` words before `elements[i]`."""

    source: str
    elements: tuple[Element, ...]
    gaps: tuple[int, ...]


def parse(source: str) -> list[Phrase]:
    """Compile one pattern, to several phrases where a choice offers phrases of its own; raises PatternError."""
    built: list[tuple[tuple[Element, ...], tuple[int, ...]]] = [((), ())]
    pending: int | None = None
    at = 0
    text = source.rstrip()
    while at < len(text):
        piece = _PIECES.match(text, at)
        if not piece:
            raise PatternError(f"cannot read {text[at:]!r}", "write a choice as (a|b c|d%), and a gap as <3>")
        at = piece.end()
        if piece["gap"]:
            pending = _gap(int(piece["gap"]), first=not built[0][0])
            continue
        options = _choice(piece["choice"]) if piece["choice"] is not None else [_plain(piece["plain"])]
        gap, pending = pending or 0, None
        built = [
            (elements + option, (*gaps, gap, *([0] * (len(option) - 1))))
            for elements, gaps in built
            for option in options
        ]
        if len(built) > MOST_PHRASES:
            raise PatternError(f"the choices make more than {MOST_PHRASES} phrases", "split the pattern")
    if not built[0][0]:
        raise PatternError("the pattern is empty", "write at least one word")
    if pending is not None:
        raise PatternError("the pattern ends with a gap", "write a word behind it, or take the gap away")
    return [Phrase(source, elements, gaps) for elements, gaps in built]


def _gap(size: int, *, first: bool) -> int:
    if first:
        raise PatternError("the pattern begins with a gap", "write a word before it, or take the gap away")
    if not 1 <= size <= LONGEST_GAP:
        raise PatternError(f"the gap <{size}> is out of range", f"write a number from 1 to {LONGEST_GAP}")
    return size


def _choice(inside: str) -> list[tuple[Element, ...]]:
    """All single words as one element, and each longer option by itself."""
    options = [_terms(option) for option in inside.split("|")]
    singles = frozenset(terms[0] for terms in options if len(terms) == 1)
    longer = [tuple(frozenset({term}) for term in terms) for terms in options if len(terms) > 1]
    return [*([(singles,)] if singles else []), *longer]


def _plain(piece: str) -> tuple[Element, ...]:
    return tuple(frozenset({term}) for term in _terms(piece))


def _terms(piece: str) -> list[Term]:
    """The words of a text: `cease-fire%` is two, and the second is a beginning."""
    terms: list[Term] = []
    for word in piece.split():
        prefix = word.endswith("%")
        stem = word[:-1] if prefix else word
        if "%" in stem:
            raise PatternError(f"% stands inside {word!r}", "write % at the end of a word only")
        found = words(fold(stem))
        if not found:
            raise PatternError(f"no word in {word!r}", "write a word of letters or digits")
        if prefix and len(found[-1]) < SHORTEST_STEM:
            raise PatternError(f"the stem of {word!r} is too short", f"give at least {SHORTEST_STEM} letters before %")
        terms += [Term(part, prefix and i == len(found) - 1) for i, part in enumerate(found)]
    if not terms:
        raise PatternError(f"no word in {piece!r}", "write a word of letters or digits")
    return terms


def arabic_forms(token: str) -> list[str]:
    """`token` (folded), and what is left of it without the joined particles, the article and the accusative ا.

    Three letters are always left, so that short words are not taken apart.
    """
    forms = [token]
    if len(token) < 4:
        return forms
    if token[0] in "وف":
        forms.append(token[1:])
    for base in tuple(forms):
        if base[0] in "بلك" and len(base) > 3:
            forms.append(base[1:])
        if base.startswith("لل") and len(base) > 4:
            forms += ["ال" + base[2:], base[2:]]
    for base in tuple(forms):
        if base.startswith("ال") and len(base) > 4:
            forms.append(base[2:])
    # Not the pronoun in بعثها, which would read as بعثة.
    forms += [base[:-1] for base in forms if base[-1] == "ا" and base[-2] != "ه" and len(base) > 4]
    return forms
