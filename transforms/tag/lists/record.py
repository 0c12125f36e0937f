"""A list file: one JSON object a line, first a head, then an entity each, ordered by id.

    {"list": "watch", "format": 1}
    {"id": "watch:rufus-firefly", "type": "person", "name": "Rufus Firefly", "names": {"en": ["Rufus Firefly"]}}

`names` are by language as in an entity file, "also" for names that are right in every language of their script; `codes`
are matched letter for letter.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from transforms.errors import DataError
from transforms.records import Json
from transforms.tag.entity_data import LANGUAGES, TYPES
from transforms.text import fold, words

FORMAT = 1
ALSO = "also"
_LIST_ID = re.compile(r"[a-z][a-z0-9-]{0,39}")
_ID = re.compile(r"Q[1-9]\d*|[a-z][a-z0-9-]*:[a-z0-9-]+")
_LONGEST, _MOST = 200, 5000  # letters of a name; names of an entity
_KEYS = {"id", "type", "name", "names", "codes"}


@dataclass(slots=True)
class Listed:
    """An entity of a list. `name` is the display name; `names` by language, or under "also"; `line` where it stands."""

    id: str
    type: str
    name: str
    names: dict[str, list[str]] = field(default_factory=dict)
    codes: list[str] = field(default_factory=list)
    line: int = 0

    def document(self) -> Json:
        """As a line of a list file."""
        codes: Json = {"codes": self.codes} if self.codes else {}
        return {"id": self.id, "type": self.type, "name": self.name, "names": self.names, **codes}


def check_list_name(file: str, name: str) -> str:
    """The name of a list, which `tagged_by` shows; DataError for one that is none."""
    if not _LIST_ID.fullmatch(name):
        raise DataError(file, "--name", f"{name!r} is no name for a list", "write small letters, digits and -")
    return name


def checked(file: str, entity: Listed) -> Listed:
    """`entity`, if it can be looked up; DataError that names the line otherwise."""
    where = f"line {entity.line}"
    if not _ID.fullmatch(entity.id):
        remedy = "use a Wikidata id such as Q159, or list:slug in small letters, digits and -"
        raise DataError(file, where, f"{entity.id!r} is no id", remedy)
    if entity.type not in TYPES:
        raise DataError(file, where, f"{entity.type!r} is no type", f"use one of {', '.join(TYPES)}")
    count = 0
    for language, names in entity.names.items():
        if language not in (*LANGUAGES, ALSO):
            raise DataError(file, where, f"{language!r} is no language", f"use one of {', '.join((*LANGUAGES, ALSO))}")
        for name in names:
            check_name(file, where, name)
            count += 1
    for code in entity.codes:
        check_name(file, where, code)
    if not (count or entity.codes) or not entity.name.strip():
        raise DataError(file, where, f"{entity.id} has no name", "give it a name, or delete the line")
    if count > _MOST:
        raise DataError(file, where, f"{entity.id} has {count} names", f"give at most {_MOST}")
    return entity


def check_name(file: str, where: str, name: Any) -> None:
    """DataError for what is no name: no text, without letters, too long, or broken by control characters."""
    if not isinstance(name, str) or len(name) > _LONGEST or not words(fold(name)) or not name.isprintable():
        remedy = f"write text with letters, at most {_LONGEST} of them, without tabs and line ends"
        raise DataError(file, where, f"{str(name)[:60]!r} is not a name", remedy)


def read_list(path: Path) -> tuple[str, Iterator[Listed]]:
    """The name of the list, and its entities as they are read. DataError that names file and line."""
    lines = _lines(path)
    head = next(lines, (1, {}))[1]
    name = head.get("list")
    if not isinstance(name, str) or head.get("format") != FORMAT:
        remedy = "import it with `python -m pipeline lists import`; this is not a list file of this program's version"
        raise DataError(str(path), "line 1", "no head of a list", remedy)
    return check_list_name(str(path), name), _entities(path, lines)


def _lines(path: Path) -> Iterator[tuple[int, Json]]:
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                try:
                    value = json.loads(line)
                except ValueError:
                    value = None
                if not isinstance(value, dict):
                    raise DataError(str(path), f"line {number}", "is no JSON object", "write one object a line")
                yield number, value
    except OSError as error:
        raise DataError(str(path), "", f"cannot be read ({error.strerror})", "check the path") from None
    except UnicodeDecodeError:
        raise DataError(str(path), "", "is not UTF-8", "save it as UTF-8") from None


def _entities(path: Path, lines: Iterator[tuple[int, Json]]) -> Iterator[Listed]:
    seen: set[str] = set()
    for number, told in lines:
        where = f"line {number}"
        if unknown := told.keys() - _KEYS:
            raise DataError(str(path), where, f"unknown key {min(unknown)!r}", f"known: {', '.join(sorted(_KEYS))}")
        names, codes = told.get("names", {}), told.get("codes", [])
        if not isinstance(names, dict) or not all(isinstance(one, list) for one in (codes, *names.values())):
            raise DataError(str(path), where, "names or codes have another form", 'write "names": {"en": ["…"]}')
        entity = Listed(str(told.get("id")), str(told.get("type")), str(told.get("name") or ""), names, codes, number)
        checked(str(path), entity)
        if entity.id in seen:
            raise DataError(str(path), where, f"the id {entity.id} is there already", "give each entity one line")
        seen.add(entity.id)
        yield entity


def write_list(path: Path, name: str, entities: Iterable[Listed]) -> int:
    """Put a list file in the place of `path`, whole or not at all; returns how many entities it holds. The same list
    gives the same bytes. DataError where it cannot be written."""
    count = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fd, made = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(fd, "w", encoding="utf-8") as file:
                file.write(json.dumps({"list": name, "format": FORMAT}) + "\n")
                for entity in sorted(entities, key=lambda one: one.id):
                    file.write(json.dumps(entity.document(), ensure_ascii=False) + "\n")
                    count += 1
                file.flush()
                os.fsync(file.fileno())
            Path(made).chmod(0o644)
            Path(made).replace(path)
        except BaseException:
            Path(made).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise DataError(str(path), "", f"cannot be written ({error.strerror})", "name a file that can") from None
    return count
