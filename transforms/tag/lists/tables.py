"""Watch-lists as people keep them: a CSV table, or YAML. docs/data.md tells the columns."""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from transforms.errors import DataError
from transforms.tag.entity_data import LANGUAGES
from transforms.tag.lists.gather import Asked, Gathered, Row, lines_of, wikidata_id
from transforms.tag.lists.record import ALSO
from transforms.yamls import UniqueKeys, read_yaml

_SEVERAL = re.compile(r"\s*[|;]\s*")
_COLUMNS = ("id", "name", "type", "lang", "aliases", "codes", *LANGUAGES, ALSO)
_ONE = ("id", "name", "type", "lang")  # columns of one value
_DELIMITERS = "\t;,"
_LINE = "__line__"


def read_csv(path: Path, asked: Asked) -> Gathered:
    """The entities of a table with a head. DataError where there is none, mistakes of rows in the result."""
    found = Gathered(path, asked)
    for line, cells in rows_of(path, found):
        _take(found, line, {name: [cell] if name in _ONE else _SEVERAL.split(cell) for name, cell in cells.items()})
    if not {"name", *LANGUAGES, ALSO} & set(found.columns):
        close = [match for name in found.columns for match in difflib.get_close_matches(name, _COLUMNS, 1)]
        remedy = f"did you mean {close[0]!r}?" if close else f"begin with column names: {', '.join(_COLUMNS)}"
        raise DataError(str(path), "line 1", "names no column `name`, nor one of a language", remedy)
    return found


def rows_of(path: Path, found: Gathered) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, cells by lower-case column name) of a CSV table; rows of another length are mistakes. The names of the
    columns are then in `found`."""
    lines = lines_of(path)
    head = next(lines, "")
    delimiter = max(_DELIMITERS, key=head.count)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        names = found.columns = [name.strip().lower() for name in next(csv.reader([head], delimiter=delimiter), [])]
        for cells in reader:
            line = reader.line_num + 1
            if len(cells) == len(names):
                yield line, {name: cell.strip() for name, cell in zip(names, cells, strict=True) if cell.strip()}
            elif any(cell.strip() for cell in cells):
                remedy = "put a cell that holds the delimiter into double quotes"
                found.mistake(line, f"has {len(cells)} cells, the head has {len(names)}", remedy)
    except csv.Error as error:
        where = f"line {reader.line_num + 1}"
        raise DataError(str(path), where, f"is no CSV ({error})", "close the double quotes of each cell") from None


def read_yaml_list(path: Path, asked: Asked) -> Gathered:
    """The entities of a YAML list: of names, or of mappings with the columns of a table as keys; or of an entity file.
    DataError for what is not YAML, mistakes of single entries in the result."""
    found = Gathered(path, asked)
    content = read_yaml(path, str(path), "name a file that is there", _Marked)
    if isinstance(content, dict):
        asked.type = asked.type or content.get("type")
        content = content.get("entities", content.get("names"))
    if isinstance(content, dict):
        content = [{"id": id_, **entry} for id_, entry in content.items() if isinstance(entry, dict)]
    if not isinstance(content, list):
        raise DataError(str(path), "", "no list of names", "write `- name: …` lines, or `entities:` with ids below it")
    for number, entry in enumerate(content, 1):
        told = {"name": entry, _LINE: entry.line} if isinstance(entry, _Written) else entry
        if not isinstance(told, dict):
            problem = f"entry {number} is neither a name nor a mapping"
            found.mistakes.append(DataError(str(path), "", problem, "write `- name: …`"))
            continue
        line = told.pop(_LINE, number)
        _take(found, line, {str(key).lower(): _texts(value) for key, value in told.items()})
    return found


class _Written(str):
    """A text with the line on which it stands."""

    line = 0


class _Marked(UniqueKeys):
    """Notes the line on which each mapping begins."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        return {**super().construct_mapping(node, deep), _LINE: node.start_mark.line + 1}

    def written(self, node: yaml.ScalarNode) -> _Written:
        """A text, with its line."""
        text = _Written(self.construct_scalar(node))
        text.line = node.start_mark.line + 1
        return text


_Marked.add_constructor("tag:yaml.org,2002:str", _Marked.written)


def _texts(value: Any) -> list[str]:
    several = value if isinstance(value, list) else [value]
    return [str(one) for one in several if one is not None]


def _take(found: Gathered, line: int, cells: Mapping[str, list[str]]) -> None:
    unknown = [name for name in cells if name and name not in _COLUMNS and name != _LINE]
    found.ignored += [name for name in unknown if name not in found.ignored]
    names: dict[str, list[str]] = {}
    own = next(iter(cells.get("lang", ())), "")
    display = next(iter(cells.get("name", ())), "")
    names[own] = [*filter(None, [display, *cells.get("aliases", ())])]
    for language in (*LANGUAGES, ALSO):
        names.setdefault(language, []).extend(cells.get(language, ()))
    told = next(iter(cells.get("id", ())), "")
    id_ = (wikidata_id(told) or _own_id(found, told)) if told else None
    type_ = next(iter(cells.get("type", ())), "").lower() or None
    kept = {language: several for language, several in names.items() if several}
    found.add(Row(line, id_, type_, display, kept, cells.get("codes", ())))


def _own_id(found: Gathered, told: str) -> str:
    """An id of the list's own (4711, EU.12) as one of ours; one that is written as ours stays."""
    if ":" in told:
        return told
    return f"{found.asked.name}:" + re.sub(r"[^a-z0-9]+", "-", told.lower()).strip("-")
