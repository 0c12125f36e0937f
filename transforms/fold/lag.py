"""Lags in words."""

from __future__ import annotations


def span(seconds: int) -> str:
    """A lag in words: 45 s, 4 minutes, 3 hours, 2 days."""
    size = abs(seconds)
    for unit, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if size >= unit:
            count = round(size / unit)
            return f"{count} {name}{'' if count == 1 else 's'}"
    return f"{size} s"
