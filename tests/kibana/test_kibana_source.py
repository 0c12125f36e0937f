"""The YAML fits the mappings and the models, `export/` is what it gives, and what does not fit is named."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.kibana import check, files, names
from deploy.kibana.mapping import fields
from deploy.kibana.source import HOME, load
from transforms.errors import DataError


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A copy of the source, to break."""
    for path in HOME.glob("*.yaml"):
        shutil.copy(path, tmp_path)
    shutil.copytree(HOME / "dashboards", tmp_path / "dashboards")
    return tmp_path


def change(path: Path, before: str, after: str) -> None:
    text = path.read_text("utf-8")
    assert text.count(before) >= 1, f"{before} is not in {path.name}"
    path.write_text(text.replace(before, after, 1), "utf-8")


def test_the_source_fits() -> None:
    assert check.problems(load()) == []


def test_export_is_what_the_source_gives() -> None:
    assert files.stale(files.made(load())) == [], "run python -m deploy.kibana build"


def test_five_dashboards_answer_what_a_watcher_asks() -> None:
    titles = {board.title for board in load().boards}
    assert titles == {"Newsroom now", "Story and reposts", "Sanctions and hotlines", "Source health", "Pipeline health"}
    assert all(panel.tells or panel.search for board in load().boards for panel in board.panels)


def test_build_writes_what_differs_and_removes_what_is_no_longer_made(tmp_path: Path) -> None:
    made = files.made(load())
    (tmp_path / "old.json").write_text("{}", "utf-8")
    assert set(files.write(made, tmp_path)) == {*made, "old.json"}
    assert files.write(made, tmp_path) == []
    assert not (tmp_path / "old.json").exists()


def test_another_prefix_has_names_and_ids_of_its_own() -> None:
    ours, theirs = (files.made(load(), prefix) for prefix in (names.PREFIX, "desk"))
    assert not (ours.keys() & theirs.keys()) - {"saved-objects.ndjson"}
    assert '"news-articles"' in ours["saved-objects.ndjson"]
    assert '"desk-articles"' in theirs["saved-objects.ndjson"]
    assert "news-" not in theirs["saved-objects.ndjson"].replace("news-monitor", "")


BROKEN = yaml.safe_load((Path(__file__).parent / "cases" / "broken.yaml").read_text("utf-8"))


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: f"{Path(case['file']).stem}: {case['after']}")
def test_what_does_not_fit_is_named(home: Path, case: dict[str, str]) -> None:
    change(home / case["file"], case["before"], case["after"])
    found = check.problems(load(home))
    assert any(case["told"] in line for line in found), found


REFUSED = [
    ("dashboards/newsroom-now.yaml", "kind: donut", "kind: pie", "panels.7.kind"),
    ("dashboards/newsroom-now.yaml", "kind: donut", "kind: table", "panels.7"),
    ("dashboards/newsroom-now.yaml", "top: 8", "topp: 8", "panels.5.by.topp"),
    ("dashboards/pipeline-health.yaml", "of: last, field: news.pipeline.articles", "of: last", "panels.0.values.0"),
    ("rules.yaml", "window: 1d", "window: a day", "[0].window"),
    ("rules.yaml", "above: 0\n", "limit: 0\n", "[0]"),
    ("rules.yaml", "every: 15m", "every: [", "rules.yaml"),
]


@pytest.mark.parametrize(("file", "before", "after", "key"), REFUSED, ids=lambda part: str(part)[:40])
def test_a_slip_in_the_form_is_refused_with_its_key(home: Path, file: str, before: str, after: str, key: str) -> None:
    change(home / file, before, after)
    with pytest.raises(DataError) as told:
        load(home)
    assert key in str(told.value)


def test_a_field_that_leaves_the_mapping_is_missed(tmp_path: Path) -> None:
    folder = HOME.parents[1] / "transforms" / "elastic" / "mappings"
    for path in folder.glob("*.yaml"):
        shutil.copy(path, tmp_path)
    tree: dict[str, Any] = yaml.safe_load((tmp_path / "articles.yaml").read_text("utf-8"))
    del tree["properties"]["news"]["properties"]["country_pairs"]
    (tmp_path / "articles.yaml").write_text(yaml.safe_dump(tree), "utf-8")
    found = check.problems(load(), tmp_path)
    assert found
    assert all("news.country_pairs" in line for line in found)


def test_the_mapping_tells_what_can_be_done_with_a_field() -> None:
    known = fields("articles")
    assert known["news.title"].type == "text"
    assert not known["news.title"].aggregatable
    assert known["news.title.keyword"].aggregatable
    assert not known["news.body"].searchable
    assert not known["news.text.ar"].kept
    assert "news.fingerprint" not in known
    assert known["news.copied.lag_s"].number
