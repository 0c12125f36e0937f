"""One pipeline at a time on one index: two would each fold by a memory that does not know the other's articles."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.config import EmbeddedIndex, Ref, resolve
from pipeline.flink.given import remote
from pipeline.servers import server_of, set_up
from transforms.errors import DataError, Refused

if TYPE_CHECKING:
    from transforms.elastic.lease import Holder


def holder_for(runner: str, beam_args: Sequence[str]) -> Holder | None:
    """Who is to hold the index where the workers are other processes than this one; None where they are in it."""
    if runner != "FlinkRunner" or not remote(beam_args):
        return None
    from transforms.elastic.lease import Holder

    return Holder(roams=True)


@contextlib.contextmanager
def only_writer(ref: Ref, holder: Holder | None = None) -> Iterator[None]:
    """Hold the index for this process, or for the `holder`; Refused, naming the holder, while another holds it.

    A file is let go of by the kernel when the process ends, however it dies. A server keeps a lease, which runs out.
    """
    index = resolve(ref).index
    if isinstance(index, EmbeddedIndex):
        if holder is not None and holder.roams:
            problem = "is embedded: a file that only this machine's processes can open"
            raise DataError(ref.file, "index.kind", problem, "on a cluster write elasticsearch")
        with _held(ref.path(index.path)):
            yield
        return
    from transforms.elastic.lease import lease

    # The lease is a document, so there must be an index to hold it.
    set_up(ref)
    with lease(server_of(ref), holder=holder):
        yield


@contextlib.contextmanager
def _held(index: Path) -> Iterator[None]:
    index.parent.mkdir(parents=True, exist_ok=True)
    fd = os.open(f"{index}.run", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            other = os.pread(fd, 20, 0).decode("ascii", "replace").strip()
            raise Refused(f"a pipeline is running on this index (process {other}); stop it first") from None
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(fd)
