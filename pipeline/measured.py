"""What a job counted, from what its runner says: the metrics of `transforms.metrics` by name, over all stages."""

from __future__ import annotations

import contextlib
from typing import Any

from transforms.records import Json


def told_by(result: Any) -> Json:
    """The `summary` of a job; nothing where its runner does not say."""
    # A runner that is away, or cannot tell: the run itself is not the worse for it.
    with contextlib.suppress(Exception):
        return summary(result)
    return {}


def summary(result: Any) -> Json:
    """The metrics of a job, told by its `PipelineResult`: a counter as its sum, a gauge as the sum over its stages, as
    each source has one of its own, a distribution as `count`, `mean`, `least` and `most`. What was never counted is
    left out."""
    from apache_beam.metrics.metric import MetricsFilter

    from transforms.metrics import NAMESPACE

    asked = result.metrics().query(MetricsFilter().with_namespace(NAMESPACE))
    found: Json = {}
    for kind in ("counters", "distributions", "gauges"):
        for metric in asked[kind]:
            # What was committed is told by few runners; what was attempted counts a bundle that was tried again twice.
            value = metric.committed if metric.committed is not None else metric.attempted
            if value is not None:
                found = united(found, {metric.key.metric.name: _told(kind, value)})
    return dict(sorted(found.items()))


def _told(kind: str, value: Any) -> Any:
    if kind == "distributions":
        return {
            "count": value.count,
            "mean": round(value.sum / max(1, value.count), 3),
            "least": value.min,
            "most": value.max,
        }
    return int(value.value if kind == "gauges" else value)


def united(one: Json, other: Json) -> Json:
    """Two summaries as one."""
    both = {name: _added(one[name], other[name]) for name in one.keys() & other.keys()}
    return {**one, **other, **both}


def _added(one: Any, other: Any) -> Any:
    if not isinstance(one, dict):
        return one + other
    count = one["count"] + other["count"]
    mean = (one["mean"] * one["count"] + other["mean"] * other["count"]) / max(1, count)
    least, most = min(one["least"], other["least"]), max(one["most"], other["most"])
    return {"count": count, "mean": round(mean, 3), "least": least, "most": most}
