"""The image: its Dockerfile, what is sent to the builder, and its locks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from deploy.check import tools

_FROM = re.compile(r"^FROM\s+(\S+)(?:\s+AS\s+(\S+))?", re.MULTILINE | re.IGNORECASE)
_COPY = re.compile(r"^COPY\s+(?!--from)(.+)$", re.MULTILINE)
_COPY_FROM = re.compile(r"^COPY\s+--from=(\S+)", re.MULTILINE)
_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==(\S+)(?:\s*;\s*(.*?))?\s*\\?$", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def problems(root: Path, folder: Path | None = None) -> list[str]:
    """What is wrong with the image of the checkout `root`, a sentence each; `folder` stands for deploy/image."""
    folder = folder or root / "deploy" / "image"
    dockerfile = folder / "Dockerfile"
    text = dockerfile.read_text("utf-8")
    found = [f"Dockerfile: {line}" for line in _hadolint(dockerfile)]
    found += [f"Dockerfile: {problem}" for problem in [*_stages(text), *_sent(text, folder, root)]]
    return found + list(_locks(folder, root, text))


def _hadolint(dockerfile: Path) -> list[str]:
    done = tools.run([tools.hadolint(), "--format", "json", "-c", "/dev/null", dockerfile])
    if not done.stdout.startswith("["):
        return [(done.stdout + done.stderr).strip()]
    return [f"line {one['line']}: {one['code']} {one['message']}" for one in json.loads(done.stdout)]


def _stages(text: str) -> Iterator[str]:
    names = {name for _, name in _FROM.findall(text)}
    for image in [image for image, _ in _FROM.findall(text)] + _COPY_FROM.findall(text):
        if image not in names and not pinned(image):
            yield f"{image} is not pinned to a version"
    last = text[text.upper().rindex("\nFROM ") :]
    user = re.findall(r"^USER\s+(\S+)", last, re.MULTILINE)
    if not user or user[-1].split(":")[0] in ("0", "root"):
        yield "the last stage runs as root"
    if "--require-hashes" not in text:
        yield "packages are installed without --require-hashes"
    if '"/opt/apache/beam/boot"' not in text:
        yield "Beam's boot is not the entrypoint"


def pinned(image: str) -> bool:
    """Whether a reference to an image names a version (a tag with a digit that is not `latest`) or a digest."""
    name, at, _ = image.partition("@sha256:")
    tag = name.rpartition(":")[2] if ":" in name.rsplit("/", 1)[-1] else ""
    return bool(at) or bool(re.search(r"\d", tag))


def _sent(text: str, folder: Path, root: Path) -> Iterator[str]:
    """What is copied must be there, and be let through by the ignore file."""
    allowed = [line[1:] for line in (folder / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
               if line.startswith("!")]  # fmt: skip
    for line in _COPY.findall(text):
        for source in line.split()[:-1]:
            if not (root / source).exists():
                yield f"copies {source}, which is not there"
            if not any(source == one or source.startswith(f"{one}/") for one in allowed):
                yield f"copies {source}, which Dockerfile.dockerignore leaves out"


def _locks(folder: Path, root: Path, dockerfile: str) -> Iterator[str]:
    """Packages have hashes and the versions that the tests run with; Beam's boot is of the Beam that is installed."""
    tested = _pins(root / "requirements.lock")
    for name in ("requirements.lock", "requirements-dataflow.lock"):
        held = _pins(folder / name)
        for package, versions in held.items():
            if package in tested and not versions <= tested[package]:
                yield f"{name}: {package} {', '.join(sorted(versions))} is not what the tests run with; run make lock"
    ours = _pins(folder / "requirements.lock")
    for package in ours:
        if package not in _pins(folder / "requirements-dataflow.lock"):
            yield f"requirements-dataflow.lock: {package} is missing; run make lock"
    for name in ("requirements.lock", "requirements-dataflow.lock", "requirements-build.lock"):
        for block in re.split(r"\n(?=[A-Za-z0-9])", (folder / name).read_text("utf-8")):
            if _PIN.search(block) and not _HASH.search(block):
                yield f"{name}: {block.split()[0]} has no hash"
    beam = next(iter(ours.get("apache-beam", {"?"})))
    boot = re.search(r"^FROM apache/beam_python[\d.]+_sdk:(\S+) AS beam", dockerfile, re.MULTILINE)
    if boot is None or boot[1] != beam:
        yield f"Dockerfile: Beam's boot is of {boot[1] if boot else 'no version'}, the package of {beam}"
    pythons = set(re.findall(r"python:?(3\.\d+)", dockerfile))
    if len(pythons) != 1:
        yield f"Dockerfile: Python differs between its images: {', '.join(sorted(pythons))}"


def _pins(lock: Path) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for package, version, _ in _PIN.findall(lock.read_text("utf-8")):
        found.setdefault(package.lower().replace("_", "-"), set()).add(version)
    return found
