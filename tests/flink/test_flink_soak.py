"""Three minutes of `make soak`: checkpoints stop growing, but for the state of articles that are new."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median

import pytest

from tests.running import ROOT
from tests.servers.flink_server import Flink
from tests.soak.news import FEEDS
from tests.soak.report import growth, table
from tests.soak.run import line, soak

MINUTES = 3
# What the sources hold has nothing to grow by: some bytes, as a number has a digit more. Deferring sources grow by
# 1.4 MB in a minute.
SOURCES_GROW = 4_096
# Of a new article folding keeps about 1 kB (docs/folding.md); texts of three times the length would have this.
OF_AN_ARTICLE = 3_000
# And what a bundle happens to hold when a checkpoint comes.
UNDER_WAY = 50_000


@pytest.mark.servers
@pytest.mark.slow
def test_checkpoints_level_off(flink: Flink, elastic_url: str, prefix: str, tmp_path: Path) -> None:
    told = soak(flink, elastic_url, prefix, tmp_path, MINUTES, lambda so_far: print(line(so_far)))
    grown = growth(told)
    print(f"\n{table(told)}\n{grown}")
    last = told["samples"][-1]
    assert last["polls"] > 10 * FEEDS
    assert told["statuses"][304] > told["statuses"][200]
    # New items go on coming in, so that what is to be subtracted is not nothing.
    assert 5 < grown.articles < 60
    assert grown.sources < SOURCES_GROW
    assert grown.size < grown.articles * OF_AN_ARTICLE + UNDER_WAY
    assert median(row["ms"] for row in told["checkpoints"][-5:]) < 10_000


def test_growth_is_seen_where_sources_defer() -> None:
    """As recorded before sources went by turns."""
    before = json.loads((ROOT / "docs" / "soak" / "before.json").read_text("utf-8"))
    grown = growth(before)
    assert grown.sources > 100 * SOURCES_GROW
    assert grown.size > grown.articles * OF_AN_ARTICLE + UNDER_WAY


def test_half_an_hour_levelled_off() -> None:
    """As recorded for docs/flink.md."""
    grown = growth(json.loads((ROOT / "docs" / "soak" / "soak.json").read_text("utf-8")))
    assert grown.sources < SOURCES_GROW
    assert grown.size < grown.articles * OF_AN_ARTICLE + UNDER_WAY
