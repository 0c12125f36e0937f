"""From one line of article JSON to an entry, or to a dead letter that says why not."""

from __future__ import annotations

import hashlib
import json
import re
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from transforms.deadletters.record import as_bytes, held
from transforms.files.schema import ArticleRecord, SourceRecord
from transforms.records import DeadLetter, Entry, Json, Origin, Source

STAGE = "files"
MAX_LINE = 8 * 2**20
TOO_LONG = f"the line is longer than {MAX_LINE // 2**20} MB"
KEPT_OF_LONG = 64 * 2**10
_MAX_DEPTH = 32
_DOMAIN = re.compile(r"(?=.{4,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+")
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
NOWHERE = Source("")
# A source's clock may be wrong by a time zone, not by more.
_AHEAD_S = 86_400
_MOST_ID = 200


class Unfit(ValueError):
    """A line or record that is no article; the text is the reason."""


def entry_of_line(
    line: bytes, source: Source, reader: str, seq: int, now: int | None = None, *, method: str = "file", **where: Any
) -> Entry | DeadLetter:
    """One line of UTF-8 JSON as an entry; a dead letter with the whole line where it is none. Never raises.

    `source` fills what the record does not say of its source; the agency is the config's word, never a record's.
    `now` (seconds UTC, default: the clock's) is the arrival of a record that has none; one that claims to have arrived
    over a day later is unfit. `where` (number, offset, path) goes into the dead letter.
    """
    now = int(time.time()) if now is None else now
    origin = Origin(reader, 0, seq)
    try:
        if len(line) > MAX_LINE:
            raise Unfit(TOO_LONG)
        return entry_of_json(json_value(line), source, origin, now, method=method)
    except Unfit as error:
        return dead_line(line, str(error), source, origin, now, **where)


def entry_of_json(
    data: Any,
    source: Source,
    origin: Origin,
    now: int,
    *,
    method: str,
    arrived: int | None = None,
    guid: str | None = None,
) -> Entry:
    """An article's JSON, as `json_value` gives it, as an entry. Raises Unfit.

    `now`, `source` and `method` are as for a line; `arrived` (seconds UTC, default `now`) and `guid` are those of a
    record that says nothing of its arrival, or has neither URL nor guid.
    """
    if not isinstance(data, dict):
        raise Unfit(f"not a JSON object but {kind_of(data)}")
    if guid and not any(_given(data.get(name)) for name in ("url", "guid")):
        data = {**data, "guid": guid}
    try:
        record = ArticleRecord.model_validate(data)
    except ValidationError as error:
        raise Unfit(_reason(error)) from None
    return _entry(record, source, origin, _moment(record.arrived, now) if record.arrived else arrived or now, method)


def _given(value: Any) -> bool:
    return value is not None and not (isinstance(value, str) and (not value or value.isspace()))


def dead_line(line: bytes, reason: str, source: Source, origin: Origin, now: int, **where: Any) -> DeadLetter:
    """The dead letter of a line: as text where it is UTF-8, else as base64; of an overlong one only the beginning."""
    kept = line if len(line) <= MAX_LINE else line[:KEPT_OF_LONG]
    whole: Json = {} if kept is line else {"truncated": True}
    told = {key: value for key, value in where.items() if value is not None}
    data = {"line": held(kept), **whole, "source": {**source.document(), "agency": source.agency}, **told}
    return DeadLetter(STAGE, reason, "line", data, origin, now)


def replayed(letter: DeadLetter) -> Entry | DeadLetter:
    """The outcome of reading a letter's line again (`input_kind` line). It keeps its origin, and its first arrival."""
    data = letter.input
    try:
        line = as_bytes(data["line"])
        source = Source(**data["source"])
    except (KeyError, TypeError, ValueError):
        return letter
    if data.get("truncated"):
        return letter
    where = {key: value for key, value in data.items() if key not in ("line", "source")}
    return entry_of_line(line, source, letter.origin.reader, letter.origin.seq, letter.arrived, **where)


def json_value(data: bytes) -> Any:
    """The JSON value in UTF-8 bytes, with or without a byte order mark. Raises Unfit where there is none, and for what
    JSON allows but the stages behind cannot carry."""
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise Unfit(f"not UTF-8: byte 0x{data[error.start]:02x} at {error.start}") from None
    if "\0" in text:
        raise Unfit("it holds a NUL character")
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise Unfit("nested too deeply") from None
    except json.JSONDecodeError as error:
        raise Unfit(f"not JSON: {error.msg} at character {error.pos}") from None
    except ValueError as error:
        raise Unfit(f"not JSON: {error}") from None
    if isinstance(value, dict | list):
        _check_inside(data, value)
    return value


def _no_constant(name: str) -> None:
    raise Unfit(f"not JSON: {name} is no number")


def _check_inside(line: bytes, data: Any) -> None:
    """What JSON allows and the stages behind cannot carry; looked for only where the line can hold it."""
    if line.count(b"{") + line.count(b"[") > _MAX_DEPTH and _deeper_than(data, _MAX_DEPTH):
        raise Unfit(f"nested more than {_MAX_DEPTH} deep")
    if b"\\u0000" in line and "\0" in "".join(_strings(data)):
        raise Unfit("a text holds a NUL character")
    if _HALF.search(line):
        try:
            "".join(_strings(data)).encode("utf-8")
        except UnicodeEncodeError:
            raise Unfit("a text holds half a surrogate pair") from None


def _deeper_than(data: Any, depth: int) -> bool:
    level = [data]
    for _ in range(depth):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


def _strings(data: Any) -> list[str]:
    """All keys and texts, with a space between so that two halves do not make a whole."""
    found: list[str] = []
    stack = [data]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            found += (node, " ")
        elif isinstance(node, dict):
            stack += [*node, *node.values()]
        elif isinstance(node, list):
            stack += node
    return found


def kind_of(data: Any) -> str:
    """What a JSON value that is no object is, in words."""
    if isinstance(data, list):
        return "a list"
    return "a text" if isinstance(data, str) else "null" if data is None else "a number or boolean"


def _reason(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"] if part not in ("SourceRecord", "str"))
    problem = first["msg"].removeprefix("Value error, ")
    if first["type"] in ("string_type", "model_type", "model_attributes_type"):
        allowed = "a text or an object" if where == "source" else "a text"
        problem = (
            f"must be {allowed}, not {kind_of(first['input']) if not isinstance(first['input'], dict) else 'an object'}"
        )
    return f"{where}: {problem}" if where else problem


def _entry(record: ArticleRecord, source: Source, origin: Origin, arrived: int, method: str) -> Entry:
    extra = dict(record.model_extra or {})
    # An exported article brings its own `extra`: what was unknown then is not buried a level deeper now.
    if isinstance(extra.get("extra"), dict):
        extra = {**extra.pop("extra"), **extra}
    return Entry(
        origin=origin,
        source=source_of(record.source, record.url, source, method),
        arrived=arrived,
        url=record.url or None,
        guid=record.guid or None,
        title=record.title or "",
        body=record.body or None,
        html=record.html or None,
        summary=record.summary or None,
        author=record.author or None,
        published=record.published or None,
        language=record.language or None,
        method=method,
        extra=extra,
    )


def _moment(text: str, now: int) -> int:
    try:
        moment = datetime.fromisoformat(text.strip())
        at = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        raise Unfit("arrived: not an ISO 8601 date and time") from None
    if at < 0:
        raise Unfit("arrived: before 1970")
    if at > now + _AHEAD_S:
        raise Unfit("arrived: more than a day in the future")
    return at


def source_of(told: SourceRecord | str | None, url: str | None, default: Source, otherwise: str) -> Source:
    """Who published an article: what it says itself, then what `default` says, then the host of its `url`; with nothing
    at all, the id is `otherwise`. The agency is the default's."""
    if isinstance(told, str):
        domain = told.strip().lower()
        told = SourceRecord(id=told, name=None, domain=domain if _DOMAIN.fullmatch(domain) else None)
    told = told or SourceRecord(id=None, name=None, domain=None)
    domain = (told.domain or "").strip().lower() or default.domain or _host(url)
    key = _id(told.id or "") or default.id or _id(domain) or _id(told.name or "") or otherwise
    return Source(key, (told.name or "").strip() or default.name or key, domain, default.agency)


def _id(text: str) -> str:
    """An id of one line that can be shown anywhere; of an overlong one the beginning and a hash of it."""
    shown = "".join(char for char in " ".join(text.split()) if char.isprintable()).strip()
    if len(shown) <= _MOST_ID:
        return shown
    mark = hashlib.blake2b(shown.encode(), digest_size=8).hexdigest()
    return f"{shown[: _MOST_ID - len(mark) - 1]}~{mark}"


def _host(url: str | None) -> str:
    try:
        host = urlsplit(url or "").hostname or ""
    except ValueError:
        return ""
    return host.removeprefix("www.")
