"""Which runner runs the graph: named, never guessed, and said aloud.

In Beam 2.77 `DirectRunner` is Prism where Beam finds one and the graph suits it, and otherwise, without a word, a
runner that is wrong for a graph that streams. So here `DirectRunner` is Prism, and where there is none, Beam's
FnApiRunner for bounded runs only.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import gc
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apache_beam as beam
import grpc
from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions
from apache_beam.runners.worker import sdk_worker

from pipeline import measured, prism
from pipeline.flink import cluster, defaults
from pipeline.flink.job import FlinkJob
from pipeline.tuning import COLLECT_AFTER, STATE_CACHE_MB
from transforms.errors import DataError, MissingPart
from transforms.records import Json

OWN = ("--once", "--detach", "--bounded-loop", "--runner", "--prism", "--quiet", "--json", "--config")
KNOWN = ("DirectRunner", "PrismRunner", "FlinkRunner")
# Prism 2.77 splits a bundle in which nothing moved for 100 ms, and then runs the rest beside it although both hold the
# same key (splitBundle in its elementmanager.go forgets that the key is in progress). Each then writes state over the
# other's: stories fall apart. A stateful stage must have its key alone, so bundles are not split.
PRISM_WHOLE_BUNDLES = "--experiments=prism_disable_sdf_split"
# Beam ends its own stream of a job's state after this many seconds (300 by default), and the job with it.
NO_DEADLINE = "--job_server_timeout=315360000"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The runner in force: its name as people know it, and the options and instance that Beam needs."""

    name: str
    runner: Any
    options: PipelineOptions
    cluster: cluster.Cluster | None = None

    def begin(self, pipeline: beam.Pipeline) -> Job | FlinkJob:
        """The pipeline, running."""
        if self.cluster is None:
            return Job(pipeline)
        return FlinkJob(pipeline, self.cluster, self.options.view_as(GoogleCloudOptions).job_name)


def check_options(runner: str, beam_args: Sequence[str]) -> None:
    """Raise DataError for what neither we nor Beam know: a slip such as `--onec` must not start a stream.

    Flink's job server knows options of its own, so there only a word without a dash is refused.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for options in PipelineOptions.__subclasses__():
        with contextlib.suppress(argparse.ArgumentError):
            options._add_argparse_args(parser)
    _, unknown = parser.parse_known_args(list(beam_args))
    if runner == "FlinkRunner":
        unknown = [word for word in unknown if not word.startswith("--")]
    if unknown:
        word = unknown[0].split("=", 1)[0]
        beams = [name for action in parser._actions for name in action.option_strings]
        close = difflib.get_close_matches(word, OWN, 1, 0.6) or difflib.get_close_matches(word, beams, 1, 0.7)
        remedy = f"did you mean {close[0]}?" if close else "see `run --help`, and Beam's own options"
        raise DataError("run", word, "unknown option" if word.startswith("-") else "unexpected word", remedy)


@contextlib.contextmanager
def choose(
    name: str, bounded: bool, prism_option: str | None, beam_args: Sequence[str], log: Path, say: Callable[[str], None]
) -> Iterator[Chosen]:
    """The runner for a graph that is `bounded` or not; MissingPart (exit 3) where it cannot be had."""
    if name == "FlinkRunner":
        there = cluster.require(beam_args)
        yield Chosen(name, beam.runners.create_runner(name), defaults.options(beam_args, bounded), there)
        return
    common = [f"--max_cache_memory_usage_mb={STATE_CACHE_MB}", *([] if bounded else ["--streaming"]), *beam_args]
    binary = prism.find(prism_option) if bounded and name == "DirectRunner" else prism.get(say, prism_option)
    if binary is None:
        from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner

        with seldom_collecting():
            yield Chosen("FnApiRunner", FnApiRunner(), PipelineOptions(common))
        return
    from apache_beam.runners.portability.prism_runner import PrismRunner

    with seldom_collecting(), prism.serving(binary, log) as endpoint:
        local = [PRISM_WHOLE_BUNDLES, f"--job_endpoint={endpoint}", "--environment_type=LOOPBACK", NO_DEADLINE]
        args = [*local, *common]
        yield Chosen("PrismRunner", PrismRunner(), PipelineOptions(args))


@contextlib.contextmanager
def seldom_collecting() -> Iterator[None]:
    """Python's collector passes over what is loaded by now, and looks at the rest less often; as before on exit."""
    former = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    try:
        yield
    finally:
        gc.set_threshold(*former)
        gc.unfreeze()


class Job:
    """A pipeline that runs in a thread of its own, so that this one can show progress and take a Ctrl-C."""

    def __init__(self, pipeline: beam.Pipeline) -> None:
        self._pipeline = pipeline
        self._result: Any = None
        self._error: BaseException | None = None
        self._cancelled = False
        self._thread = threading.Thread(target=self._run, name="beam-job", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._result = self._pipeline.run()
            if not self._cancelled:
                self._result.wait_until_finish()
        except BaseException as error:
            if not self._cancelled:
                self._error = error

    def wait(self, seconds: float) -> bool:
        """Wait for the end; True if it came. A failure of the job is raised here."""
        self._thread.join(seconds)
        if self._thread.is_alive():
            return False
        if self._error is not None:
            raise self._error
        return True

    def over(self, seconds: float) -> bool:
        """Wait for the end, however it ends; True if it came."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    @property
    def failed(self) -> bool:
        """Whether it ended badly."""
        return self._error is not None

    def metrics(self) -> Json:
        """What its stages counted, by name, as `pipeline.measured` tells it; nothing where the runner does not say."""
        return measured.told_by(self._result)

    def cancel(self) -> None:
        """End it now. What was not committed is done again by the next start."""
        self._cancelled = True
        _hush_cut_streams()
        if self._result is not None:
            with contextlib.suppress(Exception):
                self._result.cancel()
        self._thread.join(10)


def _hush_cut_streams() -> None:
    """Beam's worker threads die with a trace when their streams are cut by a cancel that we asked for, and so does a
    bundle that is under way; what a job fails with is raised by `wait`, and does not need these."""
    # It prints the trace past any logger.
    sdk_worker.print = lambda *_, **__: None
    for name in ("data_plane", "sdk_worker", "worker_pool_main"):
        logging.getLogger(f"apache_beam.runners.worker.{name}").setLevel(logging.CRITICAL)
    former = threading.excepthook

    def hook(args: threading.ExceptHookArgs) -> None:
        if not (args.exc_type and issubclass(args.exc_type, grpc.RpcError)):
            former(args)

    threading.excepthook = hook


__all__ = ["KNOWN", "Chosen", "Job", "MissingPart", "choose"]
