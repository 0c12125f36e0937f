"""What a person does to an index by hand: forget articles, restore a backup."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from pipeline.config import Ref
from pipeline.opening import index_of
from transforms.alert.inert import plain
from transforms.clean.urls import article_id, canonical
from transforms.errors import DataError, Refused
from transforms.index.embedded import EmbeddedIndex
from transforms.index.interface import Index

ID = re.compile(r"[0-9a-f]{32}")


def forget(index: Index, what: Sequence[str], before: int | None) -> int:
    """Forget articles by id or URL, and all published before a time (seconds UTC). Returns how many documents went.

    A URL that was never indexed is remembered by the id that it would have, so that it does not come later.
    """
    ids = [_id(index, key) for key in what]
    if before is not None:
        ids += index.ids_before(before)
    return index.forget(ids)


def _id(index: Index, key: str) -> str:
    url = canonical(key) if "://" in key else None
    known = index.article(url or key) or index.article(key)
    if known is not None:
        return str(known["id"])
    if url is None and not ID.fullmatch(key):
        raise Refused(f"no article has the id {plain(key)!r}; give an id of 32 digits, or a URL")
    return article_id(url, "", None) if url else key


def backup(ref: Ref, path: Path) -> None:
    """Copy the embedded index to `path` while all goes on."""
    embedded(ref).backup(str(path))


def restore(ref: Ref, path: Path) -> None:
    """Put the backup at `path` in the place of the index."""
    embedded(ref).restore(str(path))


def embedded(ref: Ref) -> EmbeddedIndex:
    """The index, if it is the embedded one; DataError if it is another."""
    index = index_of(ref)
    if not isinstance(index, EmbeddedIndex):
        raise DataError(
            ref.file, "index.kind", "only the embedded index is backed up here", "use the server's snapshots"
        )
    return index
