"""Opening a list file: its packed form from the cache, or packed once and put there."""

from __future__ import annotations

import logging
import mmap
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import xxhash

from transforms.errors import DataError
from transforms.tag.entity_data import Entity
from transforms.tag.lists.packed import LAYOUT, Damaged, Packed, pack
from transforms.tag.lists.record import read_list

_log = logging.getLogger(__name__)
_BLOCK = 1 << 20


def cache_dir() -> Path:
    """Where packed lists are kept: under XDG_CACHE_HOME, else ~/.cache. It may be deleted at any time."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "news-monitor" / "lists"


def open_list(path: Path, known: Callable[[str], Entity | None] = lambda _: None) -> Packed:
    """The list file at `path`, ready for look-up; `known` as `Packed` takes it. DataError for a mistake in it.

    A list is packed when it is first opened, which takes some 60 µs a name, and mapped into memory ever after: all
    processes share it. Where the cache cannot be written it is packed at each start.
    """
    version = version_of(path)
    kept = cache_dir() / f"{version}-{LAYOUT}.bin"
    with suppress(OSError, ValueError), kept.open("rb") as file:  # Damaged is a ValueError, as is an empty file's
        return Packed(memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)), known)
    name, entities = read_list(path)
    packed = pack(name, version, entities)
    try:
        _keep(kept, packed)
    except OSError as error:
        _log.warning("the packed list cannot be kept in %s (%s)", kept.parent, error.strerror)
    return Packed(packed, known)


def version_of(path: Path) -> str:
    """The version of a list file: a hash of its bytes, 12 hexadecimal digits. DataError where it cannot be read."""
    digest = xxhash.xxh64()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    except OSError as error:
        remedy = "import the list first, or mend entities.lists in the config"
        raise DataError(str(path), "", f"cannot be read ({error.strerror})", remedy) from None
    return digest.hexdigest()[:12]


def _keep(path: Path, packed: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fd, made = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(packed)
        Path(made).replace(path)
    except BaseException:
        Path(made).unlink(missing_ok=True)
        raise


__all__ = ["Damaged", "cache_dir", "open_list", "version_of"]
