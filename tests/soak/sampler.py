"""What is noted of a job on Flink while it runs: each checkpoint, and every few seconds the memory of all processes."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests import processes
from tests.servers.flink_server import Flink

Json = dict[str, Any]
# In the names of tasks that read or keep house, and hold nothing of an article.
SOURCES = ("ReadFeeds", "Attend")


@dataclass
class Sampler:
    """`checkpoints` and `samples` have `at`, seconds since the job ran. Sizes are bytes, durations milliseconds;
    `sources` is what the tasks that read have of a checkpoint."""

    flink: Flink
    job: str
    began: float = field(default_factory=time.time)
    checkpoints: dict[int, Json] = field(default_factory=dict)
    samples: list[Json] = field(default_factory=list)
    _names: dict[str, str] = field(default_factory=dict)

    def look(self, **more: float) -> None:
        """Note what there is now; `more` goes into the sample. What does not answer at this moment is left out."""
        with contextlib.suppress(httpx.HTTPError):
            self._checkpoints()
        sample: Json = {"at": round(time.time() - self.began, 1), **more}
        for number, manager in enumerate(self.flink.taskmanagers):
            sample[f"taskmanager_{number}_rss"] = processes.use(manager.pid).rss
            sample[f"worker_{number}_rss"] = processes.together(processes.group(manager.pid)).rss
        sample["jobmanager_rss"] = processes.use(self.flink.jobmanager.pid).rss
        with contextlib.suppress(httpx.HTTPError):
            for number, manager in enumerate(self.flink.ask("GET", "/taskmanagers")["taskmanagers"]):
                path = f"/taskmanagers/{manager['id']}/metrics?get=Status.JVM.Memory.Heap.Used"
                sample[f"heap_{number}"] = int(self.flink.ask("GET", path)[0]["value"])
        self.samples.append(sample)

    def _checkpoints(self) -> None:
        self._names = self._names or {
            task["id"]: task["name"] for task in self.flink.ask("GET", f"/jobs/{self.job}")["vertices"]
        }
        for one in self.flink.checkpoints(self.job)["history"]:
            if one["status"] == "COMPLETED" and one["id"] not in self.checkpoints:
                details = self.flink.ask("GET", f"/jobs/{self.job}/checkpoints/details/{one['id']}")
                self.checkpoints[one["id"]] = {
                    "at": round(one["trigger_timestamp"] / 1000 - self.began, 1),
                    "size": one["state_size"],
                    "ms": one["end_to_end_duration"],
                    "sources": sum(
                        told["state_size"]
                        for task, told in details["tasks"].items()
                        if any(word in self._names[task] for word in SOURCES)
                    ),
                }
