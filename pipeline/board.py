"""The file in which a run tells of itself: `health.json`, beside the index. `health` reads it, without Beam."""

from __future__ import annotations

import json
import logging
import os
import socket
import time
from pathlib import Path

from transforms.processes import began, place
from transforms.records import Json, rfc3339

NAME, KEPT = "health.json", 10
_log = logging.getLogger(__name__)


class Board:
    """Its process, when it began and ended, when it told of itself last, and its last reports."""

    def __init__(self, path: Path) -> None:
        self.path = path
        me = {"pid": os.getpid(), "started": began(os.getpid()), "place": place(), "host": socket.gethostname()}
        self._told: Json = {**me, "began": rfc3339(int(time.time())), "ended": None, "reports": []}

    def show(self, report: Json | None = None, ended: bool = False) -> None:
        """Put the file in place whole. That it cannot be written is told, and ends nothing: the disk may be full."""
        if report is not None:
            self._told["reports"] = [*self._told["reports"], report][-KEPT:]
        self._told["at"] = rfc3339(int(time.time()))
        self._told["ended"] = self._told["at"] if ended else None
        part = self.path.with_name(f"{self.path.name}.part")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(self._told), "utf-8")
            part.replace(self.path)
        except OSError as error:
            _log.warning("%s cannot be written: %s", self.path, error.strerror)


def read(path: Path) -> Json | None:
    """What stands there; None where there is nothing that could be read."""
    try:
        told: Json = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return told


def gone(told: Json) -> str | None:
    """Why there is no process that could be well; None where there is one, or where that cannot be told from here."""
    if told["ended"]:
        return f"the pipeline ended at {told['ended']}"
    if told["place"] == place() and began(told["pid"]) != told["started"]:
        return f"the process {told['pid']}, which began at {told['began']}, is no more"
    return None
