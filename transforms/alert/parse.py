"""From the text of a query to its tree (`transforms.alert.query`); what cannot be meant is refused, with a remedy."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import Any

from luqum import tree
from luqum.exceptions import ParseError
from luqum.thread import parse as parse_lucene

from transforms.alert.pattern import Pattern, tokens
from transforms.alert.query import All, Dates, Exists, Keyword, Near, Node, Some, Without, Words
from transforms.alert.view import DATE_FIELDS, TEXT_FIELDS
from transforms.errors import DataError
from transforms.text import fold

KEYWORD_FIELDS = ("language", "source", "domain", "topic", "entity", "agency", "role")
ROLES = ("original", "repost", "unique", "translation")
_FIELDS = (*TEXT_FIELDS, *KEYWORD_FIELDS, *DATE_FIELDS)
_LOOKALIKES = {"and": "AND", "or": "OR", "not": "NOT", "&&": "AND", "||": "OR", "!": "NOT"}
_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")


@dataclass(frozen=True)
class Parser:
    """Makes one query's tree.

    `file` and `key` go into its errors; `known` maps a keyword field to the values that may be asked for.
    """

    file: str
    key: str
    known: dict[str, Collection[str]] = field(default_factory=dict)

    def parse(self, text: str) -> Node:
        """The tree of `text`; DataError if it is no query, or asks for what an article has not."""
        try:
            root = parse_lucene(text)
        except ParseError as error:
            raise self._error(f"not a query ({error})", 'write for instance: title:"red line" AND NOT sport') from None
        except RecursionError:
            raise self._error("nested too deeply", "split it into several rules") from None
        if root is None:
            raise self._error("an empty query", "leave the key out, or write what to look for")
        return self._node(root, None)

    def _error(self, problem: str, remedy: str) -> DataError:
        return DataError(self.file, self.key, problem, remedy)

    def _node(self, item: Any, name: str | None) -> Node:
        handler = _HANDLERS.get(type(item))
        if handler is None:
            raise self._error(f"{str(item).strip()!r} is a kind of search that rules do not have",
                              "use words, phrases, AND, OR, NOT, wildcards (* and ?) and ranges of dates")  # fmt: skip
        return handler(self, item, name)

    def _both(self, item: Any, name: str | None) -> Node:
        return All(tuple(self._node(child, name) for child in item.children))

    def _side_by_side(self, item: Any, name: str | None) -> Node:
        if any(isinstance(child, tree.OrOperation) for child in item.children):
            raise self._error("words side by side mixed with OR can be read two ways", "set brackets and write AND")
        return self._both(item, name)

    def _either(self, item: Any, name: str | None) -> Node:
        return Some(tuple(self._node(child, name) for child in item.children))

    def _without(self, item: Any, name: str | None) -> Node:
        return Without(self._node(item.a, name))

    def _inside(self, item: Any, name: str | None) -> Node:
        return self._node(item.children[0], name)

    def _field(self, item: Any, name: str | None) -> Node:
        if name is not None:
            raise self._error(f"the field {item.name!r} inside the field {name!r}", "close the brackets before it")
        if item.name not in _FIELDS:
            near = get_close_matches(item.name.lower(), _FIELDS, 1, 0.5)
            remedy = f"write {near[0]!r}" if near else f"fields are {', '.join(_FIELDS)}"
            raise self._error(f"no field {item.name!r}", remedy)
        return self._node(item.expr, item.name)

    def _word(self, item: Any, name: str | None) -> Node:
        value = str(item.value)
        meant = _LOOKALIKES.get(value.lower()) or ("NOT" if value.startswith("!") else None)
        if meant:
            raise self._error(
                f"{value!r} would be looked for as a word", f"write {meant}, or quote it to look for the word"
            )
        if value[0] in "“”«»„":
            raise self._error(f"{value!r} begins with a typographer's quote", 'quote a phrase with "')
        if value == "*":
            return Exists(name) if name else Some(tuple(Exists(text) for text in TEXT_FIELDS))
        return self._term(value, name, wildcards=True)

    def _phrase(self, item: Any, name: str | None) -> Node:
        return self._term(str(item.value)[1:-1], name, wildcards=False)

    def _term(self, value: str, name: str | None, wildcards: bool) -> Node:
        if name in DATE_FIELDS:
            low, high = self._day(value)
            return Dates(str(name), low, high)
        if name in KEYWORD_FIELDS:
            return self._keyword(value, str(name), wildcards)
        pattern = Pattern(self._tokens(value, wildcards))
        return self._in_text(name, lambda where: Words(where, pattern, f"the words {_shown(value)}"))

    def _tokens(self, value: str, wildcards: bool) -> tuple[str, ...]:
        found = tuple(tokens(value, wildcards))
        if not found:
            raise self._error(f"{value!r} holds no letter or digit", "look for a word")
        return found

    @staticmethod
    def _in_text(name: str | None, make: Callable[[str], Node]) -> Node:
        return make(name) if name else Some(tuple(make(where) for where in TEXT_FIELDS))

    def _keyword(self, value: str, name: str, wildcards: bool) -> Node:
        plain = re.sub(r"\\(.)", r"\1", value)
        wild = wildcards and re.search(r"(?<!\\)[*?]", value)
        known = ROLES if name == "role" else self.known.get(name)
        if known is not None and not wild and plain not in known:
            near = get_close_matches(plain, list(known), 1, 0.6)
            remedy = f"write {near[0]!r}" if near else f"choose one of the known {name} ids"
            raise self._error(f"no {name} {plain!r}", remedy)
        folded = fold(plain)
        shape = re.escape(folded).replace(r"\*", ".*").replace(r"\?", ".") if wild else None
        return Keyword(name, folded, re.compile(shape) if shape is not None else None)

    def _near(self, item: Any, name: str | None) -> Node:
        if not isinstance(item.term, tree.Phrase) or name in KEYWORD_FIELDS or name in DATE_FIELDS:
            raise self._error(f"{str(item).strip()!r} is not a phrase in a text", 'write "two words"~5')
        value, slop = str(item.term.value)[1:-1], int(item.degree)
        patterns = tuple(Pattern((token,)) for token in self._tokens(value, wildcards=False))
        why = f"the words {_shown(value)} near each other"
        return self._in_text(name, lambda where: Near(where, patterns, slop, why))

    def _range(self, item: Any, name: str | None) -> Node:
        where = self._date_field(item, name)
        low = None if str(item.low).strip() == "*" else self._day(_value(item.low))[0 if item.include_low else 1]
        high = None if str(item.high).strip() == "*" else self._day(_value(item.high))[1 if item.include_high else 0]
        if low is not None and high is not None and low >= high:
            raise self._error(f"the range {str(item).strip()!r} holds no moment", "put the earlier date first")
        return Dates(where, low, high)

    def _from(self, item: Any, name: str | None) -> Node:
        return Dates(self._date_field(item, name), self._day(_value(item.a))[0 if item.include else 1], None)

    def _to(self, item: Any, name: str | None) -> Node:
        return Dates(self._date_field(item, name), None, self._day(_value(item.a))[1 if item.include else 0])

    def _date_field(self, item: Any, name: str | None) -> str:
        if name not in DATE_FIELDS:
            problem = f"{str(item).strip()!r} is a range over {name or 'the text'}"
            raise self._error(problem, f"ranges go over {' and '.join(DATE_FIELDS)}")
        return name

    def _day(self, value: str) -> tuple[int, int]:
        """First second and the second after the last of a year, month, day or moment."""
        try:
            match = _DATE.fullmatch(value)
            if match is None:
                moment = datetime.fromisoformat(value)
                moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
                return int(moment.timestamp()), int(moment.timestamp()) + 1
            year, month, day = (int(part) if part else None for part in match.groups())
            start = datetime(int(year or 0), month or 1, day or 1, tzinfo=UTC)
            if day:
                end = start + timedelta(days=1)
            elif month:
                end = (start + timedelta(days=31)).replace(day=1)
            else:
                end = (start + timedelta(days=366)).replace(month=1, day=1)
            return int(start.timestamp()), int(end.timestamp())
        except (ValueError, OverflowError):
            raise self._error(f"{value!r} is not a date", "write 2026-11-23 or 2026-11-23T15:00:00Z") from None


def _value(item: Any) -> str:
    """The text of a range's end, which may be quoted."""
    return str(item.value).strip('"')


def _shown(value: str) -> str:
    return "“" + re.sub(r"\\(.)", r"\1", value).strip('"') + "”"


_HANDLERS: dict[type, Callable[[Parser, Any, str | None], Node]] = {
    tree.AndOperation: Parser._both,
    tree.UnknownOperation: Parser._side_by_side,
    tree.OrOperation: Parser._either,
    tree.Not: Parser._without,
    tree.Prohibit: Parser._without,
    tree.Plus: Parser._inside,
    tree.Group: Parser._inside,
    tree.FieldGroup: Parser._inside,
    tree.SearchField: Parser._field,
    tree.Word: Parser._word,
    tree.Phrase: Parser._phrase,
    tree.Proximity: Parser._near,
    tree.Range: Parser._range,
    tree.From: Parser._from,
    tree.To: Parser._to,
}
__all__ = ["KEYWORD_FIELDS", "ROLES", "Parser"]
