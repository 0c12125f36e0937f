"""The habits of the agencies file as compiled expressions over shapes (see `names.Shape`)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from transforms.attribute.data import AgencyData, HabitWords, Phrase
from transforms.attribute.names import ANY_HISTORIC, ANY_NAME
from transforms.errors import DataError
from transforms.text import fold

DASH = r"(?:-|\u0640)"
# What stands between the parts of a credit: "wam - reuters", "afp/ap", "riyadh: spa".
HARD = re.compile(r"\s*[-/,،;؛+&|·•:()\[\]\u0640]+\s*")


@dataclass(frozen=True, slots=True)
class CompiledPhrase:
    where: str
    triggers: frozenset[str]
    historic: bool
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Patterns:
    """Everything the habits need, compiled once.

    `names` is the source of an expression for one or several names; the rest are compiled:
    `item` one part of a credit that holds names; `lead` what may open it; `picture` and `refusal` what spoils it;
    `noun` a word for "agency", `noun_last` one, a holder or a name at the end of what goes before a bracket.
    """

    names: str
    item: re.Pattern[str]
    lead: re.Pattern[str]
    picture: re.Pattern[str]
    refusal: re.Pattern[str]
    noun_last: re.Pattern[str]
    noun: re.Pattern[str]
    phrases: tuple[CompiledPhrase, ...]


def _words(words: tuple[str, ...]) -> str:
    """An alternation of folded words, longest first; spaces match any white space.

    Words are grouped by their first letter: the engine tries one branch after another.
    """
    groups: dict[str, list[str]] = {}
    for word in sorted({fold(word) for word in words}, key=lambda word: (-len(word), word)):
        groups.setdefault(re.escape(word[0]), []).append(re.escape(word[1:]).replace(r"\ ", r"\s+"))
    branches = (f"{first}(?:{'|'.join(rests)})" for first, rests in groups.items())
    return f"(?:{'|'.join(branches)})"


def _loose(text: str) -> str:
    """An editor's pattern as an expression: spaces loosen, "..." is a gap, colons in any width."""
    folded = fold(text).replace("(...)?", r"(?:[^.\n]{1,40}?\s)?").replace("...", r"[^.\n]{0,40}?")
    return folded.replace(" ?", r"\s*").replace(" ", r"\s+")


def _compile(data: AgencyData, key: str, expression: str) -> re.Pattern[str]:
    try:
        return re.compile(expression)
    except re.error as error:
        remedy = "balance ( ) and escape signs with a backslash"
        raise DataError(data.file, key, f"is not a pattern ({error})", remedy) from error


def _name_list(habits: HabitWords, name: str) -> str:
    """The source of an expression: one name or several, each with its "the agency" before it."""
    before = rf"(?:(?:{_words(habits.nouns)}|{_words(habits.articles)})\s*\"?\s*){{0,3}}"
    one = rf'{before}(?:"\s*)?{name}(?:\s*")?'
    between = rf"(?:\s*[-/,،;+&|.·\u0640]+\s*|\s+{_words(habits.links)}\s+|\s+و?\s*|و)"
    return f"(?:{one}(?:{between}{one}){{0,6}})"


def _phrase(data: AgencyData, phrase: Phrase, names: str, historic: str) -> CompiledPhrase:
    placeholder = "{historic}" if "{historic}" in phrase.text else "{agencies}"
    before, after = phrase.text.split(placeholder, 1)
    edge = "" if before.startswith("[") else r"(?<!\w)"
    source = rf"{edge}{_loose(before)}(?P<names>{historic if 'historic' in placeholder else names}){_loose(after)}"
    pattern = _compile(data, f"{phrase.key}.text", source)
    triggers = frozenset(fold(trigger) for trigger in phrase.triggers)
    return CompiledPhrase(phrase.where, triggers, "historic" in placeholder, pattern)


def compile_patterns(data: AgencyData) -> Patterns:
    """Raises DataError where an editor's pattern is no expression."""
    habits = data.habits
    names = _name_list(habits, ANY_NAME)
    for number, lead in enumerate(habits.leads):
        _compile(data, f"habits.leads[{number}]", _loose(lead))
    lead = "|".join(sorted((f"(?:{_loose(lead)})" for lead in habits.leads), key=len, reverse=True))
    other = r"[^\s-]+(?:[\s-][^\s-]+){0,2}"
    explained = _words(habits.nouns + habits.holders)
    trails = rf"(?:[\s.]*{_words(habits.trails)})*"
    return Patterns(
        names=names,
        item=re.compile(rf'(?:{other}\s+(?:{_words(habits.links)}\s+|و)|و)?{names}{trails}[\s."\'*]*'),
        lead=re.compile(rf"(?:{lead})(?![^\W\d_])\s*"),
        picture=re.compile(rf"(?<!\w){_words(habits.pictures)}(?!\w)"),
        refusal=re.compile(rf"(?<!\w){_words(habits.refusals)}(?!\w)"),
        noun_last=re.compile(rf"(?:(?<!\w){explained}|{ANY_NAME})(?:\s+[^\W\d]+)?[\s\"',-]*$"),
        noun=re.compile(rf"(?<!\w){_words(habits.nouns)}(?!\w)"),
        phrases=tuple(_phrase(data, phrase, names, _name_list(habits, ANY_HISTORIC)) for phrase in habits.phrases),
    )
