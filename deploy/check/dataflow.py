"""The flex template: its metadata by Dataflow's own client, and its launch as far as it goes without Dataflow."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from deploy.check import tools

Json = dict[str, Any]
# Beam refuses names that no bucket or project could have. None of these is reached.
CLOUD = (
    "--project=example-project", "--region=europe-west1", "--job_name=news-monitor",
    "--temp_location=gs://example-bucket/tmp", "--staging_location=gs://example-bucket/staging",
)  # fmt: skip
IMAGE = "europe-west1-docker.pkg.dev/example-project/desk/news-monitor:0.1.0-dataflow"
# A value for each parameter of the template, as a person would give it.
PARAMETERS = {
    "config": "gs://example-bucket/desk/config.yaml",
    "secrets": "ELASTIC_API_KEY=projects/example-project/secrets/elastic/versions/3,"
    "KAFKA_PASSWORD=projects/example-project/secrets/kafka/versions/latest",
}
# Both kinds of source and an output, so that every step is in the graph. Nothing of it is reached while a job is made.
CONFIG = """
sources:
  - {{kind: rss, url: "https://wire.example.org/feed.xml", id: wire}}
  - {{kind: kafka, brokers: ["kafka.example.org:9092"], topics: [news], group: news}}
outputs:
  - {{kind: kafka, brokers: ["kafka.example.org:9092"], topics: {{articles: news.articles}}}}
index: {{kind: embedded, path: "{folder}/news.db"}}
dead_letters: {{path: "{folder}/dead.jsonl"}}
"""
MEANT = {
    "no_use_multiple_sdk_containers": "several processes a machine would each have pollers and a memory of their own",
    "disable_logging_submission_environment": "a list of packages is staged that no worker needs",
    "enable_streaming_engine": "state would lie on the machines",
}


def problems(root: Path, folder: Path | None = None) -> list[str]:
    """What is wrong with the template of the checkout `root`; `folder` stands for deploy/dataflow."""
    folder = folder or root / "deploy" / "dataflow"
    text = (folder / "metadata.json").read_text("utf-8")
    try:
        metadata = json.loads(text)
    except ValueError as error:
        return [f"metadata.json: {error}"]
    found = [f"metadata.json: {problem}" for problem in metadata_problems(metadata)]
    told = probe(root, folder)
    if isinstance(told, str):
        return [*found, f"launch.py: {told}"]
    found += [f"metadata.json: {problem}" for problem in told["problems"]]
    return found + [f"launch.py: {problem}" for problem in job_problems(told["job"], root)]


def metadata_problems(metadata: Json, values: Mapping[str, str] = PARAMETERS) -> Iterator[str]:
    """What the client does not look at: every parameter is told of, validated, and takes a sound value."""
    for one in metadata.get("parameters", ()):
        name = one.get("name", "?")
        for key in ("label", "helpText", "regexes", "paramType"):
            if not one.get(key):
                yield f"{name}: no {key}"
        if "isOptional" not in one:
            yield f"{name}: does not say whether it is optional"
        for pattern in one.get("regexes", ()):
            try:
                match = re.fullmatch(pattern, values.get(name, ""))
            except re.error as error:
                yield f"{name}: {pattern}: {error}"
                continue
            if name in values and not match:
                yield f"{name}: {pattern} refuses {values[name]}"
            for bad in ("", "x y", "; rm -rf /"):
                if re.fullmatch(pattern, bad):
                    yield f'{name}: {pattern} lets "{bad}" through'
    if not metadata.get("name"):
        yield "no name"
    names = {one.get("name") for one in metadata.get("parameters", ())}
    for name in sorted(set(values) ^ names):
        yield f"{name}: {'not in the metadata' if name in values else 'unknown to the launcher'}"


def probe(root: Path, folder: Path) -> Json | str:
    """What the launcher would send, made by the image's Python and packages and the built wheel; else why not."""
    python = tools.python_of(root / "deploy" / "image" / "requirements-dataflow.lock")
    with tempfile.TemporaryDirectory() as place:
        installed = wheel(root, Path(place))
        config, staging = Path(place, "config.yaml"), Path(place, "staging")
        config.write_text(CONFIG.format(folder=place), "utf-8")
        staging.mkdir()
        arguments = [*CLOUD, f"--sdk_container_image={IMAGE}", *(f"--{k}={v}" for k, v in PARAMETERS.items())]
        command = [python, Path(__file__).with_name("dataflow_probe.py"), folder / "metadata.json",
                   folder / "launch.py", config, staging, *arguments]  # fmt: skip
        # The package comes from the wheel alone: not from here, nor from the working directory.
        env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "GOOGLE", "NEWS"))}
        done = tools.run(command, cwd=place, env={**env, "PYTHONPATH": str(installed)})
    last = done.stdout.strip().splitlines()[-1:] or [""]
    if done.returncode != 0 or not last[0].startswith("{"):
        return (done.stderr.strip().splitlines() or ["said nothing"])[-1]
    told: Json = json.loads(last[0])
    return told


def job_problems(job: Json, root: Path) -> Iterator[str]:
    """What is not as it must be in the job that Dataflow would be given."""
    environment = job["environment"]
    if job["type"] != "JOB_TYPE_STREAMING":
        yield f"the job is {job['type']}, not streaming"
    for name, why in MEANT.items():
        if name not in environment["experiments"]:
            yield f"{name} is not set: {why}"
    pool = environment["workerPools"][0]
    if staged := [one["name"] for one in pool.get("packages", ())]:
        yield f"stages {', '.join(staged)}: the image must hold all that a worker needs"
    images = {one["containerImage"] for one in pool["sdkHarnessContainerImages"]}
    if images != {IMAGE}:
        yield f"workers run {', '.join(sorted(images))}, not the image that was asked for"
    if Path(job["from"]).is_relative_to(root):
        yield "the graph was built by the checkout, not by the wheel"


def wheel(root: Path, place: Path) -> Path:
    """The project as a wheel, laid out as it is when installed. Built from a copy, as the image's is: what an earlier
    build left in the checkout gets into no wheel."""
    source = place / "source"
    for name in ("pyproject.toml", "README.md", "LICENSE", "pipeline", "transforms"):
        if (root / name).is_dir():
            shutil.copytree(root / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            source.mkdir(exist_ok=True)
            shutil.copy(root / name, source)
    done = tools.run([sys.executable, "-m", "uv", "build", "-q", "--wheel", "-o", place / "wheel", source])
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    with zipfile.ZipFile(next((place / "wheel").glob("*.whl"))) as file:
        file.extractall(place / "installed")
    return place / "installed"
