"""Asks Elasticsearch what Kibana would ask it for a panel, a saved search or a rule."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import httpx

from deploy.kibana import request
from deploy.kibana.source import Board, Panel, Rule, Search, Source, View

Json = dict[str, Any]


@dataclass(frozen=True)
class Newsroom:
    """An Elasticsearch that holds a newsroom's documents under a prefix."""

    url: str
    prefix: str

    def ask(self, view: View, body: Json) -> Json:
        """The answer; a request that the server refuses, or that a shard fails, is an error."""
        answer = httpx.post(f"{self.url}/{self.prefix}-{view.index}/_search", json=body, timeout=60, trust_env=False)
        assert answer.status_code == 200, f"{answer.status_code}: {answer.text[:1500]}\nfor {body}"
        found = answer.json()
        assert found["_shards"]["failed"] == 0, found["_shards"]
        return found

    def rows(self, source: Source, board: Board, panel: Panel) -> list[request.Row]:
        """The rows of a panel with figures."""
        view = view_of(source, panel.data)
        body = request.panel_request(board, panel, view, request.span(board.since, time.time()))
        return request.rows(panel, self.ask(view, body))

    def hits(self, source: Source, search: Search, since: str = "now-30d", query: str = "") -> list[Json]:
        """The documents of a saved search, each its columns."""
        view = view_of(source, search.data)
        body = request.search_request(search, view, request.span(since, time.time()), query)
        return [hit.get("fields", {}) for hit in self.ask(view, body)["hits"]["hits"]]

    def rule(self, source: Source, rule: Rule, later_s: float = 0) -> Json:
        """The answer to a rule's query, as if some seconds had passed."""
        view = view_of(source, rule.data)
        return self.ask(view, request.rule_request(rule, view, time.time() + later_s))


def view_of(source: Source, id: str) -> View:
    """The data view; one that is not there fails the test."""
    view = source.view(id)
    assert view, f"no data view {id}"
    return view


def filled(rows: list[request.Row]) -> bool:
    """Has every value something to show in some row, and is any of it above nothing?"""
    columns = list(zip(*(row.values for row in rows), strict=True))
    return all(any(value is not None for value in column) for column in columns) and any(map(any, columns))
