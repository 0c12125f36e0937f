"""A word to workers in other processes: the job is to read no more. A document of the program's own, read by id."""

from __future__ import annotations

from transforms.elastic.client import Server
from transforms.elastic.reach import Reach

_STOP = "stop"


def ask(server: Server, job: str) -> None:
    """From now on `asked` is true of this job. Raises IndexAway."""
    reach = Reach(server)
    reach.change(reach.meta, _STOP, lambda old: {"job": job})


def asked(server: Server, job: str) -> bool:
    """Whether this job is to read no more. Raises IndexAway."""
    reach = Reach(server)
    found = reach.get(reach.meta, _STOP)
    return found is not None and found.source["job"] == job
