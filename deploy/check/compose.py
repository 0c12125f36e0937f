"""The compose file: read by the loader of `docker compose`, and by rules of our own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deploy.check import tools
from deploy.check.image import pinned
from deploy.check.kubernetes import config_problems

Json = dict[str, Any]


def problems(file: Path) -> list[str]:
    """What is wrong with the file, a sentence each."""
    done = tools.run([tools.go_tool("compose"), "-format", "json", file], cwd=file.parent)
    if done.returncode != 0:
        return [(done.stderr or done.stdout).strip()]
    told: Json = json.loads(done.stdout)
    services: dict[str, Json] = told["services"]
    volumes = set(told.get("volumes", ()))
    found = [f"{name}: {p}" for name, service in services.items() for p in _service(service, services, volumes)]
    found += _cycles(services)
    config = file.parent / "compose" / "config.yaml"
    return found + ([f"compose/{p}" for p in config_problems(config)] if config.exists() else [])


def _service(service: Json, services: dict[str, Json], volumes: set[str]) -> Iterator[str]:
    if not pinned(service.get("image", "")):
        yield f"image {service.get('image')} is not pinned to a version"
    for port in service.get("ports", ()):
        if port.get("host_ip") != "127.0.0.1":
            yield f"port {port.get('published')} is open to other machines; begin it with 127.0.0.1:"
    for other, told in service.get("depends_on", {}).items():
        if other not in services:
            yield f"waits for {other}, which is no service"
        elif told["condition"] == "service_healthy" and "healthcheck" not in services[other]:
            yield f"waits until {other} is healthy, which has no healthcheck"
    for mount in service.get("volumes", ()):
        if mount["type"] == "bind" and not Path(mount["source"]).exists():
            yield f"mounts {mount['source']}, which is not there"
        if mount["type"] == "volume" and mount.get("source") and mount["source"] not in volumes:
            yield f"mounts {mount['source']}, which is no volume"
    if "build" in service:
        dockerfile = Path(service["build"]["context"]) / service["build"].get("dockerfile", "Dockerfile")
        if not dockerfile.exists():
            yield f"builds {dockerfile}, which is not there"


def _cycles(services: dict[str, Json]) -> Iterator[str]:
    """The loader takes what waits for itself; `up` would not."""
    over: set[str] = set()
    left = dict(services)
    while ready := [name for name, one in left.items() if set(one.get("depends_on", {})) <= over]:
        over.update(ready)
        for name in ready:
            del left[name]
    if left:
        yield f"{', '.join(sorted(left))}: wait for each other"
