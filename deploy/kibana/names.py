"""Ids of everything that is installed: the same at each build, different for each prefix of the indices."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

_SPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "kibana.news-monitor.example")
PREFIX = "news"


def plain(prefix: str, kind: str, id: str) -> str:
    """A readable id, for what a person meets in a link: `news-dashboard-newsroom-now`."""
    return f"{prefix}-{kind}-{id}"


def unique(prefix: str, *parts: str) -> str:
    """A UUID made from the parts, which Kibana wants for rules."""
    return str(uuid.uuid5(_SPACE, "/".join((prefix, *parts))))


def data_view(prefix: str, id: str) -> str:
    """The id of a data view."""
    return plain(prefix, "data-view", id)


def search(prefix: str, id: str) -> str:
    """The id of a saved search."""
    return plain(prefix, "search", id)


def dashboard(prefix: str, id: str) -> str:
    """The id of a dashboard, the same by import and by the Dashboards API."""
    return plain(prefix, "dashboard", id)


def panel(prefix: str, board: str, title: str) -> str:
    """The id of a panel and of its Lens object."""
    return unique(prefix, "panel", board, title)


def rule(prefix: str, id: str) -> str:
    """The id of an alerting rule."""
    return unique(prefix, "rule", id)


def reference(type: str, id: str, name: str) -> Mapping[str, str]:
    """How a saved object names another."""
    return {"type": type, "id": id, "name": name}
