"""The lease: one pipeline at a time on an index, as two would fold the same articles into different stories.

Who holds it says so in a document, renewed every few seconds. One whose holder is gone is taken over: at once where the
holder ran on this host and its process is no more, else when it was not renewed in time. A holder that was stopped for
longer and finds that another has taken over gives up at once: everything it waits for or asks for next raises
IndexAway.

What happens when the process dies: the lease stands until it runs out (`VALID_S`). Clocks of hosts that share an index
must agree within a few seconds.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from transforms.elastic import forget
from transforms.elastic.client import Server, server
from transforms.elastic.reach import Reach
from transforms.errors import Refused
from transforms.index.interface import IndexAway
from transforms.processes import began, place
from transforms.records import Json

_log = logging.getLogger(__name__)
VALID_S, RENEW_S = 30, 10.0
_LEASE = "lease"
# Where a holder is whose processes tell nothing of it.
_NOWHERE = "a cluster"


@dataclass(slots=True)
class Holder:
    """Who holds a lease. `roams`: it is a job on a cluster, that several processes prolong it for, so that the end of
    one of them frees nothing. `stays`: not given back at the end of the block, because others go on holding it."""

    owner: str = field(default_factory=lambda: uuid.uuid4().hex)
    roams: bool = False
    stays: bool = False


@contextmanager
def lease(asked: Server, renew_s: float = RENEW_S, holder: Holder | None = None) -> Iterator[str]:
    """Hold the lease of the index inside the block; gives the holder's id. Refused where another pipeline holds it,
    with where it runs. Before the block what a `forget` that died has left undone is done."""
    reach, holder = Reach(asked), holder or Holder()
    take(reach, holder.owner, roams=holder.roams)
    ended = threading.Event()
    thread = threading.Thread(target=_renew, args=(reach, holder, renew_s, ended), name="lease", daemon=True)
    thread.start()
    try:
        forget.finish(reach)
        yield holder.owner
    finally:
        ended.set()
        if not holder.stays:
            release(reach.impatient(), holder.owner)


def take(reach: Reach, owner: str, now: int | None = None, roams: bool = False) -> None:
    """Take the lease for `owner`, or prolong it. Refused where another holds it."""
    at = int(time.time()) if now is None else now
    me = _me()
    if roams:
        me["place"] = _NOWHERE

    def changed(held: Json | None) -> Json:
        if held is not None and held["owner"] != owner and not _over(held, at):
            raise Refused(
                f"another pipeline runs on the index {reach.prefix!r}: process {held['pid']} on {held['host']}, "
                f"heard of {max(0, at - held['until'] + VALID_S)} s ago; stop it, or give this one another prefix"
            )
        return {"owner": owner, **me, "until": at + VALID_S}

    reach.change(reach.meta, _LEASE, changed)


def release(reach: Reach, owner: str) -> None:
    """Give the lease back, if `owner` still holds it and the server answers; else it runs out."""
    try:
        held = reach.get(reach.meta, _LEASE)
        if held is not None and held.source["owner"] == owner:
            reach.put(reach.meta, _LEASE, {**held.source, "until": 0}, held)
    except IndexAway:
        _log.warning("the lease was not given back; it runs out within %d s", VALID_S)


def _me() -> Json:
    """This process: where it runs, and since when, as process numbers are used again."""
    return {"host": socket.gethostname(), "pid": os.getpid(), "place": _place(), "began": began(os.getpid())}


def _place() -> str:
    return place() or socket.gethostname()


def _over(held: Json, now: int) -> bool:
    """Whether the holder is gone."""
    return bool(held["until"] <= now or (held["place"] == _place() and began(held["pid"]) != held["began"]))


def _renew(reach: Reach, holder: Holder, every_s: float, ended: threading.Event) -> None:
    while not ended.wait(every_s):
        try:
            take(reach, holder.owner, roams=holder.roams)
        except Refused as refused:
            _log.error("this pipeline has lost its index, and ends: %s", refused)
            for patient in (False, True):
                server(reach.server.spec, patient).give_up(f"the index is lost to another: {refused}")
            return
        except IndexAway:
            pass  # whoever writes tells of it; it is renewed when the server is back, unless another was faster
        except Exception:
            _log.exception("the lease could not be renewed; tried again")
