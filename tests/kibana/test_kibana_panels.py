"""Every panel, saved search and rule is asked of a real Elasticsearch, as Kibana would ask."""

from __future__ import annotations

import pytest

from deploy.kibana.source import Board, Panel, Rule, Search, load
from tests.kibana.asking import Newsroom, filled

SOURCE = load()
FIGURES = [(board, panel) for board in SOURCE.boards for panel in board.panels if not panel.search]
LISTS = [(board, panel) for board in SOURCE.boards for panel in board.panels if panel.search]

pytestmark = pytest.mark.servers


def name(part: object) -> str:
    return getattr(part, "id", "") or getattr(part, "title", "")


@pytest.mark.parametrize(("board", "panel"), FIGURES, ids=name)
def test_a_panel_has_rows(newsroom: Newsroom, troubled: Newsroom, board: Board, panel: Panel) -> None:
    rows = newsroom.rows(SOURCE, board, counted(panel))
    if panel.calm or panel != counted(panel):
        # On an ordinary day there may be nothing to show; where there is trouble it shows. A rate takes two reports in
        # two intervals, which a run of a minute need not have.
        assert panel.calm or filled(rows), rows[:5]
        rows = troubled.rows(SOURCE, board, panel)
    assert filled(rows), rows[:5]


def counted(panel: Panel) -> Panel:
    """The panel with the counters that its rates are made of."""
    values = (one.model_copy(update={"of": "max"}) if one.of == "rate" else one for one in panel.values)
    return panel.model_copy(update={"values": tuple(values)})


@pytest.mark.parametrize(("board", "panel"), LISTS, ids=name)
def test_a_list_has_documents_with_all_its_columns(newsroom: Newsroom, board: Board, panel: Panel) -> None:
    search = SOURCE.search(panel.search or "")
    assert search
    found = newsroom.hits(SOURCE, search, board.since, board.query)
    assert found
    assert set(search.columns) <= {column for fields in found for column in fields}


@pytest.mark.parametrize("search", SOURCE.searches, ids=name)
def test_a_saved_search_finds_documents(newsroom: Newsroom, search: Search) -> None:
    assert newsroom.hits(SOURCE, search)


@pytest.mark.parametrize("rule", SOURCE.rules, ids=name)
def test_a_rule_fires_in_trouble_only(newsroom: Newsroom, troubled: Newsroom, rule: Rule) -> None:
    if rule.id == "severe-alert":
        assert fires(newsroom, rule)
        assert not fires(troubled, rule)
    elif rule.id == "pipeline-silent":
        assert not fires(newsroom, rule)
        assert fires(newsroom, rule, later_s=3600)
    else:
        assert fires(troubled, rule)
        assert not fires(newsroom, rule)


def fires(at: Newsroom, rule: Rule, later_s: float = 0) -> bool:
    """Does the rule fire on what is there, now or some seconds later?"""
    answer = at.rule(SOURCE, rule, later_s)
    found = answer.get("aggregations", {})
    if rule.each:
        values = [bucket["doc_count"] for bucket in found["groups"]["buckets"]]
    else:
        values = [found["metric"]["value"] if "metric" in found else answer["hits"]["total"]["value"]]
    known = [value for value in values if value is not None]
    if rule.above is not None:
        return any(value > rule.above for value in known)
    return any(value < (rule.below or 0) for value in known)
