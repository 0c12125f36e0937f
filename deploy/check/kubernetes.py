"""Flink on Kubernetes: rendered by kustomize, checked by kubeconform, and by rules that no schema knows."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from deploy.check import tools
from deploy.check.image import pinned

Json = dict[str, Any]
# What Flink's operator and Flink itself fill in, so that a template has neither image nor resources of it.
FLINKS_OWN = "flink-main-container"


def problems(folder: Path) -> list[str]:
    """What is wrong with the base and each overlay of `folder`, a sentence each."""
    found = []
    for place in [folder / "base", *sorted((folder / "overlays").iterdir())]:
        name = str(place.relative_to(folder))
        done = tools.run([tools.go_tool("kustomize"), "build", place])
        if done.returncode != 0:
            found.append(f"{name}: {done.stderr.strip()}")
            continue
        objects = [one for one in yaml.safe_load_all(done.stdout) if one]
        found += [f"{name}: {problem}" for problem in [*_conform(done.stdout, objects), *_rules(objects)]]
        if place.name != "base":
            found += [f"{name}: {problem}" for problem in _images(objects)]
        found += [f"{name}: {problem}" for problem in config_problems(place / "config.yaml")]
    return found


def _conform(rendered: str, objects: list[Json]) -> list[str]:
    """kubeconform's word; the pod templates of FlinkDeployment are looked at as pods, too: the CRD lets more pass."""
    pods = [{**pod, "metadata": {**pod.get("metadata", {}), "name": where}} for where, pod in _templates(objects)]
    text = rendered + "".join(f"\n---\n{yaml.safe_dump(pod)}" for pod in pods)
    place = f"{tools.schemas()}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"
    done = tools.run([tools.go_tool("kubeconform"), "-strict", "-schema-location", place], given=text)
    return [line.removeprefix("stdin - ") for line in (done.stdout + done.stderr).splitlines()]


def _templates(objects: list[Json]) -> Iterator[tuple[str, Json]]:
    for one in objects:
        if one["kind"] == "FlinkDeployment":
            for part in ("jobManager", "taskManager"):
                if template := one["spec"].get(part, {}).get("podTemplate"):
                    yield part.lower(), template


def pods(objects: list[Json]) -> Iterator[tuple[str, Json]]:
    """Every pod that is told of, by a name for a person, as its labels and spec."""
    for one in objects:
        spec = one["spec"]["jobTemplate"]["spec"] if one["kind"] == "CronJob" else one.get("spec", {})
        if one["kind"] in ("CronJob", "Deployment", "Job", "StatefulSet"):
            yield f"{one['kind']} {one['metadata']['name']}", spec["template"]
    yield from _templates(objects)


def _rules(objects: list[Json]) -> Iterator[str]:
    for name, template in pods(objects):
        spec = template["spec"]
        for container in [*spec.get("initContainers", ()), *spec["containers"]]:
            yield from (f"{name}, {container['name']}: {p}" for p in _container(spec, container))
    yield from _references(objects)
    yield from _selected(objects)


def _container(spec: Json, container: Json) -> Iterator[str]:
    both = {**spec.get("securityContext", {}), **container.get("securityContext", {})}
    if not both.get("runAsNonRoot"):
        yield "may run as root"
    if not both.get("readOnlyRootFilesystem"):
        yield "may write to its root filesystem"
    if both.get("allowPrivilegeEscalation", True):
        yield "may gain privileges"
    if both.get("capabilities", {}).get("drop") != ["ALL"]:
        yield "keeps capabilities"
    for variable in container.get("env", ()):
        if "value" in variable and re.search(r"(?i)password|secret|token|api_?key", variable["name"]):
            yield f"{variable['name']} stands here in the open; take it from a Secret"
    if container["name"] == FLINKS_OWN:
        return
    resources = container.get("resources", {})
    if not {"cpu", "memory"} <= resources.get("requests", {}).keys() or "memory" not in resources.get("limits", {}):
        yield "does not say what it needs: requests of cpu and memory, and a limit of memory"
    ends = spec.get("restartPolicy") == "Never"
    if container in spec["containers"] and not ends and "livenessProbe" not in container:
        yield "has no liveness probe"


def _images(objects: list[Json]) -> Iterator[str]:
    for name, template in pods(objects):
        for container in [*template["spec"].get("initContainers", ()), *template["spec"]["containers"]]:
            if container["name"] != FLINKS_OWN and not pinned(container.get("image", "")):
                yield f"{name}, {container['name']}: image {container.get('image')} is not pinned to a version"
    for one in objects:
        if one["kind"] == "FlinkDeployment" and not pinned(one["spec"].get("image", "")):
            yield f"FlinkDeployment {one['metadata']['name']}: its image is not pinned to a version"


def _references(objects: list[Json]) -> Iterator[str]:
    """What a pod mounts must be there; Secrets are made by hand."""
    there = {(one["kind"], one["metadata"]["name"]) for one in objects}
    for name, template in pods(objects):
        spec = template["spec"]
        volumes = {volume["name"] for volume in spec.get("volumes", ())}
        for volume in spec.get("volumes", ()):
            asked = [("ConfigMap", volume.get("configMap", {}).get("name")),
                     ("PersistentVolumeClaim", volume.get("persistentVolumeClaim", {}).get("claimName"))]  # fmt: skip
            for kind, of in asked:
                if of and (kind, of) not in there:
                    yield f"{name}: no {kind} {of}"
        for container in [*spec.get("initContainers", ()), *spec["containers"]]:
            for mount in container.get("volumeMounts", ()):
                if mount["name"] not in volumes:
                    yield f"{name}, {container['name']}: no volume {mount['name']}"


def _selected(objects: list[Json]) -> Iterator[str]:
    """A selector that picks nothing protects nothing."""
    labels = [template.get("metadata", {}).get("labels", {}) for _, template in pods(objects)]
    for one in objects:
        picked = {"NetworkPolicy": "podSelector", "PodDisruptionBudget": "selector", "Service": "selector"}.get(
            one["kind"]
        )
        if picked is None:
            continue
        selector = one["spec"].get(picked, {})
        selector = {"matchLabels": selector} if one["kind"] == "Service" else selector
        if not any(_matches(selector, of) for of in labels):
            yield f"{one['kind']} {one['metadata']['name']}: picks none of the pods"


def _matches(selector: Json, labels: Mapping[str, str]) -> bool:
    equal = all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())
    return equal and all(labels.get(one["key"]) in one["values"] for one in selector.get("matchExpressions", ()))


def config_problems(path: Path) -> list[str]:
    """Whether the pipeline takes this config and the data files that it names, with secrets made up."""
    from pipeline import config, opening
    from pipeline.run import check_data
    from transforms.errors import DataError

    names = set(re.findall(r"\$\{(\w+)\}", path.read_text("utf-8")))
    made_up = {name: "made-up-for-the-check" for name in names if name not in os.environ}
    os.environ.update(made_up)
    try:
        ref = config.read(path)
        check_data(ref)
        dead = Path(opening.dead_letters_of(ref))
    except DataError as error:
        return [str(error)]
    finally:
        for name in made_up:
            del os.environ[name]
    folder = Path("/var/lib/news-monitor")
    return (
        [] if folder in dead.parents else [f"{path.name}: dead_letters.path: {dead} is not kept; write under {folder}"]
    )
