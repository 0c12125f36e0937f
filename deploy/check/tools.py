"""The tools of the check: got by the ordinary package clients, each pinned, into a cache outside the clone.

An empty cache is filled; two at once do not break each other: each builds in a folder of its own and renames it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import uuid
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from deploy.check.schemas import of_core, of_custom
from transforms.errors import MissingPart

LOCK = Path(__file__).with_name("tools.lock")
# The operator's own release is pinned in deploy/README.md; its API's jar holds the CRD.
CRD_JAR = "org.apache.flink:flink-kubernetes-operator-api:1.10.0"
CRD = "META-INF/fabric8/flinkdeployments.flink.apache.org-v1.yml"
# Kubernetes' release whose schemas are checked against.
KUBERNETES = "v1.33.0"
GO = {
    "kubeconform": "github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0",
    "kustomize": "sigs.k8s.io/kustomize/kustomize/v5@v5.8.1",
    # The loader that `docker compose` itself uses; its program is called cmd.
    "compose": "github.com/compose-spec/compose-go/v2/cmd@v2.10.2",
}
GET_S, RUN_S = 900, 300


def cache(of: str) -> Path:
    """Where a tool that `of` (its pins) tells is kept between clones; another pin has another folder."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    version = hashlib.sha256(of.encode()).hexdigest()[:12]
    return Path(base).expanduser() / "news-monitor" / f"deploy-{version}"


def hadolint() -> Path:
    """The linter of Dockerfiles."""
    return _packages() / "bin" / "hadolint"


def go_tool(name: str) -> Path:
    """kubeconform, kustomize or compose, built by Go."""
    module = GO[name]

    def build(folder: Path) -> None:
        _run(["go", "install", module], name, "install Go (https://go.dev/dl)", env={"GOBIN": str(folder)})

    return _got(cache(module), build) / (module.split("@")[0].split("/")[-1] if name == "compose" else name)


def schemas() -> Path:
    """A folder with a JSON Schema for each kind of Kubernetes, strict, and for FlinkDeployment, as kubeconform names
    them."""

    def build(folder: Path) -> None:
        source = _packages() / "kubernetes_validate" / "kubernetes-json-schema" / f"{KUBERNETES}-local-strict"
        for file in source.glob("*.json"):
            (folder / file.name).write_text(of_core(file.read_text("utf-8")), "utf-8")
        jar = _jar(folder)
        with zipfile.ZipFile(jar) as archive:
            schema = of_custom(archive.read(CRD).decode(), "v1beta1")
        (folder / "flinkdeployment-flink-v1beta1.json").write_text(json.dumps(schema), "utf-8")
        jar.unlink()

    rules = Path(of_core.__code__.co_filename).read_text("utf-8")
    return _got(cache(KUBERNETES + CRD_JAR + LOCK.read_text("utf-8") + rules), build)


def python_of(lock: Path) -> Path:
    """A Python with exactly what a lock of the image holds, as the image has it but for the pipeline itself."""

    def build(folder: Path) -> None:
        # Not moved when it is there: a venv knows its own path.
        uv = [sys.executable, "-m", "uv"]
        target = folder / "env"
        _run(
            [*uv, "venv", "-q", "--python", sys.executable, "--relocatable", str(target)], "a venv", "run `make setup`"
        )
        _run([*uv, "pip", "install", "-q", "--python", str(target / "bin" / "python"), "--require-hashes",
              "-r", str(lock)], lock.name, "look at the lock")  # fmt: skip

    pins = lock.read_text("utf-8") + sys.version
    return _got(cache(pins), build) / "env" / "bin" / "python"


def run(
    command: Sequence[object],
    cwd: Path | str | None = None,
    env: dict[str, str] | None = None,
    given: str | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a tool, with `given` as what it reads, and give what it said."""
    words = [str(word) for word in command]
    return subprocess.run(  # noqa: S603
        words, capture_output=True, text=True, timeout=RUN_S, check=False, cwd=cwd, env=env, input=given
    )


def _packages() -> Path:
    def build(folder: Path) -> None:
        _run([sys.executable, "-m", "uv", "pip", "install", "-q", "--target", str(folder), "--no-deps",
              "--require-hashes", "-r", str(LOCK)], LOCK.name, "run `make setup`")  # fmt: skip

    return _got(cache(LOCK.read_text("utf-8")), build)


def _jar(folder: Path) -> Path:
    _run(["mvn", "-q", "-B", "dependency:copy", f"-Dartifact={CRD_JAR}", f"-DoutputDirectory={folder}"],
         "FlinkDeployment's schema", "install Maven (`apt install maven`, `brew install maven`)")  # fmt: skip
    return next(folder.glob("*.jar"))


def _got(target: Path, build: Callable[[Path], None]) -> Path:
    if target.is_dir():
        return target
    part = target.with_name(f"{target.name}-{uuid.uuid4().hex[:8]}")
    part.mkdir(parents=True)
    try:
        build(part)
        try:
            part.rename(target)
        except OSError:
            if not target.is_dir():  # else somebody else was quicker
                raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return target


def _run(command: list[str], what: str, remedy: str, env: dict[str, str] | None = None) -> None:
    if shutil.which(command[0]) is None:
        raise MissingPart(f"{what} cannot be had without {command[0]}: {remedy}")
    try:
        done = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, timeout=GET_S, check=False, env={**os.environ, **(env or {})}
        )
    except subprocess.TimeoutExpired:
        raise MissingPart(f"{what} was not there within {GET_S} s") from None
    if done.returncode != 0:
        raise MissingPart(f"{what} could not be had; {remedy}:\n{(done.stdout + done.stderr)[-2000:]}")
