"""Flink: a session cluster of real processes (JobManager, TaskManagers), Beam's job server, and what keeps it going.

ZooKeeper, of Flink's own jars, is there so that a JobManager that was killed goes on from its checkpoint by itself, as
one on Kubernetes does.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from tests.servers import parts
from tests.servers.flink_processes import Java, JobManager, JobServer, TaskManager, ZooKeeper
from tests.servers.process import HOST, free_port, in_memory
from transforms.errors import MissingPart


class Flink:
    """A cluster: `rest` is its address for people and tools, `endpoint` the job server's.

    TaskManagers have `slots` slots each. All that it keeps is in `folder`; one that is not given is made, and removed
    by `close`. `tied`: the processes end with the one that started them.
    """

    def __init__(self, task_managers: int = 1, slots: int = 2, folder: Path | None = None, tied: bool = True,
                 say: Callable[[str], None] = lambda _: None, rest_port: int | None = None,
                 job_port: int | None = None) -> None:  # fmt: skip
        flink, beam = parts.flink(say), parts.fetched(parts.JOB_SERVER, say)
        self._own = folder is None
        self.folder = folder or Path(tempfile.mkdtemp(prefix="news-flink-", dir=in_memory()))
        self.folder.mkdir(parents=True, exist_ok=True)
        self.slots = slots
        self.zookeeper = ZooKeeper(self.folder / "zookeeper", flink, {}, tied)
        rest = rest_port or free_port()
        rpc, blob = free_port(), free_port()
        kept = self.folder.absolute().as_uri()
        common = {
            "jobmanager.rpc.address": HOST, "jobmanager.rpc.port": rpc, "rest.address": HOST, "rest.port": rest,
            "rest.bind-address": HOST, "rest.bind-port": rest, "jobmanager.bind-host": HOST,
            "taskmanager.bind-host": HOST, "taskmanager.host": HOST,
            "state.checkpoints.dir": f"{kept}/checkpoints", "state.savepoints.dir": f"{kept}/savepoints",
            "high-availability.type": "zookeeper", "high-availability.storageDir": f"{kept}/ha",
            "high-availability.zookeeper.quorum": f"{HOST}:{self.zookeeper.port}",
            "high-availability.jobmanager.port": rpc, "blob.server.port": blob,
            # Who was killed is missed by the second heartbeat that cannot be sent; who is only slow, on a machine with
            # much to do, must not be taken for dead.
            "heartbeat.interval": 1000, "heartbeat.timeout": 60000, "heartbeat.rpc-failure-threshold": 2,
            "high-availability.zookeeper.client.session-timeout": 30000, "web.refresh-interval": 1000,
            "pekko.ask.timeout": "30 s",
            # As docs/flink.md advises: what waits between stages is worked off within this before a checkpoint passes.
            "taskmanager.network.memory.buffer-debloat.enabled": "true",
            "taskmanager.network.memory.buffer-debloat.target": "500 ms",
            "taskmanager.network.memory.buffer-debloat.period": "100 ms",
        }  # fmt: skip
        self.jobmanager = JobManager(
            self.folder / "jobmanager", flink, {**common, "execution.attached": "false"}, tied, rest
        )
        each = {
            "taskmanager.numberOfTaskSlots": slots, "taskmanager.cpu.cores": slots,
            "taskmanager.memory.framework.heap.size": "128m", "taskmanager.memory.task.heap.size": "512m",
            "taskmanager.memory.framework.off-heap.size": "128m", "taskmanager.memory.task.off-heap.size": "64m",
            "taskmanager.memory.network.min": "192m", "taskmanager.memory.network.max": "192m",
            "taskmanager.memory.managed.size": "128m", "taskmanager.memory.jvm-metaspace.size": "256m",
            "taskmanager.memory.jvm-overhead.min": "128m", "taskmanager.memory.jvm-overhead.max": "128m",
        }  # fmt: skip
        self.taskmanagers = [
            TaskManager(self.folder / f"taskmanager-{number}", flink, {**common, **each}, tied)
            for number in range(task_managers)
        ]
        for one in self.taskmanagers:
            one.settings["taskmanager.rpc.port"] = one.port
        self.jobserver = JobServer(self.folder / "jobserver", beam, {"master": f"{HOST}:{rest}"}, tied, job_port)

    @property
    def rest(self) -> str:
        """http://host:port"""
        return f"http://{HOST}:{self.jobmanager.port}"

    @property
    def endpoint(self) -> str:
        """host:port of the job server."""
        return self.jobserver.endpoint

    def options(self) -> list[str]:
        """What `run` is to be told to run on it."""
        return ["--runner", "FlinkRunner", f"--flink_master={HOST}:{self.jobmanager.port}",
                f"--job_endpoint={self.endpoint}"]  # fmt: skip

    @property
    def processes(self) -> list[Java]:
        """All, in the order in which they are started."""
        return [self.zookeeper, self.jobmanager, *self.taskmanagers, self.jobserver]

    def start(self) -> None:
        """Begin all and wait until each slot is there. Raises MissingPart."""
        try:
            self.zookeeper.start()
            for one in self.processes[1:]:
                one.launch()
            for one in self.processes[1:]:
                one.await_answer()
            self.await_slots(len(self.taskmanagers) * self.slots)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End all, and remove what it kept if that was made for it."""
        for one in reversed(self.processes):
            one.kill9() if self._own else one.stop()
        if self._own:
            shutil.rmtree(self.folder, ignore_errors=True)

    def await_slots(self, count: int, timeout: float = 90.0) -> None:
        """Until so many slots are registered."""
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            if self.jobmanager.answers() and self.ask("GET", "/overview").get("slots-total", 0) >= count:
                return
            time.sleep(0.2)
        raise MissingPart(f"Flink has no {count} slots within {timeout:g} s:\n{self.taskmanagers[0].last_words()}")

    def kill_taskmanager(self, number: int = 0) -> None:
        """As a power cut would, with the SDK's processes that it had started."""
        self.taskmanagers[number].kill9()

    def start_taskmanager(self, number: int = 0) -> None:
        """Begin it again; its slots come within seconds (`await_slots`)."""
        self.taskmanagers[number].start()

    def working(self) -> list[int]:
        """The TaskManagers, by number, of whose slots a job holds one."""
        told = {one["path"]: one for one in self.ask("GET", "/taskmanagers")["taskmanagers"]}
        busy = [path for path, one in told.items() if one["freeSlots"] < one["slotsNumber"]]
        return [number for number, one in enumerate(self.taskmanagers) if any(f":{one.port}/" in path for path in busy)]

    def kill_jobmanager(self) -> None:
        """As a power cut would. Jobs go on from their checkpoint once it is back."""
        self.jobmanager.kill9()

    def start_jobmanager(self) -> None:
        """Begin it again."""
        self.jobmanager.start()

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """What REST answers, as JSON. Raises httpx.HTTPError, also for a status of 400 and above."""
        answer = httpx.request(method, f"{self.rest}{path}", json=body, timeout=30, trust_env=False)
        answer.raise_for_status()
        return answer.json() if answer.content else {}

    def jobs(self, *states: str) -> list[str]:
        """Ids of the jobs in these states (RUNNING, RESTARTING, FINISHED, CANCELED, FAILED, …); none named: all."""
        return [job["id"] for job in self.ask("GET", "/jobs")["jobs"] if not states or job["status"] in states]

    def restarted(self, job: str) -> bool:
        """Whether it ever began again."""
        return bool(self.ask("GET", f"/jobs/{job}")["timestamps"]["RESTARTING"])

    def status(self, job: str) -> str:
        """Its state."""
        return str(self.ask("GET", f"/jobs/{job}")["state"])

    def running(self, timeout: float = 120.0) -> str:
        """The id of the one job that runs, once each of its tasks does."""
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            try:
                for job in self.jobs("RUNNING"):
                    tasks = self.ask("GET", f"/jobs/{job}")["vertices"]
                    if tasks and all(task["status"] == "RUNNING" for task in tasks):
                        return job
            except httpx.HTTPError:
                pass
            time.sleep(0.2)
        raise TimeoutError(f"no job runs within {timeout:g} s; {self.jobmanager.last_words()}")

    def checkpoints(self, job: str) -> Any:
        """As REST tells them: counts, latest, history."""
        return self.ask("GET", f"/jobs/{job}/checkpoints")

    def await_checkpoint(self, job: str, more: int = 1, timeout: float = 120.0) -> Any:
        """Until `more` checkpoints are completed; the latest."""
        count = self.checkpoints(job)["counts"]["completed"] + more
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            found = self.checkpoints(job)
            if found["counts"]["completed"] >= count:
                return found["latest"]["completed"]
            time.sleep(0.2)
        raise TimeoutError(f"no checkpoint within {timeout:g} s: {self.checkpoints(job)['counts']}")

    def cancel(self, job: str, timeout: float = 60.0) -> None:
        """End a job; checkpoints that it retains stay."""
        self.ask("PATCH", f"/jobs/{job}")
        self.await_end(job, timeout)

    def await_end(self, job: str, timeout: float = 60.0) -> str:
        """Until a job has ended, however; its state."""
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            if (state := self.status(job)) in ("CANCELED", "FAILED", "FINISHED"):
                return state
            time.sleep(0.2)
        raise TimeoutError(f"job {job} is {self.status(job)} after {timeout:g} s")

    def savepoint(self, job: str, cancel: bool = False, timeout: float = 120.0) -> str:
        """Take a savepoint, and with `cancel` end the job with it; its path, for --savepoint_path."""
        body = {"target-directory": (self.folder / "savepoints").absolute().as_uri(), "cancel-job": cancel}
        trigger = self.ask("POST", f"/jobs/{job}/savepoints", body)["request-id"]
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            found = self.ask("GET", f"/jobs/{job}/savepoints/{trigger}")
            if found["status"]["id"] == "COMPLETED":
                if "location" not in found["operation"]:
                    raise RuntimeError(json.dumps(found["operation"])[:2000])
                return str(found["operation"]["location"])
            time.sleep(0.2)
        raise TimeoutError(f"no savepoint within {timeout:g} s")
