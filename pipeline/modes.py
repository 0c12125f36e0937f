"""How a start goes: once, streaming, in a bounded loop, or over the sample newsroom."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console

from pipeline import measured, opening, prism, servers
from pipeline.config import NewsroomSource, Ref, patched, raw, resolve
from pipeline.house import terminals
from pipeline.lock import holder_for, only_writer
from pipeline.newsroom.server import Newsroom
from pipeline.progress import Progress
from pipeline.run import Start, Stop, run_graph
from pipeline.settled import settled
from transforms.alert.inert import plain
from transforms.deadletters.store import read
from transforms.errors import DataError
from transforms.index.interface import Index, Query
from transforms.records import Json

if TYPE_CHECKING:
    from transforms.elastic.lease import Holder

# Feeds of the sample newsroom are polled this often, so that its day of seconds is seen as it goes.
NEWSROOM_POLL = "2s"
# A feed of the newsroom that fails at the very end is waited for this long.
PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Mode:
    """What the command line asked for."""

    runner: str = "DirectRunner"
    once: bool = False
    bounded_loop: bool = False
    prism: str | None = None
    beam_args: tuple[str, ...] = ()
    quiet: bool = False
    detach: bool = False


def start(ref: Ref, mode: Mode) -> Json:
    """Run as asked until the end or a person stops it; returns the counts of the index, and under `metrics` what the
    graph counted in this run."""
    _check_detach(ref, mode)
    holder = holder_for(mode.runner, mode.beam_args)
    with (
        only_writer(ref, holder),
        Progress(mode.quiet) as progress,
        Stop() as stop,
        _newsroom(ref, mode) as (own, newsroom),
    ):
        index = opening.index_of(own, patient=False)
        done = _all_read(newsroom) if newsroom else lambda _: False
        if mode.bounded_loop or (newsroom and not mode.once and not _streams(mode, progress)):
            counted = _loop(own, mode, holder, progress, stop, done)
        else:
            begin = Start(mode.runner, mode.once, mode.prism, mode.beam_args, False, holder, mode.detach)
            counted = run_graph(own, begin, progress, stop, done)
        counts = index.counts()
    if not mode.quiet and not mode.detach:
        _where_next(own, counts, bool(newsroom))
    return {**counts, "stopped": stop.asked, "metrics": counted}


def _check_detach(ref: Ref, mode: Mode) -> None:
    """DataError for a detached run that nobody would be left to serve."""
    if mode.detach:
        sample = any(isinstance(source, NewsroomSource) for source in resolve(ref).sources)
        elsewhere = holder_for(mode.runner, mode.beam_args) is not None
        if not elsewhere or mode.bounded_loop or sample:
            raise DataError("run", "--detach", "is for a job on a cluster", "leave it out, or add --runner FlinkRunner")
        for name in terminals(resolve(ref)):
            remedy = "name another kind, or leave out --detach"
            raise DataError(ref.file, f"alerts.channels.{name}", "a job that nobody follows has no terminal", remedy)


def _streams(mode: Mode, progress: Progress) -> bool:
    """Whether the sample can stream now. A first look must not wait two minutes for Prism to be built."""
    if mode.runner != "DirectRunner" or prism.find(mode.prism) is not None:
        return True
    progress.tell(
        "No Prism yet: the sample is read in bounded runs. Your own feeds stream, and Prism is built then.", "dim"
    )
    return False


def _loop(
    ref: Ref, mode: Mode, holder: Holder | None, progress: Progress, stop: Stop, done: Callable[[Index], bool]
) -> Json:
    """Bounded runs one after the other, each polling the feeds that are due; what they counted in all."""
    counted: Json = {}
    pause = min((feed.interval_s for feed in opening.feeds_of(ref)), default=resolve(ref).fetch.interval)
    index = opening.index_of(ref, patient=False)
    while not stop.asked:
        began = time.monotonic()
        begin = Start(mode.runner, True, mode.prism, mode.beam_args, True, holder)
        counted = measured.united(counted, run_graph(ref, begin, progress, stop))
        if done(index) or not (opening.feeds_of(ref) or servers.kafka_sources(ref)):
            break
        while not stop.asked and time.monotonic() - began < pause:
            time.sleep(0.1)
    return counted


@contextlib.contextmanager
def _newsroom(ref: Ref, mode: Mode) -> Iterator[tuple[Ref, Newsroom | None]]:
    """The config with the sample newsroom's feeds in the place of its `newsroom` source, and the newsroom serving."""
    config = resolve(ref)
    day = next((s.day for s in config.sources if isinstance(s, NewsroomSource)), None)
    if day is None:
        yield ref, None
        return
    with Newsroom(None if mode.once else day, waits=not mode.once) as newsroom:
        written = raw(ref)
        fetch = {**(written.get("fetch") or {})}
        fetch["hosts"] = {**fetch.get("hosts", {}), **newsroom.hosts}
        fetch["allow_addresses"] = [*fetch.get("allow_addresses", []), "127.0.0.0/8"]
        fetch["per_host_delay"] = "0.1s"
        feeds = [{**source, "interval": NEWSROOM_POLL} for source in newsroom.sources]
        others = [source for source in written["sources"] if source.get("kind") != "newsroom"]
        yield patched(ref, {"sources": [*others, *feeds], "fetch": fetch}), newsroom


def _all_read(newsroom: Newsroom) -> Callable[[Index], bool]:
    """Whether all that the newsroom published is indexed: each of its feeds polled well after the day's end, and
    committed."""
    readers = {f"feed:{source['id']}" for source in newsroom.sources}
    ended: list[float] = []

    def done(index: Index) -> bool:
        if not newsroom.finished:
            return False
        ended.append(time.time())
        feeds = index.feeds()
        well = all(
            reader in feeds and feeds[reader].get("batch", 0) > ended[0] * 1000 and not feeds[reader].get("error")
            for reader in readers
        )
        return (well and settled(index)) or time.time() - ended[0] > PATIENCE_S

    return done


def _where_next(ref: Ref, counts: dict[str, int], sample: bool) -> None:
    console = Console(highlight=False)
    console.print(
        f"\n[bold]{counts['articles']}[/] articles, [bold]{counts['stories']}[/] stories, "
        f"[bold]{counts['reposts']}[/] reposts folded, [bold]{counts['alerts']}[/] alerts."
    )
    letters = sum(1 for _ in read(opening.dead_letters_of(ref)))
    if letters:
        path = plain(resolve(ref).dead_letters.path)
        console.print(f"{letters} dead letters in {path}; `replay` feeds them again.", style="yellow", soft_wrap=True)
    if sample:
        newest = opening.index_of(ref, patient=False).stories(Query(limit=20))
        told = [story["id"] for story in newest if story["reposts"]][:1] or ["ID"]
        console.print("Look next:", style="dim")
        for command in ("stories", "search عقوبات", "alerts", f"story {told[0]}"):
            console.print(f"  .venv/bin/python -m pipeline {command}", markup=False, soft_wrap=True)
        console.print("Your own feeds: write them in config.local.yaml (docs/config.md tells how).", style="dim")
