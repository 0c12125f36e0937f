"""A Flink cluster by its REST interface, and whether what the command line names is there."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx

from pipeline.flink.given import given
from transforms.errors import MissingPart

ANSWER_S = 5.0
REMEDY = "`make flink` starts one and prints what to write: --flink_master=HOST:PORT, --job_endpoint=HOST:PORT"
# Beam's own names for a Flink inside its job server, which has no address.
INSIDE = "["


class Cluster:
    """`master` is host:port or a URL of the JobManager's REST."""

    def __init__(self, master: str) -> None:
        self.url = (master if "://" in master else f"http://{master}").rstrip("/")

    def ask(self, path: str, method: str = "GET") -> Any:
        """What it answers, as JSON; None while it does not (a JobManager that starts again). Raises nothing."""
        try:
            answer = httpx.request(method, f"{self.url}{path}", timeout=ANSWER_S, trust_env=False)
            return answer.json() if answer.status_code < 400 else None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError):
            return None

    def there(self) -> bool:
        """Whether a Flink answers."""
        return "flink-version" in (self.ask("/overview") or ())

    def jobs(self, name: str) -> dict[str, str]:
        """States of the jobs of this name, by id."""
        told = self.ask("/jobs/overview") or {"jobs": []}
        return {job["jid"]: job["state"] for job in told["jobs"] if job["name"] == name}

    def state(self, job: str) -> str | None:
        """As Flink names it; None while nobody answers."""
        told = self.ask(f"/jobs/{job}")
        return told["state"] if told else None

    def trouble(self, job: str) -> str | None:
        """Why the job failed last, in one line; None where it never did."""
        told = self.ask(f"/jobs/{job}/exceptions") or {}
        text = told.get("root-exception") or ""
        causes = [
            line
            for line in text.splitlines()
            if line.startswith(("Caused by: ", "RuntimeError: ")) or "Error: " in line
        ]
        return causes[-1].removeprefix("Caused by: ").strip()[:500] if causes else (text.splitlines() or [None])[0]

    def cancel(self, job: str) -> bool:
        """Whether it took the order."""
        return self.ask(f"/jobs/{job}", "PATCH") is not None


def require(beam_args: Sequence[str]) -> Cluster | None:
    """The cluster that the options name; None for one inside the job server.

    Raises MissingPart (exit 3) where what is named is not there, or nothing is.
    """
    named = given(beam_args)
    master, endpoint = named.get("flink_master"), named.get("job_endpoint")
    if not master and not endpoint:
        raise MissingPart(f"FlinkRunner needs a Flink cluster: {REMEDY}")
    if endpoint and not _listens(endpoint):
        raise MissingPart(f"no job server answers at {endpoint} (--job_endpoint): {REMEDY}")
    if not master:
        raise MissingPart(
            "the job is followed and ended by its cluster: add --flink_master=HOST:PORT to --job_endpoint"
        )
    if master.startswith(INSIDE):
        return None
    cluster = Cluster(master)
    if not cluster.there():
        raise MissingPart(f"no Flink answers at {master} (--flink_master): {REMEDY}")
    return cluster


def _listens(endpoint: str) -> bool:
    place = urlsplit(f"//{endpoint}")
    try:
        with socket.create_connection((place.hostname or "", place.port or 80), ANSWER_S):
            return True
    except (OSError, ValueError):
        return False
