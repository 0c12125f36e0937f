"""Placements of articles when others are forgotten: the same whatever store they stand in."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from transforms.index.interface import MENDED
from transforms.records import Json

_MENDED_TEXT = "an article that this was placed by is forgotten; the next run places it anew"


def next_original(left: Sequence[tuple[str, str | None]]) -> str | None:
    """The original of what is left of a story that lost articles: (id, role) of each, oldest first. None for one
    article alone. Who it is in truth is decided by the next folding; until then it is the earliest."""
    first = next((key for key, role in left if role == "original"), left[0][0] if left else None)
    return first if len(left) > 1 else None


def mended(placed: Json, key: str, gone: Collection[str], originals: Mapping[str, str | None]) -> Json:
    """The placement of the article `key` without the forgotten; `placed` itself where it does not name them.
    `originals` holds the `next_original` of each story that lost an article."""
    copied = placed.get("copied_from") or []
    new: Json = {**placed, "copied_from": [entry for entry in copied if entry.get("id") not in gone]}
    if placed.get("id") in originals:
        original = originals[placed["id"]]
        role = "unique" if original is None else "original" if original == key else "repost"
        new |= {"role": role, "original_id": original}
    if new == {**placed, "copied_from": copied}:
        return placed
    verdict = placed.get("verdict") or {}
    return {**new, "verdict": {**verdict, "reason_code": MENDED, "text": _MENDED_TEXT}}
