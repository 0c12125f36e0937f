"""Countries, people and organisations in Arabic, against the human labels of ANERcorp (`token TAG`, a token a line).

How spans are mapped. The tokens of a sentence are joined by one space; the file has no breaks, so a token that is a
full stop, a question or an exclamation mark ends a sentence, and each sentence is tagged by itself. A span of ours
touches each token that it shares a letter with; a joined particle ("وبالصين") is part of its token in the labels and
not of our span, which still touches the token. A gold entity is a B- and the I- of its kind behind it. A span lies
inside an entity if every token that it touches is labelled (is not O); it agrees with a kind if each is of that kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain

from babel import Locale

from tests.eval import data
from tests.eval.model import JUDGED, Figure, Measured, Miss, Shown, share
from tests.eval.overlap import Span
from transforms.tag.clitics import readings
from transforms.tag.entities import load_gazetteer
from transforms.text import fold, words

NAME, LANGUAGE = "anercorp", "ar"
PLACES = frozenset({"country", "city", "place"})
# Not countries, though CLDR lists them among the territories: codes of unions, of the unknown, and of tests.
NO_COUNTRY = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})
KINDS = {"person": "PERS", "organisation": "ORG"}


@dataclass(frozen=True, slots=True)
class Token:
    """A token's extent in the text of its sentence, and its tag."""

    start: int
    end: int
    tag: str

    @property
    def kind(self) -> str:
        """PERS, ORG, LOC, MISC; or O."""
        return self.tag.rpartition("-")[2]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, its tokens, and what the product finds in it: (span, type, name)."""

    text: str
    tokens: tuple[Token, ...]
    found: tuple[tuple[Span, str, str], ...]

    def touched(self, span: Span) -> list[Token]:
        """The tokens that a span shares letters with."""
        return [token for token in self.tokens if token.start < span[1] and token.end > span[0]]

    def gold(self, kind: str) -> list[Span]:
        """The labelled entities of a kind, as spans of the text."""
        signs = "".join({f"B-{kind}": "B", f"I-{kind}": "I"}.get(token.tag, "-") for token in self.tokens)
        return [
            (self.tokens[match.start()].start, self.tokens[match.end() - 1].end) for match in re.finditer("BI*", signs)
        ]


@cache
def sentences() -> tuple[Sentence, ...]:
    """The set, tagged once."""
    found, text, tokens = [], "", list[Token]()
    for line in (data.folder(NAME) / "ANERCorp.dev.txt").read_text("utf-8").splitlines():
        word, _, tag = line.strip().rpartition(" ")
        if not word:
            continue
        tokens.append(Token(len(text), len(text) + len(word), tag))
        text += word + " "
        if word in {".", "؟", "!"}:
            found.append(_tagged(text, tokens))
            text, tokens = "", []
    return (*found, _tagged(text, tokens)) if text else tuple(found)


def _tagged(text: str, tokens: list[Token]) -> Sentence:
    entities = load_gazetteer().entities("", text, LANGUAGE)
    spans = sorted(
        ((span["start"], span["end"]), one["type"], one["name"]) for one in entities for span in one["spans"]
    )
    return Sentence(text, tuple(tokens), tuple(spans))


@cache
def cldr_names() -> frozenset[str]:
    """The Arabic names of countries and territories in CLDR, folded."""
    territories: dict[str, str] = Locale(LANGUAGE).territories
    codes = [code for code in territories if code.isalpha() and code not in NO_COUNTRY]
    return frozenset(" ".join(words(fold(territories[code]))) for code in codes)


def is_listed(text: str) -> bool:
    """Whether a gold entity equals a name of CLDR's, after folding, in some reading of its joined particles."""
    first, _, rest = " ".join(words(fold(text))).partition(" ")
    return any(f"{reading} {rest}".strip() in cldr_names() for _, reading in readings(first))


@dataclass(frozen=True, slots=True)
class Case:
    """A span that was judged: of ours against the labels, or of the labels against ours."""

    sentence: Sentence
    span: Span
    right: bool
    tells: str


def inside(type_: str) -> Iterator[Case]:
    """Our spans of a type; right inside any gold entity."""
    for sentence in sentences():
        for span, kind, name in sentence.found:
            if kind == type_:
                right = all(token.kind != "O" for token in sentence.touched(span))
                yield Case(sentence, span, right, f"tagged as the {type_} {name}, labelled O")


def agreeing(type_: str) -> Iterator[Case]:
    """Our spans of a type; right where every token is labelled as of this kind."""
    for sentence in sentences():
        for span, kind, name in sentence.found:
            if kind == type_:
                labels = [token.tag for token in sentence.touched(span)]
                right = all(label.endswith(f"-{KINDS[type_]}") for label in labels)
                yield Case(sentence, span, right, f"tagged as the {type_} {name}, labelled {' '.join(labels)}")


def covered(type_: str) -> Iterator[Case]:
    """The gold entities of a kind; right where a span of ours of this type overlaps."""
    for sentence in sentences():
        for start, end in sentence.gold(KINDS[type_]):
            right = any(kind == type_ and a < end and b > start for (a, b), kind, _ in sentence.found)
            yield Case(sentence, (start, end), right, f"no {type_} found")


def listed() -> Iterator[Case]:
    """The gold places that CLDR names as countries; right where a place of ours (any kind of it) overlaps."""
    for sentence in sentences():
        for start, end in sentence.gold("LOC"):
            if is_listed(sentence.text[start:end]):
                right = any(kind in PLACES and a < end and b > start for (a, b), kind, _ in sentence.found)
                yield Case(sentence, (start, end), right, "no place found")


def measure() -> Measured:
    """Countries, people and organisations, with what disagrees."""
    asked = {
        "country_inside": (inside("country"), "our spans of countries that lie inside a gold entity"),
        "country_found": (listed(), "gold LOC that CLDR lists as a country, found as a place"),
        "person_precision": (agreeing("person"), "our spans of people, labelled PERS throughout"),
        "listed_precision": (chain(agreeing("person"), agreeing("organisation")), "our spans of both kinds together"),
        "person_coverage": (covered("person"), "gold PERS that a span of a person overlaps"),
        "organisation_precision": (agreeing("organisation"), "our spans of organisations, labelled ORG throughout"),
        "organisation_coverage": (covered("organisation"), "gold ORG that a span of an organisation overlaps"),
        "city_inside": (inside("city"), "our spans of cities that lie inside a gold entity"),
    }
    figures, misses = [], list[Miss]()
    for name, (cases, tells) in asked.items():
        judged = list(cases)
        value = share(sum(case.right for case in judged), len(judged))
        figures.append(Figure(f"{NAME}.{name}", LANGUAGE, value, len(judged), tells))
        # Lists cover what they name: who is not in them is no error to be read one by one. What both kinds miss
        # together stands under each.
        if not name.endswith("_coverage") and name != "listed_precision":
            misses += _misses(f"{NAME}.{name}", [case for case in judged if not case.right])
    return Measured(NAME, tuple(figures), tuple(misses))


def _misses(figure: str, cases: list[Case]) -> Iterator[Miss]:
    """A miss for each name that is judged wrong, with its first sentence; the most frequent is the worst."""
    by: dict[tuple[str, str], list[Case]] = {}
    for case in cases:
        by.setdefault((case.sentence.text[slice(*case.span)], case.tells), []).append(case)
    for (name, tells), same in by.items():
        sentence, judged = same[0].sentence, same[0].span
        labels = " ".join(token.tag for token in sentence.touched(judged))
        marks = [(span, f"{kind}: {found}") for span, kind, found in sentence.found if span != judged]
        marks.append((judged, f"{JUDGED}{tells}"))
        times = "" if len(same) == 1 else f", {len(same)} times; the first"
        shown = Shown(f"the sentence{times}", sentence.text, tuple(sorted(marks)))
        yield Miss(figure, len(same), name, f"labels: {labels}", tells, (shown,))
