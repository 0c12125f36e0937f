"""`lists import` and `lists check`: long lists of names, from the formats that users have into list files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.config import Ref, resolve
from pipeline.values import nearest
from transforms.errors import DataError
from transforms.records import Json
from transforms.tag.entities import Gazetteer, builtin_paths, load_gazetteer
from transforms.tag.lists.cache import open_list, version_of
from transforms.tag.lists.collisions import Collision, collisions, counts, without
from transforms.tag.lists.gather import Asked, Gathered
from transforms.tag.lists.jrc import read_jrc
from transforms.tag.lists.record import check_list_name, read_list, write_list
from transforms.tag.lists.tables import read_csv, read_yaml_list
from transforms.tag.lists.wikidata import read_dump, read_sparql

FORMATS: dict[str, Callable[[Path, Asked], Gathered]] = {
    "csv": read_csv, "yaml": read_yaml_list, "jrc": read_jrc, "wikidata": read_sparql, "wikidata-dump": read_dump,
}  # fmt: skip


class BadRows(DataError):
    """Rows of a file that cannot be taken: `mistakes`, each with its line."""

    def __init__(self, mistakes: Sequence[DataError]) -> None:
        first = mistakes[0]
        super().__init__(first.file, first.key, first.problem, first.remedy)
        self.mistakes = list(mistakes)


@dataclass(frozen=True, slots=True)
class Report:
    """What an import or a check found. `names` and `entities` are what the list file holds."""

    list_name: str
    path: Path
    entities: int
    names: int
    version: str
    collisions: list[Collision]
    skipped: dict[str, int] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    named: bool = True

    def document(self) -> Json:
        """For machines."""
        return {
            "list": self.list_name, "path": str(self.path), "entities": self.entities, "names": self.names,
            "version": self.version, "in_config": self.named, "left_out": counts(self.collisions),
            "collisions": [one.document() for one in self.collisions], "skipped": self.skipped,
            "ignored_columns": self.ignored,
        }  # fmt: skip


def import_list(ref: Ref, file: Path, format_: str, into: Path, asked: Asked, keep: Sequence[str] = ()) -> Report:
    """Import `file` into the list file `into`, without the names that collide (but those for the reasons `keep`).

    The same file and data give the same bytes. BadRows where any row cannot be taken; then, and at every other error,
    `into` stays as it was.
    """
    if format_ not in FORMATS:
        raise DataError("--format", "", f'unknown format "{format_}"', nearest(format_, FORMATS))
    check_list_name(str(into), asked.name)
    found = FORMATS[format_](file, asked)
    if found.mistakes:
        raise BadRows(found.mistakes)
    if not found.entities:
        raise DataError(str(file), "", "holds no entity", f"is it of the format {format_}? See --format")
    entities = list(found.entities.values())
    against = collisions(entities, others_of(ref, into))
    left_out = [one for one in against if one.reason not in keep]
    kept = without(entities, left_out)
    write_list(into, asked.name, kept)
    open_list(into)  # packed now, so that no start waits for it
    names = sum(len(several) for one in kept for several in (*one.names.values(), one.codes))
    named = into.resolve() in _lists(ref)
    return Report(
        asked.name, into, len(kept), names, version_of(into), left_out, dict(found.skipped), found.ignored, named
    )


def check_list(ref: Ref, path: Path) -> Report:
    """The list file at `path` against itself, the entity files and the other lists of the config. DataError for a
    mistake in it."""
    name, read = read_list(path)
    entities = list(read)
    names = sum(len(several) for one in entities for several in (*one.names.values(), one.codes))
    found = collisions(entities, others_of(ref, path))
    open_list(path)
    return Report(name, path, len(entities), names, version_of(path), found, named=path.resolve() in _lists(ref))


def lists_of(ref: Ref) -> list[Path]:
    """The list files that the config names."""
    return [ref.path(path) for path in resolve(ref).entities.lists]


def others_of(ref: Ref, path: Path) -> Gazetteer:
    """The entities of this config without the list at `path`, which need not be there."""
    part = resolve(ref).entities
    files = (*(builtin_paths() if part.shipped else ()), *map(ref.path, part.files))
    return load_gazetteer(files, tuple(one for one in lists_of(ref) if one.resolve() != path.resolve()))


def _lists(ref: Ref) -> set[Path]:
    return {path.resolve() for path in lists_of(ref)}
