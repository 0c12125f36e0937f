"""The Flink of `make flink`: started once, found again by the file that `make servers` has, too."""

from __future__ import annotations

import shutil
import sys
from typing import Any

from tests.servers.developer import Say, born, end, folder, lives, state
from tests.servers.flink_server import Flink
from tests.servers.process import is_free

REST, JOBS = 8081, 8099
SLOTS = 2
PREFIX = "flink "
CONFIG = """
Flink is at http://{rest} (a browser shows its jobs), its job server at {jobs}. It runs what has Elasticsearch as its
index; `make servers` starts one and prints the config. Then:

  {python} -m pipeline run --runner FlinkRunner --flink_master={rest} --job_endpoint={jobs}

Their words: {folder}/*/server.log. `make flink-stop` ends it."""


def start(task_managers: int, say: Say) -> int:
    """It runs when this returns, with so many TaskManagers of two slots."""
    with state() as known:
        if all(map(lives, _ours(known).values())) and _ours(known):
            _tell(known, say)
            return 0
        for name, found in _ours(known).items():
            end(name, found, say)
            del known[name]
        place = folder("flink")
        # Jobs of a former cluster are not taken up; their checkpoints and savepoints stay.
        for kept in (place / "zookeeper" / "data", place / "ha"):
            shutil.rmtree(kept, ignore_errors=True)
        cluster = Flink(
            task_managers, SLOTS, place, tied=False, say=say,
            rest_port=REST if is_free(REST) else None, job_port=JOBS if is_free(JOBS) else None,
        )  # fmt: skip
        say("starting Flink")
        cluster.start()
        for process in cluster.processes:
            known[f"{PREFIX}{process.folder.name}"] = {
                "pid": process.pid, "born": born(process.pid), "port": process.port, "log": str(process.log),
            }  # fmt: skip
        _tell(known, say)
    return 0


def stop(say: Say) -> int:
    """Ends what `start` started; running jobs end with it."""
    with state() as known:
        for name, found in reversed(list(_ours(known).items())):
            end(name, found, say)
            del known[name]
    return 0


def _ours(known: dict[str, Any]) -> dict[str, Any]:
    return {name: found for name, found in known.items() if name.startswith(PREFIX)}


def _tell(known: dict[str, Any], say: Say) -> None:
    rest, jobs = known[f"{PREFIX}jobmanager"]["port"], known[f"{PREFIX}jobserver"]["port"]
    say(
        CONFIG.format(rest=f"127.0.0.1:{rest}", jobs=f"127.0.0.1:{jobs}", python=sys.executable, folder=folder("flink"))
    )
