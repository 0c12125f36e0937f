"""Elasticsearch: one node of the core server, without security, on the loopback.

It refuses to run as root; as root it is run as nobody, with data, log and config in a folder that nobody owns.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.servers import parts
from tests.servers.process import HOST, Process, free_port
from transforms.errors import MissingPart


class Elastic(Process):
    """An Elasticsearch; `url` is its address, as in a config."""

    name = "elasticsearch"

    def __init__(self, port: int | None = None, folder: Path | None = None, tied: bool = True,
                 say: Callable[[str], None] = lambda _: None, heap: str = "1g") -> None:  # fmt: skip
        self._java, self._home, self._user = parts.java(parts.ELASTIC_JAVA), parts.unpacked(say), parts.unprivileged()
        super().__init__(port, folder, tied)
        self._transport, self._heap = free_port(), heap

    @property
    def url(self) -> str:
        """http://host:port"""
        return f"http://{HOST}:{self.port}"

    def command(self) -> list[str]:
        """Copies the config, and gives the folders to who will run it."""
        for name in ("data", "logs", "tmp"):
            (self.folder / name).mkdir(exist_ok=True)
        config = self.folder / "config"
        if not config.is_dir():
            shutil.copytree(self._home / "config", config)
        if self._user:
            self._give()
        settings = {
            "discovery.type": "single-node", "http.port": self.port, "transport.port": self._transport,
            "network.host": HOST, "path.data": self.folder / "data", "path.logs": self.folder / "logs",
            "cluster.routing.allocation.disk.threshold_enabled": "false",
            "xpack.security.autoconfiguration.enabled": "false", "xpack.security.enabled": "false",
        }  # fmt: skip
        return [str(self._home / "bin" / "elasticsearch"), *(f"-E{key}={value}" for key, value in settings.items())]

    def _give(self) -> None:
        assert self._user is not None
        for parent in self.folder.resolve().parents:
            if not parent.stat().st_mode & 0o001:
                raise MissingPart(f"as root, Elasticsearch runs as nobody, who may not look into {parent}; set TMPDIR")
        for name in ("data", "logs", "tmp", "config"):
            for path in (self.folder / name, *(self.folder / name).rglob("*")):
                os.chown(path, *self._user, follow_symlinks=False)

    def user(self) -> tuple[int, int] | None:
        """nobody, where we are root."""
        return self._user

    def environment(self) -> Mapping[str, str]:
        """Its Java, heap and folders."""
        options = f"-Xms{self._heap} -Xmx{self._heap}"
        return {"ES_JAVA_HOME": str(self._java), "ES_JAVA_OPTS": options, "ES_PATH_CONF": str(self.folder / "config"),
                "ES_TMPDIR": str(self.folder / "tmp"), "HOME": str(self.folder)}  # fmt: skip

    def answers(self) -> bool:
        """Whether all its shards can be read and written."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=5)
        try:
            connection.request("GET", "/_cluster/health")
            answer = connection.getresponse()
            return answer.status == 200 and json.load(answer)["status"] in ("yellow", "green")
        except (http.client.HTTPException, ValueError):
            return False
        finally:
            connection.close()
