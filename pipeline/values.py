"""Values as people write them in the config: durations, sizes, environment variables, and what a typing slip meant."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

from transforms.errors import DataError

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d)")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(b|kb|mb|gb|tb)?", re.IGNORECASE)
_BYTES = {"": 1, "b": 1, "kb": 2**10, "mb": 2**20, "gb": 2**30, "tb": 2**40}
VARIABLE = re.compile(r"\$\{([^}]*)\}")


def duration(text: str | int | float) -> float:
    """`30s | 5m | 2h | 7d` in seconds; ValueError tells what to write instead."""
    match = _DURATION.fullmatch(str(text).strip())
    if not match:
        raise ValueError(f"{text!r} is not a duration; write a number and a unit, such as 30s, 5m, 2h or 7d")
    seconds = float(match[1]) * _UNITS[match[2]]
    if seconds <= 0:
        raise ValueError(f"{text!r} is not above zero")
    return seconds


def size(text: str | int) -> int:
    """`8mb | 30gb | 4096` in bytes, in steps of 1,024; ValueError tells what to write instead."""
    match = _SIZE.fullmatch(str(text).strip())
    if not match or isinstance(text, bool):
        raise ValueError(f"{text!r} is not a size; write a number and a unit, such as 8mb or 30gb")
    return round(float(match[1]) * _BYTES[(match[2] or "").lower()])


def nearest(word: str, known: Iterable[str]) -> str:
    """`did you mean "x"?` for a slip, else the list of what is known."""
    choices = sorted(known)
    close = difflib.get_close_matches(word, choices, 1, 0.6)
    return f'did you mean "{close[0]}"?' if close else f"known: {', '.join(choices)}"


def expand(value: Any, file: str, key: str = "", env: Mapping[str, str] | None = None) -> Any:
    """`value` with each `${NAME}` replaced from the environment, at any depth.

    Raises DataError that names the key and the variable (never a value) where one is not set.
    """
    env = os.environ if env is None else env
    if isinstance(value, str):

        def put(match: re.Match[str]) -> str:
            if match[1] not in env:
                raise DataError(file, key, f"environment variable {match[1]} is not set", f"export {match[1]} first")
            return env[match[1]]

        return VARIABLE.sub(put, value)
    if isinstance(value, list):
        return [expand(item, file, f"{key}[{i}]", env) for i, item in enumerate(value)]
    if isinstance(value, dict):
        return {k: expand(v, file, f"{key}.{k}" if key else str(k), env) for k, v in value.items()}
    return value
