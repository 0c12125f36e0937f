"""The line of a dead letter, and the way back; entries as letters carry them."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass, fields
from typing import Any

from transforms.clean.replay import entry_document
from transforms.deadletters.redact import redact
from transforms.records import DeadLetter, Entry, Json, Origin, Source, rfc3339, seconds

# Keys of an entry that say how it was read, not what was delivered.
_OF_READING = ("origin", "arrived")


class Damaged(ValueError):
    """A line of the file that is no dead letter."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A stored dead letter. `id` is the hash of its stage and of what was delivered."""

    id: str
    letter: DeadLetter


def letter_id(stage: str, safe_input: Json) -> str:
    """The same for the same stage and input (without its secrets), 32 hexadecimal digits.

    When and by which reading an entry came is left out: each start reads the same entry again.
    """
    delivered = {key: value for key, value in safe_input.items() if key not in _OF_READING}
    # Surrogates are escaped, so every input has bytes.
    text = json.dumps([stage, delivered], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def to_line(letter: DeadLetter, secrets: Collection[str] = ()) -> tuple[str, bytes]:
    """The letter's id, and its line of JSON with the newline. No secret, and no control character, is in it."""
    safe = redact(letter.input, secrets, addresses=letter.input_kind == "poll")
    key = letter_id(letter.stage, safe)
    document = {
        "id": key,
        "stage": letter.stage,
        "reason": redact(letter.reason, secrets, addresses=True),
        "input_kind": letter.input_kind,
        "input": safe,
        "origin": {name: redact(getattr(letter.origin, name), secrets, True) for name in ("reader", "batch", "seq")},
        "arrived": rfc3339(letter.arrived),
    }
    return key, json.dumps(document, separators=(",", ":")).encode("ascii") + b"\n"


def from_line(line: bytes) -> Letter:
    """The letter of one line. Raises Damaged."""
    try:
        data = json.loads(line)
        origin = Origin(str(data["origin"]["reader"]), int(data["origin"]["batch"]), int(data["origin"]["seq"]))
        texts = [data[name] for name in ("id", "stage", "reason", "input_kind")]
        if not all(isinstance(text, str) for text in texts) or not isinstance(data["input"], dict):
            raise Damaged("a field has the wrong type")
        arrived = seconds(data["arrived"])
        if arrived is None:
            raise Damaged("no time of arrival")
        return Letter(texts[0], DeadLetter(texts[1], texts[2], texts[3], data["input"], origin, arrived))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Damaged(f"not a dead letter ({type(error).__name__})") from None


def held(data: bytes) -> str | Json:
    """Bytes as a letter's input holds them: as text where they are UTF-8, else as {"base64": …}."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode("ascii")}


def as_bytes(value: Any) -> bytes:
    """A text or {"base64": …} of a letter's input, as the bytes that it stands for. Raises ValueError."""
    if isinstance(value, dict):
        return base64.b64decode(value["base64"], validate=True)
    return str(value).encode("utf-8", "surrogatepass")


def entry_input(entry: Entry) -> Json:
    """An entry as a letter's input (`input_kind` entry)."""
    return entry_document(entry)


def entry_of(letter: DeadLetter) -> Entry:
    """The entry of a letter's input; origin and arrival are the letter's where the input has none of its own.

    Raises ValueError for an input that is no entry: neither URL nor guid, no text, or edited out of shape.
    """
    data = letter.input
    known = {item.name for item in fields(Entry)}
    values = {key: value for key, value in data.items() if key in known}
    if not (values.get("url") or values.get("guid")):
        raise ValueError("not an entry: neither url nor guid")
    if not any(values.get(name) for name in ("title", "body", "html", "summary")):
        raise ValueError("not an entry: no text")
    try:
        origin = Origin(**data["origin"]) if "origin" in data else letter.origin
        return Entry(**{"arrived": letter.arrived, **values, "source": Source(**data["source"]), "origin": origin})
    except (KeyError, TypeError) as error:
        raise ValueError(f"not an entry: {error}") from None
