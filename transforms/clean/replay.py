"""Entries as JSON documents and back, so that a dead letter holds all that it takes to try again."""

from __future__ import annotations

from dataclasses import asdict

from transforms.records import Entry, Json, Origin, Source


def entry_document(entry: Entry) -> Json:
    """An entry as plain JSON values; `entry_of` gives an equal entry back.

    `extra` is taken as it is: sources deliver it as JSON.
    """
    return asdict(entry)


def entry_of(document: Json) -> Entry:
    """The entry of a document made by `entry_document`, unknown keys ignored.

    Raises ValueError if a part is missing or of the wrong type.
    """
    try:
        origin, source = document["origin"], document["source"]
        optional = {name: _text(document, name) for name in _OPTIONAL}
        extra = document.get("extra") or {}
        if not isinstance(extra, dict):
            raise TypeError("extra is not an object")
        return Entry(
            origin=Origin(str(origin["reader"]), int(origin.get("batch", 0)), int(origin.get("seq", 0))),
            source=Source(
                str(source["id"]), str(source.get("name", "")), str(source.get("domain", "")), _text(source, "agency")
            ),
            arrived=int(document["arrived"]),
            title=_text(document, "title") or "",
            method=_text(document, "method") or "feed",
            extra=extra,
            **optional,
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not the document of an entry: {error!r}") from error


_OPTIONAL = ("url", "guid", "body", "html", "summary", "author", "published", "language")


def _text(document: Json, name: str) -> str | None:
    value = document.get(name)
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{name} is not a text")
    return value
