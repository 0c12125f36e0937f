"""Whether feeds are at rest, by what the index knows."""

from __future__ import annotations

from transforms.index.interface import Index


def settled(index: Index) -> bool:
    """Whether every poll that was begun is committed."""
    return all(feed.get("requested_ms", 0) <= feed.get("batch", 0) for feed in index.feeds().values())
