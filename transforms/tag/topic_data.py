"""Reads a topic file (`transforms/data/topics/ID.yaml`) and checks it.

    id: sanctions
    names: {en: Sanctions, ar: عقوبات}      # what a reader sees
    description: States and bodies punishing others by law.
    threshold: 10                           # points that make the topic (see topic_score)
    title_weight: 2                         # a hit in the title counts so many times; 2 if not given
    languages:
      en:
        patterns: {10: [impos% <3> sanctions], 4: [sanction%]}   # weight: patterns (see topic_patterns)
        near:                               # one of each group, in any order, at most so many words apart
          - {groups: [[sanction%], [eu, un]], within: 8, weight: 10}
        ignored: [sanctioned by the referee]     # hits that overlap one of these do not count
        required: [[ministr%, council]]     # of each group at least one must be there
        excluded:                           # costs points at each hit; without a cost, a hit forbids the topic
          - {any: [league, coach], cost: 6}
          - {set: sports, cost: 5}          # a list of `_sets.yaml` in the same folder

Weights and thresholds are points, above 0 and at most 100; see `topic_score` for how they are counted.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from transforms.errors import DataError
from transforms.tag.topic_patterns import PatternError, Phrase, parse
from transforms.yamls import UniqueKeys

LONGEST_WINDOW = 50
HEAVIEST = 100

_TOPIC_KEYS = ("id", "names", "description", "threshold", "title_weight", "languages")
_LANGUAGE_KEYS = ("patterns", "near", "ignored", "required", "excluded")
_ID = re.compile(r"[a-z][a-z0-9_]*")
_LANGUAGE = re.compile(r"[a-z]{2}")

Phrases = tuple[Phrase, ...]


@dataclass(frozen=True, slots=True)
class Near:
    """One hit of each group within `within` words brings `weight` points."""

    label: str
    groups: tuple[Phrases, ...]
    within: int
    weight: float


@dataclass(frozen=True, slots=True)
class Excluded:
    """Each hit of `phrases` costs `cost` points, or forbids the topic when `cost` is None."""

    phrases: Phrases
    cost: float | None


@dataclass(frozen=True, slots=True)
class LanguageRules:
    """A topic in one language."""

    patterns: tuple[tuple[Phrase, float], ...]
    near: tuple[Near, ...]
    ignored: Phrases
    required: tuple[Phrases, ...]
    excluded: tuple[Excluded, ...]


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic file."""

    id: str
    names: dict[str, str]
    description: str
    threshold: float
    title_weight: float
    languages: dict[str, LanguageRules]


Sets = dict[str, dict[str, Phrases]]
"""Named lists of patterns, by language."""


def read_topic(path: Path, text: str, sets: Sets | None = None) -> Topic:
    """The topic in `text`, the content of the file `path`; `sets` are those it may name. Raises DataError."""
    return _Reader(path.name, sets or {}).topic(_yaml(path.name, text), path.stem)


def read_sets(path: Path, text: str) -> Sets:
    """The shared lists in `text`, the content of the file `path`; raises DataError."""
    return _Reader(path.name, {}).sets(_yaml(path.name, text))


def _yaml(file: str, text: str) -> object:
    try:
        return yaml.load(text, UniqueKeys)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise DataError(file, "", f"not YAML: {error}", "mend the line it names") from error


class _Reader:
    """Checks values of one file; `key` is the path to the value, for the error."""

    def __init__(self, file: str, sets: Sets) -> None:
        self._file = file
        self._sets = sets

    def sets(self, data: object) -> Sets:
        return {
            name: {lang: self._phrases(f"{name}.{lang}", found) for lang, found in self._languages(name, lists).items()}
            for name, lists in self._mapping("", data, None).items()
        }

    def topic(self, data: object, stem: str) -> Topic:
        top = self._mapping("", data, _TOPIC_KEYS)
        for key in ("id", "names", "threshold", "languages"):
            if key not in top:
                raise DataError(self._file, key, "is missing", "add it")
        if not isinstance(top["id"], str) or not _ID.fullmatch(top["id"]) or top["id"] != stem:
            raise DataError(self._file, "id", f"is {top['id']!r}", f"write the file's name: {stem}")
        languages = self._mapping("languages", top["languages"], None)
        if not languages:
            raise DataError(self._file, "languages", "has no language", "add one, such as en:")
        return Topic(
            top["id"],
            {lang: self._text(f"names.{lang}", name) for lang, name in self._languages("names", top["names"]).items()},
            self._text("description", top.get("description", "-")),
            self._weight("threshold", top["threshold"]),
            self._weight("title_weight", top.get("title_weight", 2)),
            {lang: self._rules(lang, rules) for lang, rules in self._languages("languages", languages).items()},
        )

    def _rules(self, language: str, data: object) -> LanguageRules:
        key = f"languages.{language}"
        rules = self._mapping(key, data, _LANGUAGE_KEYS)
        weights = self._mapping(f"{key}.patterns", rules.get("patterns", {}), None)
        patterns = tuple(
            (phrase, self._weight(f"{key}.patterns.{weight}", weight))
            for weight, sources in weights.items()
            for phrase in self._phrases(f"{key}.patterns.{weight}", sources)
        )
        near = tuple(self._near(at, item) for at, item in self._items(f"{key}.near", rules))
        if not patterns and not near:
            raise DataError(self._file, key, "has no pattern that brings points", "add patterns: or near:")
        return LanguageRules(
            patterns,
            near,
            self._phrases(f"{key}.ignored", rules["ignored"]) if "ignored" in rules else (),
            tuple(self._phrases(at, group) for at, group in self._items(f"{key}.required", rules)),
            tuple(self._excluded(at, item, language) for at, item in self._items(f"{key}.excluded", rules)),
        )

    def _near(self, key: str, data: object) -> Near:
        item = self._mapping(key, data, ("groups", "within", "weight"))
        groups = tuple(self._phrases(at, group) for at, group in self._items(f"{key}.groups", item))
        if len(groups) < 2:
            raise DataError(self._file, f"{key}.groups", "has fewer than two groups", "write [[a, b], [c]]")
        within = item.get("within")
        if not isinstance(within, int) or not 1 <= within <= LONGEST_WINDOW:
            raise DataError(self._file, f"{key}.within", f"is {within!r}", f"write words, from 1 to {LONGEST_WINDOW}")
        label = f" ~{within} ".join("/".join(phrase.source for phrase in group[:3]) for group in groups)
        return Near(label, groups, within, self._weight(f"{key}.weight", item.get("weight")))

    def _excluded(self, key: str, data: object, language: str) -> Excluded:
        item = self._mapping(key, data, ("any", "set", "cost"))
        cost = self._weight(f"{key}.cost", item["cost"]) if "cost" in item else None
        if "set" not in item:
            return Excluded(self._phrases(f"{key}.any", item.get("any")), cost)
        if "any" in item:
            raise DataError(self._file, key, "has both any and set", "write two entries")
        named = self._mapping(f"{key}.set", {item["set"]: None}, self._sets)
        return Excluded(tuple(phrase for name in named for phrase in self._sets[name].get(language, ())), cost)

    def _items(self, key: str, parent: dict[str, Any]) -> list[tuple[str, object]]:
        value = parent.get(key.rsplit(".", 1)[1], [])
        if not isinstance(value, list):
            raise DataError(self._file, key, f"is {type(value).__name__}", "write a list, [...]")
        return [(f"{key}.{number}", item) for number, item in enumerate(value)]

    def _phrases(self, key: str, data: object) -> Phrases:
        if not isinstance(data, list) or not data:
            raise DataError(self._file, key, f"is {data!r}", "write a list with at least one pattern, [...]")
        phrases: list[Phrase] = []
        for number, source in enumerate(data):
            try:
                phrases.extend(parse(self._text(f"{key}.{number}", source)))
            except PatternError as error:
                raise DataError(self._file, f"{key}.{number}", error.problem, error.remedy) from error
        return tuple(phrases)

    def _languages(self, key: str, data: object) -> dict[str, Any]:
        found = self._mapping(key, data, None)
        for language in found:
            if not isinstance(language, str) or not _LANGUAGE.fullmatch(language):
                raise DataError(self._file, f"{key}.{language}", "is no language", "write an ISO 639-1 code: ar")
        return found

    def _mapping(self, key: str, data: object, known: Collection[str] | None) -> dict[Any, Any]:
        if not isinstance(data, dict):
            raise DataError(self._file, key, f"is {type(data).__name__}", "write a mapping, key: value")
        for name in data if known is not None else ():
            if name not in known:  # type: ignore[operator]
                close = difflib.get_close_matches(str(name), known or (), 1)
                remedy = f"did you mean {close[0]}?" if close else f"known keys: {', '.join(known or ())}"
                raise DataError(self._file, f"{key}.{name}".lstrip("."), "unknown key", remedy)
        return data

    def _text(self, key: str, value: object) -> str:
        if not isinstance(value, str):
            raise DataError(self._file, key, f"{value!r} is no text", "put it in quotes")
        if not value.strip():
            raise DataError(self._file, key, "is empty", "write a text")
        return value

    def _weight(self, key: str, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= HEAVIEST:
            raise DataError(self._file, key, f"{value!r} is no weight", f"write a number above 0, at most {HEAVIEST}")
        return float(value)
