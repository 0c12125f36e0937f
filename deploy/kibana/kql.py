"""The part of the Kibana Query Language that is used here, and the Elasticsearch query that Kibana makes of it.

    expression  := term (("and" | "or") term)*, "and" before "or"; "not" before either; parentheses
    term        := field ":" value | field ":" "*" | field ("<" | "<=" | ">" | ">=") value
    value       := word | "quoted phrase" | "(" value ("or" value)* ")"

Words without a field, wildcards inside words and nested fields are refused: no dashboard here needs them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_TOKEN = re.compile(r'\s*(?:(<=|>=|[:<>()])|"((?:[^"\\]|\\.)*)"|([^\s:<>()"]+))')
_RANGES = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
Query = dict[str, Any]


class KqlError(ValueError):
    """The query is not in the part of KQL that is read here; the message shows where."""


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


def to_elastic(text: str) -> Query:
    """The Elasticsearch query that Kibana sends for `text`; an empty one matches all. Raises KqlError."""
    if not text.strip():
        return {"match_all": {}}
    reader = _Reader(text)
    query = reader.either()
    reader.end()
    return query


def fields(text: str) -> set[str]:
    """The names of the fields in `text`. Raises KqlError."""
    return set(_named(to_elastic(text)))


def _named(query: Any) -> Iterator[str]:
    if isinstance(query, list):
        for part in query:
            yield from _named(part)
    elif isinstance(query, dict):
        for key, body in query.items():
            if key in {"match", "match_phrase", "range"}:
                yield from body
            elif key == "exists":
                yield body["field"]
            else:
                yield from _named(body)


class _Reader:
    """Reads tokens from left to right; each method reads one rule of the grammar."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(_tokens(text))
        self.place = 0

    def either(self) -> Query:
        parts = [self.both()]
        while self.word("or"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else _any(parts)

    def both(self) -> Query:
        parts = [self.negated()]
        while self.word("and"):
            parts.append(self.negated())
        return parts[0] if len(parts) == 1 else {"bool": {"filter": parts}}

    def negated(self) -> Query:
        if self.word("not"):
            return {"bool": {"must_not": self.negated()}}
        if self.sign("("):
            inner = self.either()
            self.expect(")")
            return inner
        return self.term()

    def term(self) -> Query:
        field = self.take("word", "a field")
        for sign, name in _RANGES.items():
            if self.sign(sign):
                value = self.take_value()
                return _any([{"range": {field: {name: value.text}}}])
        self.expect(":")
        return self.value(field)

    def value(self, field: str) -> Query:
        if self.sign("("):
            parts = [self.value(field)]
            while self.word("or"):
                parts.append(self.value(field))
            self.expect(")")
            return _any(parts)
        value = self.take_value()
        if value.kind == "word" and value.text == "*":
            return _any([{"exists": {"field": field}}])
        if value.kind == "word" and "*" in value.text:
            raise KqlError(f"{self.text!r}: wildcards inside a word are not read here")
        return _any([{"match_phrase" if value.kind == "phrase" else "match": {field: _typed(value)}}])

    def take_value(self) -> _Token:
        token = self.peek()
        if token is None or token.kind == "sign":
            raise self.error("a value")
        self.place += 1
        return token

    def take(self, kind: str, what: str) -> str:
        token = self.peek()
        if token is None or token.kind != kind:
            raise self.error(what)
        self.place += 1
        return token.text

    def word(self, word: str) -> bool:
        token = self.peek()
        return self._skip(token is not None and token.kind == "word" and token.text.lower() == word)

    def sign(self, sign: str) -> bool:
        token = self.peek()
        return self._skip(token is not None and token.kind == "sign" and token.text == sign)

    def expect(self, sign: str) -> None:
        if not self.sign(sign):
            raise self.error(repr(sign))

    def end(self) -> None:
        if self.peek() is not None:
            raise self.error("and, or, or the end")

    def peek(self) -> _Token | None:
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    def error(self, what: str) -> KqlError:
        token = self.peek()
        where = f"at {self.text[token.at :]!r}" if token else "at the end"
        return KqlError(f"{self.text!r}: expected {what} {where}")

    def _skip(self, yes: bool) -> bool:
        self.place += yes
        return yes


def _tokens(text: str) -> Iterator[_Token]:
    place = 0
    text = text.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if not match:
            raise KqlError(f"{text!r}: cannot be read at {text[place:]!r}")
        if match[1]:
            yield _Token("sign", match[1], match.start(1))
        elif match[2] is not None:
            yield _Token("phrase", re.sub(r"\\(.)", r"\1", match[2]), match.start(2) - 1)
        else:
            yield _Token("word", match[3], match.start(3))
        place = match.end()


def _typed(value: _Token) -> str | bool:
    # Kibana sends an unquoted true or false as a boolean; a number it sends as it is written.
    if value.kind == "word" and value.text in {"true", "false"}:
        return value.text == "true"
    return value.text


def _any(parts: list[Query]) -> Query:
    return {"bool": {"should": parts, "minimum_should_match": 1}}
