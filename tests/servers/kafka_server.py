"""Kafka: one node in KRaft mode, broker and controller in one, on the loopback."""

from __future__ import annotations

import socket
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path

from kafka.errors import KafkaError

from tests.servers import parts
from tests.servers.process import HOST, LOG4J_1, Process, free_port
from transforms.errors import MissingPart

PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller}
advertised.listeners=PLAINTEXT://{host}:{port}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={data}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
# A broker that was killed is let in again as soon.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
# Recorded news is older than any retention.
log.retention.ms=-1
"""


class Kafka(Process):
    """A broker; `brokers` is its address, as in a config."""

    name = "kafka"

    def __init__(self, port: int | None = None, folder: Path | None = None, tied: bool = True,
                 say: Callable[[str], None] = lambda _: None) -> None:  # fmt: skip
        self._jars, self._java = parts.fetched(parts.KAFKA, say), parts.java(parts.KAFKA_JAVA)
        super().__init__(port, folder, tied)
        self._controller = free_port()

    @property
    def brokers(self) -> str:
        """host:port"""
        return f"{HOST}:{self.port}"

    def command(self) -> list[str]:
        """Formats the storage where that was not done yet."""
        properties, data = self.folder / "server.properties", self.folder / "data"
        properties.write_text(PROPERTIES.format(host=HOST, port=self.port, controller=self._controller, data=data))
        (self.folder / "log4j.properties").write_text(LOG4J_1)
        if not (data / "meta.properties").is_file():
            self._run("kafka.tools.StorageTool", "format", "-t", _cluster(), "-c", str(properties))
        return [*self._java_with("-Xms256m", "-Xmx512m"), "kafka.Kafka", str(properties)]

    def tool(self, main: str, *args: str) -> str:
        """What one of Kafka's own commands prints: org.apache.kafka.tools.consumer.group.ConsumerGroupCommand, say."""
        return self._run(main, "--bootstrap-server", self.brokers, *args)

    def answers(self) -> bool:
        """Whether it lists its topics."""
        from kafka import KafkaAdminClient

        with socket.create_connection((HOST, self.port), 1):
            pass
        try:
            admin = KafkaAdminClient(bootstrap_servers=self.brokers, request_timeout_ms=5000)
        except KafkaError:
            return False
        try:
            admin.list_topics()
        except KafkaError:
            return False
        finally:
            admin.close()
        return True

    def _java_with(self, *options: str) -> list[str]:
        logging = f"-Dlog4j.configuration=file:{self.folder / 'log4j.properties'}"
        return [str(self._java / "bin" / "java"), *options, logging, "-cp", f"{self._jars}/*"]

    def _run(self, main: str, *args: str) -> str:
        command = [*self._java_with("-Xmx256m"), main, *args]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode != 0:
            raise MissingPart(f"{main} failed:\n{(done.stdout + done.stderr)[-2000:]}")
        return done.stdout


def _cluster() -> str:
    """An id of a cluster: 16 bytes as Kafka writes them."""
    import base64

    return base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode().replace("-", "A")
