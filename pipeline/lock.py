"""One pipeline at a time on one index: two would each fold by a memory that does not know the other's articles."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator

from pipeline.config import Ref, resolve
from transforms.errors import Refused


@contextlib.contextmanager
def only_writer(ref: Ref) -> Iterator[None]:
    """Hold the index for this process; Refused, naming the other's process id, while another holds it.

    The kernel lets go of it when the process ends, however it dies.
    """
    index = ref.path(resolve(ref).index.path)
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
