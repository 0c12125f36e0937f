"""Whether a process is the one that somebody wrote down: numbers are used again."""

from __future__ import annotations

import os
from pathlib import Path


def began(pid: int) -> str | None:
    """When a process began, as its system counts; None for one that is no more, "" where that cannot be told."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except OSError:
        pass
    try:
        told = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return None if told[0] in ("Z", "X") else told[19]


def place() -> str:
    """What shares its process numbers: a machine since it was started, and there a container; "" where that cannot be
    told."""
    try:
        booted = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{booted} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""
