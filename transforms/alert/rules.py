"""Rules: what a watcher wants to hear about, as an editor writes it in YAML, checked on load.

A rule holds for an article when every condition that it states holds. `RuleText` tells the keys.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from transforms.alert.parse import ROLES, Parser
from transforms.alert.query import Node
from transforms.errors import DataError
from transforms.yamls import read_yaml

SEVERITIES = ("info", "low", "medium", "high", "critical")

_REMEDIES = {
    "id": "write small letters, digits, - and _, as in red-lines",
    "severity": f"choose one of {', '.join(SEVERITIES)}",
    "min_sources": "write a whole number from 1",
    "query": "write a text in single quotes, as in 'title:\"red line\"'",
}


def _listed(value: Any) -> Any:
    """One value where a list is asked for is a list of one; a bare `no` is YAML's false, not Norwegian."""
    values = value if isinstance(value, list) else [value]
    if any(isinstance(item, bool) for item in values):
        raise ValueError('YAML reads a bare yes, no, on or off as true or false: quote it, as in "no"')
    return values


Names = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_listed)]


class RuleText(BaseModel):
    """One rule as written; it must state a condition.

    `any_…`: at least one of them; `all_…`: every one; `no_…`: none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,79}$", description="Never change it: alerts are known by it.")
    name: str = Field("", description="What a person reads; the id if left out.")
    severity: Literal["info", "low", "medium", "high", "critical"] = "medium"
    enabled: bool = True
    any_topic: Names = ()
    all_topics: Names = ()
    no_topic: Names = ()
    any_entity: Names = ()
    all_entities: Names = ()
    no_entity: Names = ()
    any_agency: Names = Field((), description="Slugs of credited agencies.")
    all_agencies: Names = ()
    no_agency: Names = ()
    languages: Names = Field((), description="ISO 639-1.")
    sources: Names = Field((), description="Source ids or domains; a domain includes its subdomains.")
    roles: Names = Field((), description="original, repost, unique, translation.")
    min_sources: int = Field(1, ge=1, description="Alert only once the story has this many different sources.")
    query: str | None = Field(None, description="Lucene style; see transforms/alert/query.py.")
    channels: Names = Field((), description="Names of channels of the config; every channel if left out.")


class RulesText(BaseModel):
    """The rules file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rules: list[RuleText]


@dataclass(frozen=True, slots=True)
class Wanted:
    """The ids of one kind that a rule asks for. `kind` is topics, entities or agencies."""

    kind: str
    some: frozenset[str]
    every: frozenset[str]
    none: frozenset[str]

    def holds(self, ids: set[str]) -> bool:
        """Whether an article with these ids is meant."""
        return (not self.some or not self.some.isdisjoint(ids)) and self.every <= ids and self.none.isdisjoint(ids)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, ready to judge."""

    text: RuleText
    wanted: tuple[Wanted, ...]
    languages: frozenset[str]
    sources: frozenset[str]
    roles: frozenset[str]
    min_sources: int
    query: Node | None

    @property
    def name(self) -> str:
        """What a person reads."""
        return self.text.name or self.text.id


@dataclass(frozen=True, slots=True)
class Rules:
    """The enabled rules of one file. `version` is a hash of what the file means (not of its layout)."""

    rules: tuple[Rule, ...]
    version: str
    default_channels: tuple[str, ...] = ()

    def channels(self, rule_id: str) -> tuple[str, ...]:
        """The names of the channels that alerts of this rule go to: its own, or every one there is."""
        own = next((rule.text.channels for rule in self.rules if rule.text.id == rule_id), ())
        return own or self.default_channels


def load_rules(
    path: str | Path | None,
    topics: Collection[str] | None = None,
    entities: Collection[str] | None = None,
    agencies: Collection[str] | None = None,
    channels: Collection[str] | None = None,
) -> Rules:
    """The rules of a YAML file (none for None), their ids, slugs and channel names checked against what is given.

    `channels` are also where a rule's alerts go that names none. Raises DataError for what an editor should mend.
    """
    default = tuple(channels or ())
    if path is None:
        return Rules((), "none", default)
    file = str(path)
    data = read_yaml(Path(path), file, "name the rules file, or leave the key out")
    try:
        texts = RulesText.model_validate(data).rules
    except ValidationError as error:
        raise _data_error(file, data, error) from None
    known = {"topic": topics, "entity": entities, "agency": agencies, "channel": channels}
    seen: set[str] = set()
    rules = []
    for text in texts:
        if text.id in seen:
            raise DataError(file, f"rules.{text.id}", "two rules have this id", "give one of them another")
        seen.add(text.id)
        rules.append(_rule(file, text, {kind: values for kind, values in known.items() if values is not None}))
    meaning = json.dumps([text.model_dump(mode="json") for text in texts], sort_keys=True, ensure_ascii=False)
    version = hashlib.sha256(meaning.encode()).hexdigest()[:12]
    return Rules(tuple(rule for rule in rules if rule.text.enabled), version, default)


def _rule(file: str, text: RuleText, known: Mapping[str, Collection[str]]) -> Rule:
    key = f"rules.{text.id}"
    lists = {
        "topic": ("any_topic", "all_topics", "no_topic"),
        "entity": ("any_entity", "all_entities", "no_entity"),
        "agency": ("any_agency", "all_agencies", "no_agency"),
    }
    for kind, names in {**lists, "channel": ("channels",)}.items():
        for name in names:
            _check(file, f"{key}.{name}", kind, getattr(text, name), known.get(kind))
    _check(file, f"{key}.roles", "role", text.roles, ROLES)
    for language in text.languages:
        if not (len(language) == 2 and language.isascii() and language.islower()):
            raise DataError(file, f"{key}.languages", f"{language!r} is not an ISO 639-1 code", "write for instance ar")
    stated = text.model_dump(exclude_defaults=True, exclude={"id", "name", "severity", "enabled", "channels"})
    if not any(stated.values()):
        raise DataError(file, key, "states no condition, so every article would raise it", "add for instance any_topic")
    query = Parser(file, f"{key}.query", _query_known(known)).parse(text.query) if text.query is not None else None
    wanted = tuple(
        Wanted(plural, *(frozenset(getattr(text, name)) for name in lists[kind]))
        for kind, plural in (("topic", "topics"), ("entity", "entities"), ("agency", "agencies"))
        if any(getattr(text, name) for name in lists[kind])
    )
    sources = frozenset(source.lower().removeprefix("www.") for source in text.sources)
    return Rule(text, wanted, frozenset(text.languages), sources, frozenset(text.roles), text.min_sources, query)


def _query_known(known: Mapping[str, Collection[str]]) -> dict[str, Collection[str]]:
    """A query may name an entity in words, so only topics and agencies can be checked there."""
    return {kind: known[kind] for kind in ("topic", "agency") if kind in known}


def _check(file: str, key: str, kind: str, values: Sequence[str], known: Collection[str] | None) -> None:
    for value in values:
        if known is not None and value not in known:
            near = get_close_matches(value, [str(name) for name in known], 1, 0.6)
            remedy = f"write {near[0]!r}" if near else f"choose one of the {len(known)} that are known"
            raise DataError(file, key, f"no {kind} {value!r}", remedy)


def _data_error(file: str, data: Any, error: ValidationError) -> DataError:
    first = error.errors()[0]
    place = list(first["loc"])
    if len(place) > 1 and place[0] == "rules" and isinstance(place[1], int):
        rule = data["rules"][place[1]]
        if isinstance(rule, dict) and isinstance(rule.get("id"), str):
            place[1] = rule["id"]
    key = ".".join(str(part) for part in place)
    if first["type"] == "extra_forbidden":
        fields = list(RuleText.model_fields if len(place) > 1 else RulesText.model_fields)
        near = get_close_matches(str(place[-1]), fields, 1, 0.5)
        return DataError(file, key, "unknown key", f"write {near[0]!r}" if near else f"keys are {', '.join(fields)}")
    if first["type"] in ("model_type", "list_type") or not place:
        return DataError(file, key, "not what belongs here", "write `rules:` and under it a list of rules")
    problem = first["msg"].removeprefix("Value error, ")
    return DataError(file, key, problem, _REMEDIES.get(str(place[-1]), "give it the kind of value that this asks for"))
