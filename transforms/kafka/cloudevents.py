"""CloudEvents 1.0 and 0.3 in Kafka records: structured, binary and in batches, to what they carry.

After the specification's Kafka binding and JSON format (github.com/cloudevents/spec). Attributes that only say which
event it is (id, type, subject, time) are not asked for: an event that lacks them carries its article all the same.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from transforms.files.entry import Unfit, kind_of
from transforms.files.paths import shown

_STRUCTURED, _BATCH = "application/cloudevents", "application/cloudevents-batch"
_BINARY = ("ce_specversion", "ce_id", "ce_source", "ce_type")
_VERSIONS = ("1.0", "0.3")


@dataclass(frozen=True, slots=True)
class Payload:
    """What a record or an event carries: bytes that are yet to be read, or a JSON value that was read already.

    `content_type` is what was said of it, "" for nothing; `base` the address that relative links are relative to.
    """

    content: Any
    content_type: str = ""
    base: str = ""


def is_structured(content_type: str) -> bool:
    """Whether a record's content type says that its value is an event, or a batch of events, with its attributes.

    Raises Unfit for a format other than JSON.
    """
    media = content_type.partition(";")[0].strip().lower()
    name, _, suffix = media.partition("+")
    if name not in (_STRUCTURED, _BATCH):
        return False
    if suffix not in ("", "json"):
        raise Unfit(f"CloudEvents in the format {shown(suffix, 40)} are not read; send {name}+json")
    return True


def is_binary(headers: Mapping[str, str]) -> bool:
    """Whether a record's headers (names in lower case) are an event's attributes, and its value the event's data."""
    return any(name in headers for name in _BINARY)


def is_event(value: Any) -> bool:
    """Whether a JSON value is an event, whatever the content type says."""
    return isinstance(value, dict) and "specversion" in value and ("data" in value or "data_base64" in value)


def is_batch(value: Any) -> bool:
    """Whether a JSON value is a batch of events, whatever the content type says."""
    return isinstance(value, list) and bool(value) and all(map(is_event, value))


def of_headers(headers: Mapping[str, str], value: bytes) -> Payload:
    """What a binary event carries. Raises Unfit."""
    _check_version(headers.get("ce_specversion", _VERSIONS[0]))
    return Payload(value, headers.get("content-type", ""), _address(headers.get("ce_source")))


def of_event(event: Any) -> Payload:
    """What a structured event carries, of a batch or alone. Raises Unfit."""
    if not isinstance(event, dict):
        raise Unfit(f"not a CloudEvent but {kind_of(event)}")
    if "specversion" not in event:
        raise Unfit("not a CloudEvent: it has no specversion")
    _check_version(event["specversion"])
    data, encoded = event.get("data"), event.get("data_base64")
    if data is not None and encoded is not None:
        raise Unfit("the CloudEvent has both data and data_base64")
    if event.get("datacontentencoding") == "base64":
        data, encoded = None, data
    if encoded is not None:
        content: Any = _decoded(encoded)
    elif isinstance(data, str):
        content = data.encode("utf-8")
    elif isinstance(data, dict):
        content = data
    elif data is None:
        raise Unfit("the CloudEvent has no data")
    else:
        raise Unfit(f"the CloudEvent's data is {kind_of(data)}, and neither an object nor a text")
    said = event.get("datacontenttype")
    return Payload(content, said if isinstance(said, str) else "", _address(event.get("source")))


def _check_version(version: Any) -> None:
    if version not in _VERSIONS:
        told = f" {shown(version, 20)}" if isinstance(version, str) else ""
        raise Unfit(f"the CloudEvents version{told} is not read, only {' and '.join(_VERSIONS)}")


def _decoded(encoded: Any) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True) if isinstance(encoded, str) else _refuse()
    except (binascii.Error, ValueError):
        return _refuse()


def _refuse() -> bytes:
    raise Unfit("the CloudEvent's data is not the base64 that it is said to be")


def _address(source: Any) -> str:
    """The source of an event may be any URI; a feed's links can be relative to one on the web only."""
    web = isinstance(source, str) and source.lower().startswith(("http://", "https://"))
    return str(source)[:4096] if web else ""
