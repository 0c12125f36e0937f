"""Exports of Wikidata: results of a SPARQL query as CSV or JSON, and the entity dump, one JSON object a line.

Formats: https://www.w3.org/TR/sparql11-results-json/, https://www.mediawiki.org/wiki/Wikibase/DataModel/JSON
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from transforms.errors import DataError
from transforms.records import Json
from transforms.tag.lists.gather import Asked, Gathered, Row, lines_of, wikidata_id
from transforms.tag.lists.tables import rows_of

# A variable of the query: ?item, ?itemLabel, ?itemAltLabel, ?label_ar, ?type, ?lang.
_VARIABLE = re.compile(r"(?P<what>[a-z]+?)(?:_(?P<lang>[a-z]{2,3}))?")
_LABELS, _ALIASES, _ITEMS = ("label", "name"), ("altlabel", "alias", "aliases"), ("item", "id", "entity", "qid")
# What an item may be an instance of (P31): the common classes; for others give --type.
CLASSES = {
    "Q5": "person", "Q6256": "country", "Q3624078": "country", "Q515": "city", "Q1549591": "city", "Q5119": "city",
    "Q43229": "organisation", "Q4830453": "organisation", "Q783794": "organisation", "Q6881511": "organisation",
    "Q891723": "organisation", "Q7278": "organisation", "Q245065": "organisation", "Q484652": "organisation",
    "Q327333": "organisation", "Q163740": "organisation", "Q131569": "treaty", "Q625298": "treaty",
}  # fmt: skip


def read_sparql(path: Path, asked: Asked) -> Gathered:
    """The items of SPARQL results, CSV or JSON by the file's first letter. DataError where it is neither."""
    found = Gathered(path, asked)
    first = next((line.strip() for line in lines_of(path) if line.strip()), "")
    rows = _json_rows(path, found) if first[:1] in "[{" and first else _csv_rows(path, found)
    for line, cells in rows:
        _row(found, line, cells)
    return found


def _csv_rows(path: Path, found: Gathered) -> Iterator[tuple[int, list[tuple[str, str, str]]]]:
    for line, cells in rows_of(path, found):
        yield line, [(name, cell, "") for name, cell in cells.items()]


def _json_rows(path: Path, found: Gathered) -> Iterator[tuple[int, list[tuple[str, str, str]]]]:
    """Rows of `results.bindings`, or of the list that the query page calls "JSON file"; a row's number for its line."""
    try:
        told = json.loads("".join(lines_of(path)))
    except ValueError as error:
        raise DataError(str(path), "", f"is no JSON ({error})", "export the results again") from None
    rows = told.get("results", {}).get("bindings") if isinstance(told, dict) else told
    if not isinstance(rows, list):
        raise DataError(str(path), "", "has no results.bindings", "export the results as JSON from the query page")
    for number, row in enumerate(rows, 1):
        if isinstance(row, dict):
            yield number, [(name.lower(), *_value(value)) for name, value in row.items()]
        else:
            found.mistake(number, "is no object", "export the results again")


def _value(value: Any) -> tuple[str, str]:
    if isinstance(value, dict):
        return str(value.get("value") or "").strip(), str(value.get("xml:lang") or "")
    return str(value or "").strip(), ""


def _row(found: Gathered, line: int, cells: Iterable[tuple[str, str, str]]) -> None:
    """A row with an item and its names: the language is the value's, else the variable's (label_ar), else asked."""
    row = Row(line)
    language_of_row = ""
    told: list[tuple[str, str]] = []
    for variable, value, language in cells:
        match = _VARIABLE.fullmatch(variable)
        what, suffix = (match["what"], match["lang"] or "") if match else ("", "")
        if not value:
            continue
        if what in _ITEMS or (row.id is None and value.startswith("http") and wikidata_id(value)):
            row.id = wikidata_id(value) or ""
        elif what.endswith(_ALIASES):
            told += [(language or suffix, one) for one in value.split(", ")]
        elif what.endswith(_LABELS):
            row.display = row.display or value
            told.insert(0, (language or suffix, value))
        elif what == "type":
            row.type = CLASSES.get(wikidata_id(value) or "", value.lower())
        elif what == "lang":
            language_of_row = value
        elif variable not in found.ignored:
            found.ignored.append(variable)
    if not row.id:
        found.mistake(line, "has no item", "select the item as ?item, as in SELECT ?item ?itemLabel")
        return
    # The label service gives the id for the label that an item lacks.
    for language, name in told:
        if name != row.id:
            row.names.setdefault(language or language_of_row, []).append(name)
    row.display = row.display if row.display != row.id else ""
    _add(found, row)


def _add(found: Gathered, row: Row) -> None:
    if row.names:
        found.add(row)
    else:
        found.skipped["without a label"] += 1


def read_dump(path: Path, asked: Asked) -> Gathered:
    """The items of a dump in JSON lines, also with the brackets and commas of the whole dump. An item of which neither
    its class nor `asked` tells the type is skipped. DataError where the file cannot be read; mistakes in the result."""
    found = Gathered(path, asked)
    for number, line in enumerate(lines_of(path), 1):
        text = line.strip().rstrip(",")
        if text in ("", "[", "]"):
            continue
        try:
            told = json.loads(text)
        except ValueError:
            told = None
        if not isinstance(told, dict) or not wikidata_id(str(told.get("id") or "")):
            if isinstance(told, dict) and told.get("type") in ("property", "lexeme"):
                found.skipped["no item"] += 1
            else:
                found.mistake(number, "is no item of Wikidata", 'write one {"id": "Q…", "labels": …} a line')
            continue
        type_ = next((CLASSES[one] for one in _instance_of(told) if one in CLASSES), None) or asked.type
        if type_ is None:
            found.skipped["of no known class"] += 1
            continue
        labels = {tag: [_text(label)] for tag, label in _terms(told, "labels")}
        display = next(iter(labels.get("en") or next(iter(labels.values()), [""])))
        for tag, several in _terms(told, "aliases"):
            labels.setdefault(tag, []).extend(map(_text, several if isinstance(several, list) else [several]))
        names = {tag: kept for tag, several in labels.items() if (kept := [name for name in several if name])}
        _add(found, Row(number, told["id"], type_, display, names))
    return found


def _terms(told: Json, part: str) -> Iterator[tuple[str, Any]]:
    terms = told.get(part)
    # An empty set is written as a list.
    yield from terms.items() if isinstance(terms, dict) else ()


def _text(term: Any) -> str:
    return str(term.get("value") or "").strip() if isinstance(term, Mapping) else str(term).strip()


def _instance_of(told: Json) -> Iterator[str]:
    claims = told.get("claims")
    for claim in claims.get("P31", ()) if isinstance(claims, dict) else ():
        value = claim.get("mainsnak", {}).get("datavalue", {}).get("value", {}) if isinstance(claim, dict) else {}
        if isinstance(value, dict) and value.get("id"):
            yield str(value["id"])
