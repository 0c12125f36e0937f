"""The whole graph on Prism, in this process, timed from its first article to its last."""

from __future__ import annotations

import resource
import time
from dataclasses import replace
from pathlib import Path

import apache_beam as beam

from pipeline import graph, parts, runners
from pipeline.config import Ref
from pipeline.parts import Parts
from tests.bench import spans
from tests.bench.loop import Timing, final_counts


def run(ref: Ref, beam_args: tuple[str, ...] = ()) -> Timing:
    """All files of `ref` through the graph. The clock runs from the first article that is being credited, the third
    stage, to the last that is judged by the rules, the last stage that does any work; so what Prism and Beam need to
    start and to end is left out, and told apart."""
    began = time.perf_counter()
    children = _children()
    assembled = _watched(parts.assemble(ref, once=True))
    span = spans.SPANS[assembled.job]
    with runners.choose("PrismRunner", True, None, beam_args, Path(ref.base) / "prism.log", _silent) as chosen:
        assert chosen.name == "PrismRunner"
        pipeline = beam.Pipeline(runner=chosen.runner, options=chosen.options)
        graph.build(pipeline, assembled)
        job = runners.Job(pipeline)
        while not job.wait(1.0):
            pass
        job.cancel()
    assert span.first is not None, "nothing came through the graph"
    return Timing(
        articles=span.marks,
        wall=span.wall,
        cpu=span.cpu,
        counts=final_counts(assembled),
        prism_cpu=_children() - children,
        start_s=span.first[0] - began,
        whole_s=time.perf_counter() - began,
    )


def _watched(assembled: Parts) -> Parts:
    spans.SPANS[assembled.job] = spans.Span()
    return replace(
        assembled,
        agencies=spans.Begins(assembled.job, assembled.agencies),
        rules=spans.Ends(assembled.job, assembled.rules),
    )


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _silent(_: str) -> None:
    return None
