"""The bytes of a file, inflated, in blocks of bounded size; every way in which they can end badly is one exception."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol, cast

_BLOCK = 1 << 18
# A zstandard block of four bytes can inflate to 128 KB, and one call inflates all that it is given: at most 32 MB.
_ZST_SLICE = 1 << 10


class Broken(Exception):
    """The stream cannot be read on from here; the text is the reason."""


class Blocks(Protocol):
    """Gives the next bytes, b"" at the end. Raises Broken."""

    def __call__(self) -> bytes: ...


@contextmanager
def open_blocks(path: str | Path) -> Iterator[Blocks]:
    """A file's content, inflated if its name ends in .gz or .zst. Raises OSError if it cannot be opened, Broken."""
    name = str(path).lower()
    with Path(path).open("rb") as file:
        if name.endswith(".gz"):
            with gzip.open(file) as inflated:
                yield _guarded(cast("IO[bytes]", inflated))
        elif name.endswith(".zst"):
            yield _unzst(file)
        else:
            yield _guarded(file)


def _guarded(stream: IO[bytes]) -> Callable[[], bytes]:
    def block() -> bytes:
        try:
            return stream.read(_BLOCK)
        except EOFError:
            raise Broken("the compressed file ends too early") from None
        except (OSError, zlib.error) as error:
            raise Broken(f"the file cannot be read on ({getattr(error, 'strerror', None) or error})") from None

    return block


def _unzst(file: IO[bytes]) -> Callable[[], bytes]:
    # The library's own stream reader stops after the first frame, and takes a file cut in the middle for a whole one.
    try:
        import zstandard
    except ImportError:
        raise Broken("no zstandard library is installed, which .zst files need") from None
    context = zstandard.ZstdDecompressor()
    frame: Any = None
    waiting = b""

    def block() -> bytes:
        nonlocal frame, waiting
        while True:
            given = waiting or _guarded_read(file)
            waiting = b""
            if not given:
                if frame is not None:
                    raise Broken("the compressed file ends too early")
                return b""
            frame = frame or context.decompressobj()
            try:
                inflated: bytes = frame.decompress(given)
            except zstandard.ZstdError:
                raise Broken("the compressed file is damaged") from None
            if frame.eof:
                frame, waiting = None, frame.unused_data
            if inflated:
                return inflated

    return block


def _guarded_read(file: IO[bytes]) -> bytes:
    try:
        return file.read(_ZST_SLICE)
    except OSError as error:
        raise Broken(f"the file cannot be read on ({error.strerror})") from None
