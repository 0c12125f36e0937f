"""JSON and text as the store takes them: valid UTF-8, no NUL, no NaN. What comes from outside may hold any of these.

`dumps` and `clean` refuse what cannot be stored, as SQLite does a text with a lone surrogate. The remedy is `mend`.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from transforms.records import Json

_DEEPEST = 64
_INTEGER = 1 << 63
UNSTORABLE = (ValueError, TypeError, RecursionError)  # UnicodeEncodeError is a ValueError
# An odd number of backslashes: with an even one the text itself says "\u0000", which is harmless.
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")

_strict = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
loads = json.loads


def mend_text(text: str) -> str:
    """`text` with surrogate pairs joined, and lone surrogates and NULs replaced by U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\0", "\ufffd") if "\0" in text else text


def _mend(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return mend_text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, int):
        return value
    if depth >= _DEEPEST:
        return None
    if isinstance(value, dict):
        return {mend_text(str(key)): _mend(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_mend(inner, depth + 1) for inner in value]
    return mend_text(str(value))


def mend(document: Json) -> Json:
    """A copy that can be stored: texts mended, NaN and what is nested too deep null, other types as text."""
    mended: Json = _mend(document, 0)
    return mended


def dumps(document: Json) -> str:
    """Compact JSON. One of `UNSTORABLE` for what JSON does not know, too deep nesting, or a NUL."""
    text = _strict(document)
    if "\\u0000" in text and _NUL.search(text):
        raise ValueError("NUL in a text")
    return text


def clean(text: str) -> str:
    """The text itself; ValueError for a NUL in it."""
    if "\0" in text:
        raise ValueError("NUL in a text")
    return text


def integer(value: int | None) -> int | None:
    """`value` as far as the store's integers reach."""
    return None if value is None else max(-_INTEGER, min(_INTEGER - 1, value))
