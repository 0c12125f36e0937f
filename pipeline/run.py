"""`run`: one start of the graph, from the config to its clean end."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial as bind
from pathlib import Path
from typing import TYPE_CHECKING, Any

import apache_beam as beam

from pipeline import graph, health, house, opening, parts, runners, servers
from pipeline.config import Ref, secrets
from pipeline.flink import ending
from pipeline.flink.job import FlinkJob
from pipeline.house import DRAIN_S
from pipeline.progress import Progress
from pipeline.settled import settled
from transforms import logs
from transforms.clean.article import clean
from transforms.errors import DataError
from transforms.feeds.poller import Poller
from transforms.feeds.read import stop_polling
from transforms.fold.shingles import fingerprint
from transforms.index.interface import Index, IndexAway
from transforms.kafka import outlets
from transforms.kafka import running as kafka
from transforms.language.stage import with_language
from transforms.records import Article, DeadLetter, Entry, Json, Origin, Source

if TYPE_CHECKING:
    from transforms.elastic.lease import Holder

TICK_S = 0.5


@dataclass(frozen=True, slots=True)
class Start:
    """How a person started it. `due_only`: of the feeds, only those whose time has come. `holder`: who holds the index,
    where workers are other processes. `detach`: do not follow the job."""

    runner: str = "DirectRunner"
    once: bool = False
    prism: str | None = None
    beam_args: Sequence[str] = ()
    due_only: bool = False
    holder: Holder | None = None
    detach: bool = False

    @property
    def owner(self) -> str | None:
        """The holder's id."""
        return self.holder.owner if self.holder else None


class Stop:
    """Whether a person asked to stop (Ctrl-C, SIGTERM). A second Ctrl-C is not held back."""

    def __init__(self) -> None:
        self.asked = False
        self._former: dict[int, Any] = {}

    def __enter__(self) -> Stop:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._former[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        for number, former in self._former.items():
            signal.signal(number, former)

    def _ask(self, number: int, _: object) -> None:
        if self.asked:
            signal.signal(number, self._former[number])
        self.asked = True


def run_graph(
    ref: Ref,
    start: Start,
    progress: Progress,
    stop: Stop,
    done: Callable[[Index], bool] = lambda _: False,
    letters: list[Entry | DeadLetter] | None = None,
) -> Json:
    """Run the graph of `ref` until it ends, `done` says so, or a person stops it. Returns what its stages counted.

    Raises MissingPart where the runner cannot be had, DataError for mistakes in data files, and whatever the job
    failed with.
    """
    check_data(ref)
    servers.begin(ref)
    assembled = parts.assemble(ref, start.once, letters, start.due_only, start.owner)
    logs.bind(assembled.job, assembled.folding.epoch)
    logs.hide(secrets(ref))  # again, as Beam is loaded now
    # What only looks must not wait for an index that is away; what writes does.
    index = opening.index_of(ref, patient=False)
    log = opening.beside(ref, "prism.log")
    progress.begin(index)
    with (
        runners.choose(start.runner, assembled.bounded, start.prism, start.beam_args, log, progress.say) as chosen,
        _beside(ref, assembled, start, progress),
    ):
        progress.started(chosen.name, assembled.bounded)
        progress.trouble = bind(health.trouble, ref, assembled)
        progress.more = bind(health.lag, assembled)
        threading.Thread(target=warm_up, name="warm-up", daemon=True).start()
        pipeline = beam.Pipeline(runner=chosen.runner, options=chosen.options)
        graph.build(pipeline, assembled)
        job = chosen.begin(pipeline)
        if isinstance(job, FlinkJob):
            if start.holder is not None:
                start.holder.stays = True  # whatever becomes of us, the job goes on, and holds the index
            progress.trouble = lambda: job.trouble or health.trouble(ref, assembled)
            if start.detach:
                _leave(job, start, progress)
                return {}
        return _follow(ref, job, assembled, start, progress, lambda: _over(index, progress, done) or stop.asked)


def _follow(
    ref: Ref,
    job: runners.Job | FlinkJob,
    assembled: parts.Parts,
    start: Start,
    progress: Progress,
    over: Callable[[], bool],
) -> Json:
    """Until the job ends or `over` says so; then it is ended. What its stages counted."""
    try:
        while not job.wait(TICK_S):
            if over():
                break
    except Exception:
        if mistake := kafka.mistake(assembled.job):
            raise mistake from None  # what a person can mend is not told as a trace of the runner's
        raise
    finally:
        counted = _finish(ref, job, assembled, start, progress)
        _over(opening.index_of(ref, patient=False), progress, lambda _: True, last=True)
    return counted


@contextlib.contextmanager
def _beside(ref: Ref, assembled: parts.Parts, start: Start, progress: Progress) -> Iterator[None]:
    """What is to go on in this process beside the job."""
    if assembled.house is None:
        with house.delivering(ref, progress.console), health.reporting(ref, assembled, again=start.due_only):
            yield
    elif start.detach:
        yield
    else:
        with house.delivering(ref, progress.console, house.HERE):
            yield


def _leave(job: FlinkJob, start: Start, progress: Progress) -> None:
    """The job runs on without this process, which ends."""
    while not job.running:
        job.wait(TICK_S)
    job.leave()
    progress.tell(f"The job {job.id} runs. {job.how_to_end()}")


def _finish(ref: Ref, job: runners.Job | FlinkJob, assembled: parts.Parts, start: Start, progress: Progress) -> Json:
    """End the job, wherever its workers are. What it counted is asked for before."""
    if not isinstance(job, FlinkJob):
        return _end(ref, job, assembled)
    progress.say("stopping: reads no more, and lets what is in flight be written")
    counted = ending.end(ref, job, assembled)
    if start.holder is not None:
        start.holder.stays = False
    return counted


def _over(index: Index, progress: Progress, done: Callable[[Index], bool], last: bool = False) -> bool:
    """Show how things are; whether `done` says that it is over. That an index is away is told, and waited for."""
    try:
        progress.tick(index, last)
        return done(index)
    except IndexAway as away:
        progress.waits(str(away))
        return False


def _end(ref: Ref, job: runners.Job, assembled: parts.Parts) -> Json:
    """Begin nothing more, let what is in flight be written, then end the job. What it counted is asked for before."""
    index = opening.index_of(ref, patient=False)
    poller = stop_polling(assembled.job)
    kafka.stop_reading(assembled.job)
    until = time.monotonic() + DRAIN_S
    while time.monotonic() < until and not job.failed:
        read = job.over(0.1) or assembled.bounded or _quiet(poller, index)
        # Offsets are committed by a thread of their own, also after a bounded job has ended.
        if read and kafka.settled(assembled.job):
            break
    # Whoever waits now for a server that is away would hold up the end.
    kafka.give_up(assembled.job)
    if outlets.trouble():
        outlets.give_up()
    writing = opening.index_of(ref)
    if writing.trouble():
        writing.give_up()
    else:
        _flush(writing)
    counted = job.metrics()
    job.cancel()
    return counted


def _flush(index: Index) -> None:
    """Let story documents be written that wait to be; for so long as a stop may take."""
    limit = threading.Timer(DRAIN_S, index.give_up)
    limit.start()
    try:
        index.refresh()
    except IndexAway:
        pass
    finally:
        limit.cancel()


def _quiet(poller: Poller | None, index: Index) -> bool:
    try:
        return poller.committed if poller else settled(index)
    except IndexAway:
        return False


def warm_up() -> None:
    """Load what the stages load on their first article, while the runner starts: a second that no article waits for."""
    result = clean(Entry(Origin(""), Source(""), 0, guid="-", title="-", html="<p>A first text, for no reader.</p>"))
    if isinstance(result, Article):
        fingerprint(with_language(result).body)


def check_data(ref: Ref) -> None:
    """Load every data file, so that a mistake is said before anything runs."""
    opening.words_of_texts()
    opening.rules_of(ref)
    opening.feeds_of(ref)
    opening.files_of(ref)
    letters = Path(opening.dead_letters_of(ref))
    if letters.exists() and not letters.is_file():
        raise DataError(ref.file, "dead_letters.path", "is not a file", "name a file")
