"""Secrets taken out of what goes into the dead-letter file, which people mail to each other."""

from __future__ import annotations

import base64
import re
from collections.abc import Collection
from typing import Any

HIDDEN = "***"
_USERINFO = re.compile(r"(?<=://)[^\s/?#@\"'<>]+@")
_QUERY = re.compile(
    r"(?i)([?&;](?:access_?token|api_?key|app_?key|auth|authorization|client_?secret|key|passw(?:or)?d|secret|sig|signature"
    r"|token)=)[^&;\s\"'<>#]+"
)
_HEADER = re.compile(r"(?i)(\b(?:authorization|proxy-authorization|cookie)\s*[:=]\s*)[^\r\n,;]+")
_KEYS = re.compile(
    r"(?i)(?:proxy[-_])?authorization|(?:set[-_])?cookie|passw(?:or)?d|secrets?|(?:access[-_]?)?tokens?|api[-_]?key"
    r"|credentials?"
)


def redact(value: Any, secrets: Collection[str] = (), addresses: bool = False) -> Any:
    """A JSON-able copy of `value`: bytes become {"base64": …}, secrets `***`.

    Taken out: every text in `secrets` (those that the config expanded), user and password of any URL, and what stands
    under a key such as "authorization". With `addresses` also what URLs carry in parameters such as `token`; not in
    articles, whose ids come of their URLs.
    """
    known = sorted((secret for secret in secrets if len(secret) >= 4), key=len, reverse=True)
    return _value(value, known, addresses)


def _value(value: Any, secrets: list[str], addresses: bool) -> Any:
    if isinstance(value, str):
        return _text(value, secrets, addresses)
    if isinstance(value, bytes | bytearray | memoryview):
        raw = bytes(value)
        for secret in secrets:
            raw = raw.replace(secret.encode(), HIDDEN.encode())
        return {"base64": base64.b64encode(raw).decode("ascii")}
    if isinstance(value, dict):
        return {
            _text(str(key), secrets, addresses): HIDDEN
            if _KEYS.fullmatch(str(key)) and isinstance(item, str) and item
            else _value(item, secrets, addresses)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_value(item, secrets, addresses) for item in value]
    return value if value is None or isinstance(value, bool | int | float) else _text(str(value), secrets, addresses)


def _text(text: str, secrets: list[str], addresses: bool) -> str:
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    if "://" in text:
        text = _USERINFO.sub(f"{HIDDEN}@", text)
    if addresses:
        text = _HEADER.sub(rf"\1{HIDDEN}", _QUERY.sub(rf"\1{HIDDEN}", text))
    return text
