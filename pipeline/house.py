"""What a run needs beside its graph: who holds the index, who delivers alerts, who reports.

In the process that runs the graph; where workers are other processes, in one of them (`transforms.attend`), as the one
that started it may be gone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from pipeline import opening, servers
from pipeline.config import Config, Ref, resolve
from transforms.alert.channels import TerminalChannel
from transforms.alert.outbox import Courier
from transforms.alert.senders import build_senders
from transforms.feeds.guard import Guard

if TYPE_CHECKING:
    from pipeline.parts import Parts
# How long a stop waits for what is in flight to be written, committed and delivered.
DRAIN_S = 15.0
ALL, HERE, ELSEWHERE = "all", "here", "elsewhere"


def terminals(config: Config) -> list[str]:
    """The channels that are shown on a terminal, which only the process that a person started has."""
    return [name for name, one in config.alerts.channels.items() if isinstance(one, TerminalChannel)]


@contextlib.contextmanager
def keeping(ref: Ref, parts: Parts, owner: str) -> Iterator[None]:
    """In a worker, for as long as the job runs there: prolong the lease of `owner`, deliver, report, roll over."""
    from pipeline import health
    from transforms.elastic.lease import Holder, lease

    servers.begin(ref)
    with (
        lease(servers.server_of(ref), holder=Holder(owner, roams=True, stays=True)),
        delivering(ref, None, ELSEWHERE),
        health.reporting(ref, parts),
    ):
        yield


@contextlib.contextmanager
def delivering(ref: Ref, console: Console | None, which: str = ALL) -> Iterator[None]:
    """Alerts go out from the outbox while this lasts, in threads of this process and outside any bundle.

    Of a job on a cluster a worker delivers to what can be reached from there (`ELSEWHERE`), and who follows the job
    shows what is for a terminal (`HERE`).
    """
    config = resolve(ref)
    guard = Guard(opening.policy_of(ref).allow_addresses)
    senders = build_senders(config.alerts.channels, Path(ref.base), guard, console)
    shown = set(terminals(config))
    senders |= servers.output_senders(ref)
    ours = {ALL: set(senders), HERE: shown, ELSEWHERE: set(senders) - shown}[which]
    mine = {name: sender for name, sender in senders.items() if name in ours}
    courier = Courier(opening.index_of(ref), mine, others=set(senders) - ours)
    courier.start()
    try:
        yield
    finally:
        courier.stop(DRAIN_S)
