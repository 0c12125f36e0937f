"""What `python -m deploy.check` takes, and what it refuses: each case is a change of a copy of the files."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.check import __main__ as check
from deploy.check import compose, dataflow, image, kubernetes
from tests.running import ROOT
from transforms.errors import MissingPart

CASES = Path(__file__).with_name("cases")
DEPLOY = ROOT / "deploy"
Look = Callable[[Path], list[str]]
Case = dict[str, Any]


def cases(part: str) -> list[Any]:
    told: list[Case] = yaml.safe_load((CASES / f"{part}.yaml").read_text("utf-8"))
    return [pytest.param(case, id=case["name"]) for case in told]


def looked(look: Look, folder: Path) -> list[str]:
    """What the check says; skips where a tool cannot be had, but never in CI."""
    try:
        return look(folder)
    except MissingPart as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(str(error))


def changed(file: Path, changes: dict[str, str]) -> None:
    text = file.read_text("utf-8")
    for old, new in changes.items():
        assert old in text, f"the case is out of date: {old!r} is not in {file.name}"
        text = text.replace(old, new)
    file.write_text(text, "utf-8")


def image_of(folder: Path) -> list[str]:
    return image.problems(ROOT, folder)


def compose_of(folder: Path) -> list[str]:
    return compose.problems(folder / "compose.yaml")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of deploy/, in a folder with what it refers to."""
    target = tmp_path / "deploy"
    shutil.copytree(DEPLOY, target, ignore=shutil.ignore_patterns("__pycache__", "export"))
    for name in ("pipeline", "transforms"):
        (tmp_path / name).symlink_to(ROOT / name)
    return target


def test_the_files_as_they_are_fit() -> None:
    for look, folder in (
        (image_of, DEPLOY / "image"),
        (kubernetes.problems, DEPLOY / "kubernetes"),
        (compose_of, DEPLOY),
    ):
        assert looked(look, folder) == []


@pytest.mark.parametrize("case", cases("image"))
def test_a_broken_image_is_refused(case: Case, copy: Path) -> None:
    changed(copy / "image" / case["file"], case["change"])
    assert case["says"] in "\n".join(looked(image_of, copy / "image"))


@pytest.mark.parametrize("case", cases("kubernetes"))
def test_a_broken_manifest_is_refused(case: Case, copy: Path) -> None:
    changed(copy / "kubernetes" / case["file"], case["change"])
    assert case["says"] in "\n".join(looked(kubernetes.problems, copy / "kubernetes"))


@pytest.mark.parametrize("case", cases("compose"))
def test_a_broken_compose_file_is_refused(case: Case, copy: Path) -> None:
    changed(copy / case["file"], case["change"])
    assert case["says"] in "\n".join(looked(compose_of, copy))


@pytest.mark.parametrize("case", cases("metadata"))
def test_broken_metadata_is_refused(case: Case, copy: Path) -> None:
    file = copy / "dataflow" / "metadata.json"
    changed(file, case["change"])
    metadata = json.loads(re.sub(r",(\s*[}\]])", r"\1", file.read_text("utf-8")))
    assert case["says"] in "\n".join(dataflow.metadata_problems(metadata))


def test_the_template_fits_and_its_launch_makes_a_job() -> None:
    assert looked(lambda folder: dataflow.problems(ROOT, folder), DEPLOY / "dataflow") == []


def test_a_launcher_that_leaves_options_out_and_metadata_with_a_slip_are_refused(copy: Path) -> None:
    folder = copy / "dataflow"
    gone = {"    \"--no_save_main_session\",\n": "", "    \"--enable_streaming_engine\",\n": "",
            "    \"--experiments=no_use_multiple_sdk_containers\",\n": ""}  # fmt: skip
    changed(folder / "launch.py", gone)
    changed(folder / "metadata.json", {'"helpText"': '"helptext"'})
    said = "\n".join(looked(lambda folder: dataflow.problems(ROOT, folder), folder))
    assert 'no field named "helptext"' in said
    assert "stages pickled_main_session" in said
    assert "no_use_multiple_sdk_containers is not set" in said


def test_a_launcher_that_fails_is_told(copy: Path) -> None:
    folder = copy / "dataflow"
    changed(
        folder / "launch.py",
        {"once=False": "once=True"},
    )
    assert "end by themselves" in "\n".join(looked(lambda folder: dataflow.problems(ROOT, folder), folder))


@pytest.mark.parametrize(("ci", "code"), [("", 3), ("true", 1)])
def test_a_tool_that_cannot_be_had_is_told_and_fails_in_ci(
    ci: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(check, "PARTS", {"kubernetes": check.PARTS["kubernetes"]})
    assert check.main() == code
    assert "kubernetes: not checked: kustomize cannot be had without go: install Go" in capsys.readouterr().err
    assert list((tmp_path / "news-monitor").iterdir()) == []


def test_compose_runs_what_kubernetes_runs() -> None:
    """Which a test runs on a real Flink; here the job is followed, and what runs is shown."""
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))["services"]
    base = DEPLOY / "kubernetes" / "base"
    job, _ = yaml.safe_load_all((base / "pipeline.yaml").read_text("utf-8"))
    submits = job["spec"]["template"]["spec"]["containers"][0]
    there = [word.replace("news-monitor-rest", "jobmanager") for word in [*submits["command"], *submits["args"]]]
    here = [*services["pipeline"]["entrypoint"], *services["pipeline"]["command"]]
    assert here == [word for word in there if word != "--detach"]
    flink = yaml.safe_load((base / "flink.yaml").read_text("utf-8"))
    (pool,) = [
        one for one in flink["spec"]["taskManager"]["podTemplate"]["spec"]["containers"] if one["name"] == "workers"
    ]
    assert [*services["workers"]["entrypoint"], *services["workers"]["command"]] == [*pool["command"], *pool["args"]]
    assert services["jobmanager"]["image"] == flink["spec"]["image"]
