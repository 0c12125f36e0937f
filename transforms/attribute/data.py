"""The agencies file: read, checked, and turned into plain records."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from transforms.errors import DataError

DEFAULT = Path(__file__).parent.parent / "data" / "agencies.yaml"
KINDS = ("agency", "broadcaster", "historic")
WHERE = ("head", "tail", "last", "any")
_TOP = ("agencies", "habits")
_SETS = ("archaic", "homonyms", "bylines", "misread")
_AGENCY = ("slug", "name", "kind", "spellings", "strict", *_SETS, "homes", "outlets")
_LISTS = ("nouns", "holders", "articles", "leads", "trails", "links", "pictures", "refusals", "misreadings")
_PHRASE = ("where", "if", "text")


@dataclass(frozen=True, slots=True)
class Agency:
    """One agency. `spellings` and `strict` hold (language or "any", name as written), the sets some of those names."""

    slug: str
    name: str
    kind: str
    spellings: tuple[tuple[str, str], ...]
    strict: tuple[tuple[str, str], ...]
    archaic: frozenset[str]
    homonyms: frozenset[str]
    bylines: frozenset[str]
    misread: frozenset[str]
    homes: tuple[str, ...]
    outlets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Phrase:
    """A sentence that credits, as an editor wrote it; tried only where one of `triggers` stands."""

    key: str
    where: str
    triggers: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class HabitWords:
    """The word lists of the file's `habits`, as written."""

    nouns: tuple[str, ...]
    holders: tuple[str, ...]
    articles: tuple[str, ...]
    leads: tuple[str, ...]
    trails: tuple[str, ...]
    links: tuple[str, ...]
    pictures: tuple[str, ...]
    refusals: tuple[str, ...]
    misreadings: tuple[str, ...]
    phrases: tuple[Phrase, ...]


@dataclass(frozen=True, slots=True)
class AgencyData:
    """The whole file; `file` is its name for messages, `version` a short hash of its bytes."""

    file: str
    version: str
    agencies: tuple[Agency, ...]
    habits: HabitWords


def did_you_mean(wrong: str, right: list[str] | tuple[str, ...]) -> str:
    """A remedy: the nearest of `right`, or all of them when few, or where to look."""
    near = get_close_matches(wrong, right, 1, 0.6)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"use one of {', '.join(right)}" if len(right) <= 10 else "take a slug from the agencies file"


class _Reader:
    """Checks as it reads, so that every mistake names its key."""

    def __init__(self, file: str) -> None:
        self.file = file

    def fail(self, key: str, problem: str, remedy: str) -> DataError:
        return DataError(self.file, key, problem, remedy)

    def mapping(self, value: Any, key: str, known: tuple[str, ...]) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.fail(key, "is not a mapping", f"write it as `key: value` with {', '.join(known)}")
        for name in value:
            if name not in known:
                at = f"{key}.{name}" if key else str(name)
                raise self.fail(at, "unknown key", did_you_mean(str(name), known))
        return value

    def texts(self, value: Any, key: str) -> tuple[str, ...]:
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
            raise self.fail(key, "is not a list of texts", 'write [one, two]; quote words such as "no" and "y"')
        return tuple(value)

    def by_language(self, value: Any, key: str) -> tuple[tuple[str, str], ...]:
        if value is None:
            return ()
        if not isinstance(value, dict):
            raise self.fail(key, "is not a mapping", "write it as `any: [AFP]`, `ar: [...]`")
        pairs: list[tuple[str, str]] = []
        for language, names in value.items():
            if not isinstance(language, str) or not (language == "any" or (len(language) == 2 and language.isalpha())):
                raise self.fail(f"{key}.{language}", "is not a language", 'use "any" or an ISO 639-1 code; quote "no"')
            pairs.extend((language, name) for name in self.texts(names, f"{key}.{language}"))
        return tuple(pairs)

    def one_of(self, value: Any, key: str, allowed: tuple[str, ...]) -> str:
        if value not in allowed:
            raise self.fail(key, f"is {value!r}", did_you_mean(str(value), allowed))
        return str(value)

    def agency(self, raw: Any, key: str) -> Agency:
        record = self.mapping(raw, key, _AGENCY)
        for needed in ("slug", "name", "kind"):
            if not isinstance(record.get(needed), str) or not record[needed]:
                raise self.fail(f"{key}.{needed}", "is missing or not a text", f"add `{needed}: ...`")
        slug = record["slug"]
        key = f"agencies.{slug}"
        strict = self.by_language(record.get("strict"), f"{key}.strict")
        spellings = self.by_language(record.get("spellings"), f"{key}.spellings")
        if not strict and not spellings:
            raise self.fail(key, "has no spelling", "add `spellings: {any: [...]}`")
        names, exact = [name for _, name in spellings + strict], [name for _, name in strict]
        archaic = self.among(record, "archaic", names, "spellings or strict", key)
        misread = self.among(record, "misread", names, "spellings or strict", key)
        homonyms = self.among(record, "homonyms", exact, "strict", key)
        bylines = self.among(record, "bylines", sorted(homonyms), "homonyms", key)
        kind = self.one_of(record["kind"], f"{key}.kind", KINDS)
        return Agency(
            slug, record["name"], kind, spellings, strict, archaic, homonyms, bylines, misread,
            self.texts(record.get("homes"), f"{key}.homes"), self.outlets(record.get("outlets"), key),
        )  # fmt: skip

    def among(self, record: dict[str, Any], name: str, allowed: list[str], where: str, key: str) -> frozenset[str]:
        """The names under `name`, each of which must be one of `allowed`, which stand under `where`."""
        words = self.texts(record.get(name), f"{key}.{name}")
        for word in words:
            if word not in allowed:
                raise self.fail(f"{key}.{name}", f"{word!r} is not in {where}", "add it there as well")
        return frozenset(words)

    def outlets(self, value: Any, key: str) -> tuple[str, ...]:
        domains = self.texts(value, f"{key}.outlets")
        for domain in domains:
            check_domain(self.file, f"{key}.outlets", domain)
        return domains

    def phrase(self, raw: Any, key: str) -> Phrase:
        record = self.mapping(raw, key, _PHRASE)
        text = record.get("text")
        if not isinstance(text, str) or ("{agencies}" in text) == ("{historic}" in text):
            problem = "needs {agencies} or {historic}, and one of them only"
            raise self.fail(f"{key}.text", problem, "mark where the names stand")
        triggers = self.texts(record.get("if"), f"{key}.if")
        if not triggers:
            raise self.fail(f"{key}.if", "is missing", "name words of which the phrase holds one")
        return Phrase(key, self.one_of(record.get("where"), f"{key}.where", WHERE), triggers, text)

    def habits(self, raw: Any) -> HabitWords:
        record = self.mapping(raw, "habits", (*_LISTS, "phrases"))
        lists = {name: self.texts(record.get(name), f"habits.{name}") for name in _LISTS}
        for name, words in lists.items():
            if not words and name != "misreadings":
                raise self.fail(f"habits.{name}", "is missing", f"add `{name}: [...]`")
        for pair in lists["misreadings"]:
            if len(pair.split()) != 2:
                remedy = "write what is printed and what is read: [e c, u n]"
                raise self.fail("habits.misreadings", f"{pair!r} is not a pair", remedy)
        phrases = record.get("phrases") or []
        if not isinstance(phrases, list):
            raise self.fail("habits.phrases", "is not a list", "write `- {where: ..., if: [...], text: ...}`")
        checked = tuple(self.phrase(item, f"habits.phrases[{number}]") for number, item in enumerate(phrases))
        return HabitWords(**lists, phrases=checked)


def check_domain(file: str, key: str, domain: str) -> None:
    """Raises DataError unless `domain` is a bare lower-case domain with a dot, such as spa.gov.sa."""
    if "." not in domain or domain != domain.lower().strip(". ") or any(letter in domain for letter in "/:@* "):
        raise DataError(file, key, f"{domain!r} is not a bare domain", "write it as in `spa.gov.sa`")


def read(path: Path) -> AgencyData:
    """The agencies file at `path`, checked. Raises DataError naming file, key and remedy."""
    try:
        raw_bytes = path.read_bytes()
        raw = yaml.safe_load(raw_bytes)
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
        raise DataError(str(path), "", problem, "give the path of an agencies file") from error
    except yaml.YAMLError as error:
        raise DataError(str(path), "", f"is not YAML ({error})", "mend the line that is named") from error
    reader = _Reader(path.name)
    top = reader.mapping(raw, "", _TOP)
    if not isinstance(top.get("agencies"), list) or not top["agencies"]:
        raise reader.fail("agencies", "is missing or not a list", "write one `- slug: ...` record per agency")
    agencies = tuple(reader.agency(item, f"agencies[{number}]") for number, item in enumerate(top["agencies"]))
    seen: set[str] = set()
    for agency in agencies:
        if agency.slug in seen:
            raise reader.fail(f"agencies.{agency.slug}", "the slug is there twice", "join the two records")
        seen.add(agency.slug)
    version = hashlib.blake2b(raw_bytes, digest_size=4).hexdigest()
    return AgencyData(path.name, version, agencies, reader.habits(top.get("habits")))
