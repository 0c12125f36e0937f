"""Giving memory back: the arrays of merged postings are large, come and go, and would leave holes in the heap.

By itself glibc raises the size from which a block is mapped, and so returned when freed, up to 32 MB as large blocks
are freed (mallopt(3), M_MMAP_THRESHOLD). At 60,000 articles that held a quarter more memory than was in use. Set by
hand, the size stays.
"""

from __future__ import annotations

import ctypes
import functools
import sys

_MMAP_THRESHOLD, _BYTES = -3, 256 * 1024


@functools.cache
def return_large_blocks() -> bool:
    """Once in a process; whether the machine's C library can be told."""
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and mallopt(_MMAP_THRESHOLD, _BYTES) == 1
