"""Flink: a session cluster of real processes (JobManager, TaskManagers), Beam's job server, and what keeps it going.

ZooKeeper, of Flink's own jars, is there so that a JobManager that was killed goes on from its checkpoint by itself, as
one on Kubernetes does.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

from tests.servers import parts
from tests.servers.process import HOST, Process, free_port, in_memory
from transforms.errors import MissingPart

# What Flink's own scripts open for Java 17 (conf/config.yaml of a distribution, env.java.opts.all).
OPENS = [
    *(f"--add-exports={module}=ALL-UNNAMED" for module in (
        "java.base/sun.net.util", "java.rmi/sun.rmi.registry", "java.security.jgss/sun.security.krb5",
        "jdk.compiler/com.sun.tools.javac.api", "jdk.compiler/com.sun.tools.javac.util")),
    *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in (
        "java.lang", "java.net", "java.io", "java.nio", "sun.nio.ch", "java.lang.reflect", "java.text", "java.time",
        "java.util", "java.util.concurrent", "java.util.concurrent.atomic", "java.util.concurrent.locks")),
]  # fmt: skip
JOB_MANAGER = "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint"
TASK_MANAGER = "org.apache.flink.runtime.taskexecutor.TaskManagerRunner"
ZOOKEEPER = "org.apache.flink.runtime.zookeeper.FlinkZooKeeperQuorumPeer"
JOB_SERVER = "org.apache.beam.runners.flink.FlinkJobServerDriver"
LOGGING = """\
rootLogger.level = WARN
rootLogger.appenderRef.console.ref = Console
appender.console.name = Console
appender.console.type = CONSOLE
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d] %p %m (%c)%n%throwable
logger.beam.name = org.apache.beam
logger.beam.level = WARN
logger.worker.name = org.apache.beam.runners.fnexecution.logging
logger.worker.level = WARN
logger.jobs.name = org.apache.flink.runtime.executiongraph
logger.jobs.level = INFO
logger.checkpoints.name = org.apache.flink.runtime.checkpoint
logger.checkpoints.level = INFO
"""
LOGGING_1 = """\
log4j.rootLogger=WARN, stdout
log4j.appender.stdout=org.apache.log4j.ConsoleAppender
log4j.appender.stdout.layout=org.apache.log4j.PatternLayout
log4j.appender.stdout.layout.ConversionPattern=[%d] %p %m (%c)%n
"""


class Java(Process):
    """A Java process with settings of Flink's, given on the command line."""

    main, heap = "", "256m"

    def __init__(self, folder: Path, classpath: Path, settings: Mapping[str, Any], tied: bool = True,
                 port: int | None = None) -> None:  # fmt: skip
        self._java, self._jars = parts.java(parts.FLINK_JAVA), classpath
        self.settings = dict(settings)
        super().__init__(port, folder, tied)

    def command(self) -> list[str]:
        """Writes the config of its logging, and an empty one of Flink."""
        (self.folder / "flink-conf.yaml").touch()
        (self.folder / "log4j2.properties").write_text(LOGGING)
        (self.folder / "log4j.properties").write_text(LOGGING_1)
        return [
            str(self._java / "bin" / "java"), *OPENS, f"-Xmx{self.heap}", "-XX:+UseSerialGC",
            f"-Dlog4j.configurationFile=file:{self.folder / 'log4j2.properties'}",
            f"-Dlog4j.configuration=file:{self.folder / 'log4j.properties'}",
            f"-Dlog.file={self.folder / 'flink.log'}",
            "-cp", f"{self._jars}/*", self.main, *self.arguments(),
        ]  # fmt: skip

    def arguments(self) -> list[str]:
        """Those of the main class."""
        given = [f"-D{name}={value}" for name, value in self.settings.items()]
        return ["--configDir", str(self.folder), *given]


class JobManager(Java):
    """`port` is that of REST."""

    name, main, heap = "flink-jobmanager", JOB_MANAGER, "448m"

    def answers(self) -> bool:
        """Whether REST answers."""
        try:
            return httpx.get(f"http://{HOST}:{self.port}/overview", timeout=5, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False


class TaskManager(Java):
    """A worker with slots; the SDK's processes are its children, in its process group."""

    name, main, heap = "flink-taskmanager", TASK_MANAGER, "768m"

    def answers(self) -> bool:
        """It runs; the cluster tells whether it is registered."""
        return self.alive


class ZooKeeper(Java):
    """One node; what it knows outlives its process."""

    name, main, heap = "zookeeper", ZOOKEEPER, "64m"

    def arguments(self) -> list[str]:
        """Flink's starter takes a config file and the number of the peer."""
        config = self.folder / "zoo.cfg"
        config.write_text(
            f"tickTime=2000\ninitLimit=10\nsyncLimit=5\ndataDir={self.folder / 'data'}\nclientPort={self.port}\n"
            f"clientPortAddress={HOST}\nadmin.enableServer=false\nserver.1={HOST}:{free_port()}:{free_port()}\n"
        )
        (self.folder / "data").mkdir(exist_ok=True)
        return ["--zkConfigFile", str(config), "--peerId", "1"]

    def answers(self) -> bool:
        """Whether somebody listens."""
        import socket

        with socket.create_connection((HOST, self.port), 1):
            return True


class JobServer(Java):
    """Takes Beam pipelines and gives them to the cluster; `endpoint` is for --job_endpoint."""

    name, main, heap = "beam-job-server", JOB_SERVER, "512m"

    @property
    def endpoint(self) -> str:
        """host:port"""
        return f"{HOST}:{self.port}"

    def arguments(self) -> list[str]:
        """Beam's own options."""
        return [
            "--job-host", HOST, "--job-port", str(self.port), "--artifact-port", str(free_port()),
            "--expansion-port", "-1", "--artifacts-dir", str(self.folder / "artifacts"),
            "--flink-master", str(self.settings["master"]), "--flink-conf-dir", str(self.folder),
        ]  # fmt: skip

    def answers(self) -> bool:
        """Whether somebody listens."""
        import socket

        with socket.create_connection((HOST, self.port), 1):
            return True


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
            # A process that was killed is missed sooner than in production.
            "heartbeat.interval": 1000, "heartbeat.timeout": 8000, "web.refresh-interval": 1000,
            "high-availability.zookeeper.client.session-timeout": 8000,
            "pekko.ask.timeout": "30 s",
        }  # fmt: skip
        self.jobmanager = JobManager(
            self.folder / "jobmanager", flink, {**common, "execution.attached": "false"}, tied, rest
        )
        each = {
            "taskmanager.numberOfTaskSlots": slots, "taskmanager.cpu.cores": slots,
            "taskmanager.memory.framework.heap.size": "128m", "taskmanager.memory.task.heap.size": "512m",
            "taskmanager.memory.framework.off-heap.size": "128m", "taskmanager.memory.task.off-heap.size": "64m",
            "taskmanager.memory.network.min": "64m", "taskmanager.memory.network.max": "64m",
            "taskmanager.memory.managed.size": "128m", "taskmanager.memory.jvm-metaspace.size": "256m",
            "taskmanager.memory.jvm-overhead.min": "128m", "taskmanager.memory.jvm-overhead.max": "128m",
        }  # fmt: skip
        self.taskmanagers = [
            TaskManager(self.folder / f"taskmanager-{number}", flink, {**common, **each}, tied)
            for number in range(task_managers)
        ]
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
