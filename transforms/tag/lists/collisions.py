"""Names of a list that would tag the wrong thing: found before the list is used, each with the reason.

`taken`: it is a name of another entity already. `ambiguous`: several entities of the list claim it. `short` and
`common`: a single word that stands in too many texts that mean something else. `script`: written without spaces, in
which names are not found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from transforms.records import Json
from transforms.tag.entities import Gazetteer
from transforms.tag.gazetteer import key_of
from transforms.tag.lists.record import Listed
from transforms.text import fold, words

COMMON = Path(__file__).parents[2] / "data" / "common_words.yaml"
REASONS = ("taken", "ambiguous", "short", "common", "script")
# Letters of a single word, folded. A code is matched letter for letter, so two are enough.
_SHORTEST, _SHORTEST_CODE = 4, 2


@dataclass(frozen=True, slots=True)
class Collision:
    """A name of the entity `id` that should not be looked up. `others` are the ids that have it too."""

    id: str
    name: str
    language: str
    reason: str
    others: tuple[str, ...] = ()
    line: int = 0

    def document(self) -> Json:
        """For machines."""
        others: Json = {"others": list(self.others)} if self.others else {}
        return {"id": self.id, "name": self.name, "language": self.language, "reason": self.reason, **others,
                "line": self.line}  # fmt: skip


@cache
def common_words() -> frozenset[str]:
    """The folded words of `common_words.yaml`."""
    told: dict[str, list[Any]] = yaml.safe_load(COMMON.read_text("utf-8"))
    return frozenset(key_of(str(word)) for several in told.values() for word in several)


def collisions(entities: Iterable[Listed], gazetteer: Gazetteer) -> list[Collision]:
    """All collisions of a list's names with each other and with the names of `gazetteer`, in the list's order; a name
    is told with the first reason that holds for it."""
    listed = list(entities)
    claims: dict[str, list[str]] = {}
    for entity in listed:
        for key in {key_of(name) for _, name, _ in _every(entity)}:
            claims.setdefault(key, []).append(entity.id)
    known = gazetteer.data
    common = common_words() | known.given_names | known.titles | known.links
    return [
        Collision(entity.id, name, language, reason, tuple(others), entity.line)
        for entity in listed
        for language, name, code in _every(entity)
        for reason, others in _reasons(entity, name, code, claims, common.__contains__, gazetteer)
    ]


def without(entities: Iterable[Listed], found: Iterable[Collision]) -> list[Listed]:
    """The entities without the names that collide; those that have no name left are left out."""
    dropped = {(one.id, one.language, one.name) for one in found}
    kept = []
    for entity in entities:
        names = {
            language: left
            for language, several in entity.names.items()
            if (left := [name for name in several if (entity.id, language, name) not in dropped])
        }
        codes = [code for code in entity.codes if (entity.id, "code", code) not in dropped]
        if names or codes:
            kept.append(Listed(entity.id, entity.type, entity.name, names, codes, entity.line))
    return kept


def counts(found: Iterable[Collision]) -> dict[str, int]:
    """How many names collide, by reason."""
    told = Counter(one.reason for one in found)
    return {reason: told[reason] for reason in REASONS if told[reason]}


def _every(entity: Listed) -> Iterator[tuple[str, str, bool]]:
    """(language, name, whether it is a code)."""
    yield from ((language, name, False) for language, several in entity.names.items() for name in several)
    yield from (("code", code, True) for code in entity.codes)


def _reasons(entity: Listed, name: str, code: bool, claims: dict[str, list[str]], common: Callable[[str], bool],
             gazetteer: Gazetteer) -> Iterator[tuple[str, list[str]]]:  # fmt: skip
    """The one reason against a name, with the ids that have it too; none where nothing is against it."""
    key = key_of(name)
    taken = [id_ for id_ in gazetteer.claimants(key) if id_ != entity.id]
    rivals = [id_ for id_ in claims[key] if id_ != entity.id]
    if taken:
        yield "taken", taken
    elif rivals:
        yield "ambiguous", rivals
    elif len(words(fold(name))) > len(fold(name).split()) and len(key.replace(" ", "")) == len(key.split()):
        yield "script", []
    elif " " not in key:
        if len(key) < (_SHORTEST_CODE if code else _SHORTEST):
            yield "short", []
        elif not code and (common(key) or _in_small_letters(name)):
            yield "common", []


def _in_small_letters(name: str) -> bool:
    """Whether a word of a script with case has no capital: it would be found wherever the word stands."""
    return name == name.lower() != name.upper()
