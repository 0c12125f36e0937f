"""What all importers share: lines of a file, names gathered by entity, mistakes kept with their lines."""

from __future__ import annotations

import codecs
import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from transforms.errors import DataError
from transforms.files.streams import Broken, open_blocks
from transforms.tag.entity_data import LANGUAGES, TYPES
from transforms.tag.lists.record import ALSO, Listed, checked
from transforms.text import fold

_SLUG = re.compile(r"[^a-z0-9]+")
_WIKIDATA = re.compile(r"(?:https?://www\.wikidata\.org/(?:entity|wiki)/)?(Q[1-9]\d*)")


@dataclass(slots=True)
class Asked:
    """How a person asked for an import: the list's name, and what holds where a row says nothing."""

    name: str
    type: str | None = None
    lang: str | None = None


class Gathered:
    """The entities of one import, by id. `mistakes` are rows that cannot be taken, `skipped` counts rows that hold
    nothing to find, by reason; `columns` are those of a table, `ignored` those that mean nothing to us."""

    def __init__(self, path: Path, asked: Asked) -> None:
        self.file, self.asked = str(path), asked
        self.entities: dict[str, Listed] = {}
        self.mistakes: list[DataError] = []
        self.skipped: Counter[str] = Counter()
        self.columns: list[str] = []
        self.ignored: list[str] = []

    def mistake(self, line: int, problem: str, remedy: str) -> None:
        """Note that a line cannot be taken, and why."""
        self.mistakes.append(DataError(self.file, f"line {line}", problem, remedy))

    def add(self, row: Row) -> None:
        """Take a row: a new entity, or more names of one that is there."""
        names = [(language, name) for language, several in row.names.items() for name in several]
        if not names and not row.codes:
            self.mistake(row.line, "has no name", "give it a name, or delete the row")
            return
        type_ = row.type or self.asked.type
        if type_ is None:
            self.mistake(row.line, "has no type", f"give a column `type`, or --type: one of {', '.join(TYPES)}")
            return
        display = row.display or (names[0][1] if names else row.codes[0])
        listed = Listed(row.id or self.id_of(type_, display), type_, display, {}, list(row.codes), row.line)
        for language, name in names:
            _put(listed, language or self.asked.lang, name)
        try:
            checked(self.file, listed)
        except DataError as error:
            self.mistakes.append(error)
            return
        self._merge(listed)

    def id_of(self, type_: str, name: str) -> str:
        """The id of an entity that its list gives none: the same for the same name and type in each import."""
        slug = _SLUG.sub("-", fold(name)).strip("-")
        # A name in other letters leaves no slug, and two long ones may begin alike.
        if len(slug) > 60 or len(slug) < len(fold(name)) // 2 or not slug:
            slug = "x" + hashlib.blake2b(f"{type_}\0{fold(name)}".encode(), digest_size=6).hexdigest()
        return f"{self.asked.name}:{slug}"

    def _merge(self, listed: Listed) -> None:
        present = self.entities.setdefault(listed.id, listed)
        if present is listed:
            return
        if present.type != listed.type:
            problem = f"{listed.id} is {listed.type} here, {present.type} on line {present.line}"
            self.mistake(listed.line, problem, "give one type, or ids of their own")
            return
        for language, names in listed.names.items():
            kept = present.names.setdefault(language, [])
            kept += [name for name in names if name not in kept]
        present.codes += [code for code in listed.codes if code not in present.codes]


@dataclass(slots=True)
class Row:
    """One row as an importer read it. `names` by language tag; under "" where the row does not say which."""

    line: int
    id: str | None = None
    type: str | None = None
    display: str = ""
    names: dict[str, list[str]] = field(default_factory=dict)
    codes: Sequence[str] = ()


def _put(listed: Listed, language: str | None, name: str) -> None:
    base = (language or "").lower().partition("-")[0]
    kept = listed.names.setdefault(base if base in LANGUAGES else ALSO, [])
    if name not in kept:
        kept.append(name)


def wikidata_id(text: str) -> str | None:
    """Q159 of "Q159", or of its address; None for anything else."""
    match = _WIKIDATA.fullmatch(text.strip())
    return match[1] if match else None


def lines_of(path: Path) -> Iterator[str]:
    """The lines of a text in UTF-8, with their ends, inflated if its name ends in .gz or .zst; DataError where it
    cannot be read."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    held, number = "", 0
    try:
        with open_blocks(path) as block:
            while data := block():
                *whole, held = (held + decoder.decode(data)).split("\n")
                for line in whole:
                    number += 1
                    yield f"{line}\n"
            if rest := held + decoder.decode(b"", True):
                yield rest
    except OSError as error:
        raise DataError(str(path), "", f"cannot be read ({error.strerror})", "check the path") from None
    except Broken as error:
        raise DataError(str(path), f"line {number + 1}", str(error), "get the file again") from None
    except UnicodeDecodeError:
        raise DataError(str(path), f"near line {number + 1}", "is not UTF-8", "save it as UTF-8") from None
