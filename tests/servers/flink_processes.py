"""The processes of a Flink on one machine: ZooKeeper, JobManager, TaskManager, and Beam's job server."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from tests.servers import parts
from tests.servers.process import HOST, LOG4J_1, Process, free_port

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
        (self.folder / "log4j.properties").write_text(LOG4J_1)
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
        with socket.create_connection((HOST, self.port), 1):
            return True
