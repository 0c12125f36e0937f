"""Reads entity files: what an editor writes, checked, and merged by id over all files."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import xxhash
import yaml

from transforms.errors import DataError
from transforms.tag import inflect
from transforms.text import fold, words

DATA = Path(__file__).parent.parent / "data" / "entities"
LANGUAGES = ("ar", "en", "fr", "ru", "es", "de")
# In this order they win a name that several claim.
TYPES = ("country", "organisation", "treaty", "weapon", "person", "place", "city")
_SECTIONS = {"type", "entities", "rules", "masks", "titles", "links", "given_names", "rewrites", "shortest_rewritten"}
_ENTITY_KEYS = {"name", "type", "iso", "capital", "codes", "also", "demonyms", "drop", "short", "country", *LANGUAGES}
_SIDES = ("surely_after", "after", "not_after", "before", "not_before")
_RULE_LISTS = ("names", "with", "without", *_SIDES)
_RULE_KEYS = {"entity", "instead", "otherwise", *_RULE_LISTS}
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_ID = re.compile(r"Q[1-9]\d*|[a-z]+:[a-z0-9-]+")

Names = dict[str, list[str]]


@dataclass(slots=True)
class Entity:
    """One thing to find.

    `names`, `demonyms` and `short` are by language; `codes` are matched letter for letter in every language.
    The pseudo-language "also" holds names that are right in every language of their script. `short` is what a person is
    called once named in full; None means the last word of each full name. `country` is an entity's id.
    """

    id: str
    name: str
    type: str
    names: Names = field(default_factory=dict)
    codes: list[str] = field(default_factory=list)
    demonyms: Names = field(default_factory=dict)
    short: Names | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """When a name that means several things means `entity`; the head of `ambiguity.yaml` says how a rule is read.

    All words are folded (`transforms.text.fold`).
    """

    names: tuple[str, ...]
    entity: str
    instead: str | None = None
    surely_after: frozenset[str] = frozenset()
    after: frozenset[str] = frozenset()
    not_after: frozenset[str] = frozenset()
    before: frozenset[str] = frozenset()
    not_before: frozenset[str] = frozenset()
    with_: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    otherwise: bool = True


@dataclass(slots=True)
class EntityData:
    """All that the files say. `titles` and `links` are folded phrases, `rewrites` pairs of Arabic letters."""

    entities: dict[str, Entity] = field(default_factory=dict)
    rules: list[Rule] = field(default_factory=list)
    masks: set[str] = field(default_factory=set)
    titles: set[str] = field(default_factory=set)
    links: set[str] = field(default_factory=set)
    given_names: set[str] = field(default_factory=set)
    rewrites: list[tuple[str, str]] = field(default_factory=list)
    shortest_rewritten: int = 6
    version: str = ""


def builtin_paths() -> tuple[Path, ...]:
    """The project's own files, generated ones first, so that a curated file adds to them."""
    return tuple(sorted(DATA.glob("*.yaml"), key=lambda path: ("_generated" not in path.stem, path.name)))


def read(paths: Sequence[Path]) -> EntityData:
    """The merged data of `paths`, in their order; raises DataError naming file, key and remedy."""
    data, digest, rules = EntityData(), xxhash.xxh64(), []
    for path in paths:
        try:
            raw = path.read_bytes()
            content = yaml.load(raw, Loader=_LOADER)  # noqa: S506 - a safe loader
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            problem = f"cannot be read ({error})".replace("\n", " ")
            raise DataError(str(path), "", problem, "give a readable YAML file in UTF-8") from error
        digest.update(raw)
        reader = _Reader(path.name, data)
        reader.file(content)
        rules += [(path.name, number, rule) for number, rule in enumerate(reader.rules)]
    _check_references(data, rules)
    data.version = digest.hexdigest()[:12]
    return data


def _check_references(data: EntityData, rules: Iterable[tuple[str, int, Rule]]) -> None:
    for file, number, rule in rules:
        where = f"rules[{number}]"
        for key, id_ in (("entity", rule.entity), ("instead", rule.instead)):
            if id_ not in (None, "demonym") and id_ not in data.entities:
                raise DataError(
                    file, f"{where}.{key}", f"no entity has the id {id_!r}", "give the id of a listed entity"
                )
        entity = data.entities[rule.entity]
        if rule.instead == "demonym" and entity.type != "country" and entity.country not in data.entities:
            raise DataError(file, f"{where}.instead", f"{entity.id} has no country", "give the entity its `country`")
        data.rules.append(rule)


class _Reader:
    """Adds one file to `data`. `rules` are kept apart until all entities are known."""

    def __init__(self, file: str, data: EntityData) -> None:
        self.file_name, self.data, self.rules = file, data, list[Rule]()

    def fail(self, key: str, problem: str, remedy: str) -> DataError:
        return DataError(self.file_name, key, problem, remedy)

    def known(self, key: str, found: Iterable[Any], allowed: Iterable[str]) -> None:
        for one in found:
            if one not in allowed:
                close = difflib.get_close_matches(str(one), list(allowed), 1)
                remedy = f"did you mean {close[0]!r}?" if close else "known keys: " + ", ".join(sorted(allowed))
                raise self.fail(f"{key}.{one}".lstrip("."), "unknown key", remedy)

    def file(self, content: Any) -> None:
        if not isinstance(content, dict):
            raise self.fail("", "not a mapping", "begin with `type:` and `entities:`")
        self.known("", content, _SECTIONS)
        default = content.get("type")
        for id_, entry in self.mapping("entities", content.get("entities")).items():
            self.entity(str(id_), entry, default)
        for number, entry in enumerate(self.sequence("rules", content.get("rules"))):
            self.rules.append(self.rule(f"rules[{number}]", entry))
        for section in ("masks", "titles", "links", "given_names"):
            for language, names in self.mapping(section, content.get(section)).items():
                self.known(section, [language], LANGUAGES)
                listed = self.strings(f"{section}.{language}", names)
                if (section, language) == ("titles", "ru"):
                    listed = [form for name in listed for form in (name, *inflect.russian(name))]
                getattr(self.data, section).update(" ".join(words(fold(name))) for name in listed)
        for number, pair in enumerate(self.sequence("rewrites", content.get("rewrites"))):
            if len(self.strings(f"rewrites[{number}]", pair)) != 2:
                raise self.fail(f"rewrites[{number}]", "not a pair", "give two strings, such as [غ, ج]")
            self.data.rewrites.append((fold(pair[0]), fold(pair[1])))
        self.data.shortest_rewritten = int(content.get("shortest_rewritten", self.data.shortest_rewritten))

    def entity(self, id_: str, entry: Any, default: Any) -> None:
        key = f"entities.{id_}"
        if not _ID.fullmatch(id_):
            raise self.fail(key, "not an id", "use a Wikidata id such as Q159, or type:slug such as person:jane-doe")
        entry = self.mapping(key, entry)
        self.known(key, entry, _ENTITY_KEYS)
        names = {lang: self.strings(f"{key}.{lang}", entry[lang]) for lang in (*LANGUAGES, "also") if lang in entry}
        type_ = entry.get("type", default)
        entity = self.data.entities.get(id_)
        if entity is None:
            if type_ not in TYPES:
                raise self.fail(f"{key}.type", f"{type_!r} is no type", "use one of " + ", ".join(TYPES))
            name = entry.get("name") or (names.get("en") or [""])[0]
            if not name:
                raise self.fail(key, "has no name", "give `name`, the English display name")
            entity = self.data.entities[id_] = Entity(id_, str(name), type_)
            if type_ == "person":
                names["en"] = list(dict.fromkeys([entity.name, *names.get("en", ())]))
            names.setdefault("en", [entity.name])
        elif "type" in entry and entry["type"] != entity.type:
            problem = f"{entry['type']} here, {entity.type} in another file"
            raise self.fail(f"{key}.type", problem, "give one type, or another id")
        self.merge(key, entity, entry, names)

    def merge(self, key: str, entity: Entity, entry: dict[str, Any], names: Names) -> None:
        for language, dropped in self.mapping(f"{key}.drop", entry.get("drop")).items():
            kept = entity.names.get(language, [])
            for name in self.strings(f"{key}.drop.{language}", dropped):
                if name not in kept:
                    problem = f"{name!r} is not a name to drop"
                    raise self.fail(f"{key}.drop.{language}", problem, "name one that an earlier file lists")
                kept.remove(name)
        entity.name = str(entry.get("name", entity.name))
        for language, more in names.items():
            entity.names.setdefault(language, []).extend(more)
        entity.codes += self.strings(f"{key}.codes", entry.get("codes", []))
        entity.country = entry.get("country", entity.country)
        for language, more in self.by_language(f"{key}.demonyms", entry.get("demonyms")).items():
            entity.demonyms.setdefault(language, []).extend(more)
        if "short" in entry:
            entity.short = self.by_language(f"{key}.short", entry["short"])

    def rule(self, key: str, entry: Any) -> Rule:
        entry = self.mapping(key, entry)
        self.known(key, entry, _RULE_KEYS)
        lists = {k: tuple(map(fold, self.words(f"{key}.{k}", entry.get(k)))) for k in _RULE_LISTS}
        if not lists["names"] or "entity" not in entry:
            remedy = "say which `names` the rule is for, and which `entity` they may mean"
            raise self.fail(key, "lacks names or entity", remedy)
        if not isinstance(entry.get("otherwise", True), bool):
            raise self.fail(f"{key}.otherwise", "not yes or no", "write yes or no")
        names = tuple(" ".join(words(name)) for name in lists["names"])
        sides = {side: frozenset(lists[side]) for side in _SIDES}
        return Rule(names, str(entry["entity"]), entry.get("instead"), with_=lists["with"], without=lists["without"],
                    otherwise=entry.get("otherwise", True), **sides)  # fmt: skip

    def words(self, key: str, value: Any) -> list[str]:
        """The words of a rule: a list of them, or of lists, one a language."""
        listed = [value] if isinstance(value, str) else self.sequence(key, value)
        parts = [part if isinstance(part, list) else [part] for part in listed]
        return self.strings(key, [word for part in parts for word in part])

    def by_language(self, key: str, value: Any) -> Names:
        found = self.mapping(key, value)
        self.known(key, found, LANGUAGES)
        return {language: self.strings(f"{key}.{language}", names) for language, names in found.items()}

    def mapping(self, key: str, value: Any) -> dict[str, Any]:
        if value is not None and not isinstance(value, dict):
            raise self.fail(key, "not a mapping", "write `key: value` lines under it")
        return value or {}

    def sequence(self, key: str, value: Any) -> list[Any]:
        if value is not None and not isinstance(value, list):
            raise self.fail(key, "not a list", "write it as [one, another]")
        return value or []

    def strings(self, key: str, value: Any) -> list[str]:
        found = [value] if isinstance(value, str) else self.sequence(key, value)
        for one in found:
            if not isinstance(one, str) or not words(fold(one)):
                remedy = "write text with letters, in quotes where YAML reads it otherwise (no, 404)"
                raise self.fail(key, f"{one!r} is not a name", remedy)
        return list(found)
