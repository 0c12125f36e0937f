"""Memory and processor time of processes, from /proc (Linux)."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

_PAGE, _TICK = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Use:
    """Resident memory in bytes; processor seconds since the start, those of children that have ended included."""

    rss: int = 0
    cpu: float = 0.0

    def __add__(self, other: Use) -> Use:
        return Use(self.rss + other.rss, self.cpu + other.cpu)


def use(pid: int) -> Use:
    """Of one process; nothing where it is gone."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return Use()
    return Use(int(told[21]) * _PAGE, sum(map(int, told[11:15])) / _TICK)


def group(leader: int) -> list[int]:
    """The other processes of the process group that `leader` leads."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != leader:
            try:
                told = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(told[2]) == leader:
                found.append(int(entry.name))
    return found


def together(pids: list[int]) -> Use:
    """The sum of several."""
    return sum(map(use, pids), Use())


def children(pid: int) -> list[int]:
    """The processes that a process started."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += map(int, task.read_text().split())
    return found
