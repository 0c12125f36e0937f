"""docs/sizing.md is what docs/sizing.py makes of docs/sizing.yaml; its formulas are those that a person would use."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from types import ModuleType

import pytest

from tests.docs.docs_pages import ROOT


@pytest.fixture(scope="module")
def sizing() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sizing", ROOT / "docs" / "sizing.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["sizing"] = module
    spec.loader.exec_module(module)
    return module


def test_the_page_is_up_to_date(sizing: ModuleType) -> None:
    page = sizing.PAGE.read_text("utf-8")
    assert sizing.rendered(page) == page, "run .venv/bin/python docs/sizing.py"


def test_a_load_reckoned_by_hand(sizing: ModuleType) -> None:
    given, _ = sizing.read()
    round_figures = {
        "interval_s": 300, "ttl_days": 7, "memory_bytes": 1000, "state_bytes": 500, "base_mb": 0, "alive_share": 0.5,
        "busy": 0.5, "seed_per_s": 1000, "elastic_ms": 3, "replicas": 1, "kept_days": 10, "elastic_bytes": 10_000,
        "kafka_days": 1, "kafka_copies": 3, "article_bytes": 4000, "poll_read_ms": 5, "poll_unchanged_ms": 1,
        "fold_growth": 1, **{f"{stage}_ms": 0.5 for stage in sizing.STAGES},
    }  # fmt: skip
    load = sizing.Load(
        replace(given, figures=round_figures, prices={"core": 10, "memory_gb": 1, "disk_gb": 1}), 10, 28.8
    )
    assert load.feeds == 3000
    assert load.articles_per_s == pytest.approx(1.0)
    assert load.live == pytest.approx(14 * 86_400)
    assert load.memory_gb == pytest.approx(14 * 86_400 * 1000 / 1e9 / 0.5)
    assert load.state_gb == pytest.approx(0.6048)
    assert load.start_s == pytest.approx(1209.6)
    assert load.polling_cores == pytest.approx((1 * 5 + 9 * 1) / 1000 / 0.5)
    assert load.article_cores == pytest.approx(10 * 0.5 / 1000 / 0.5)
    assert load.deciding == pytest.approx(0.0005)
    assert load.elastic_cores == pytest.approx(0.012)
    assert load.elastic_gb == pytest.approx(86_400 * 10 * 10_000 * 2 / 1e9 / 0.5)
    assert load.kafka_gb == pytest.approx(86_400 * 4000 * 3 / 1e9)
    assert load.a_month == pytest.approx(20 + load.memory_gb + load.elastic_gb)


def test_a_decision_grows_as_it_was_measured(sizing: ModuleType) -> None:
    given, _ = sizing.read()
    assert sizing.decision_ms(given, 10_000) == given.fold_ms
    assert sizing.decision_ms(given, 300_000) == pytest.approx(given.fold_ms * given.fold_growth)
    assert sizing.decision_ms(given, 10) == given.fold_ms


def test_every_figure_says_where_it_is_from(sizing: ModuleType) -> None:
    _, told = sizing.read()
    for name, one in told["measured"].items():
        assert one["where"], name
        assert one["tells"], name
        if one["where"].endswith(".md"):
            assert (ROOT / one["where"]).is_file(), name
    for name, one in {**told["assumed"], **told["loads"]}.items():
        assert one["why"], name


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.0123, "0.012"), (1.25, "1.2"), (13, "13"), (1234, "1,200"), (590_000_000, "590,000,000")],
)
def test_numbers(sizing: ModuleType, value: float, text: str) -> None:
    assert sizing.number(value) == text
