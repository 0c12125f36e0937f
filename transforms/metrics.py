"""What the graph counts, in Beam's metrics: the names that a dashboard may rely on, each with its unit and meaning.

All are of the namespace `news`. A counter only grows. A distribution knows count, sum, least and greatest. A gauge is
the last value that some worker told. What a bundle counted is told once it is through: one that failed tells nothing,
and its next try tells it. Only Beam's stages count, and a batch or bundle at a time where they can.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from apache_beam.metrics import Metrics

from transforms.records import DeadLetter, Origin, Poll

if TYPE_CHECKING:
    from transforms.fold.decision import Decision

NAMESPACE = "news"
COUNTER, DISTRIBUTION, GAUGE = "counter", "distribution", "gauge"
# The stages that write dead letters; each has a counter of its own.
STAGES = ("read", "files", "kafka", "clean", "index", "output")


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: its name, its kind, the unit of its values, and what they mean."""

    name: str
    kind: str
    unit: str
    meaning: str


ALL: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("polls", COUNTER, "polls", "Polls of feeds whose progress was stored, failed ones too."),
        Metric("fetch_errors", COUNTER, "polls", "Those of them that failed: no answer, an error, no feed."),
        Metric("feed_lag_ms", DISTRIBUTION, "ms", "From the request of a poll to its progress being stored."),
        Metric("entries", COUNTER, "entries", "What sources delivered and the first stage took, replays too."),
        Metric("articles", COUNTER, "articles", "Articles that were new and are in the index now."),
        Metric("revisions", COUNTER, "articles", "Texts that replaced a former one under the same id."),
        Metric("sightings", COUNTER, "articles", "Known texts that another source has, too."),
        Metric("known", COUNTER, "articles", "Articles that came again, unchanged: after a restart, say."),
        Metric("reposts", COUNTER, "articles", "New articles that were folded with others: each makes a repost more."),
        Metric("dead_letters", COUNTER, "letters", "What could not be processed. A file keeps the same input once."),
        *(Metric(f"dead_letters_{stage}", COUNTER, "letters", f"Those of the stage `{stage}`.") for stage in STAGES),
        Metric("index_batch", DISTRIBUTION, "decisions", "How many decisions were written at once."),
        Metric("index_batch_ms", DISTRIBUTION, "ms", "How long that took, with all waiting and every retry."),
        Metric("index_writes", COUNTER, "groups", "Field groups of articles that were written."),
        Metric("index_stale", COUNTER, "groups", "Those that were not: already there, or older than what is there."),
        Metric("index_rejected", COUNTER, "groups", "Those that the index will never take; each makes a dead letter."),
        Metric("index_retries", COUNTER, "tries", "What was sent to the index again, told with the next batch."),
        Metric("feed_to_index_ms", DISTRIBUTION, "ms", "From a poll's request to each of its articles being indexed."),
        Metric("kafka_to_index_ms", DISTRIBUTION, "ms", "From the arrival of a record's article to its being indexed."),
        Metric("alerts", COUNTER, "alerts", "Alerts that were created: one per rule and story."),
        Metric("kafka_lag", GAUGE, "records", "Records of a Kafka source that are not committed yet."),
        Metric("fold_articles", GAUGE, "articles", "Articles in folding's memory, told once a bundle."),
        Metric("fold_rebuilds", COUNTER, "times", "How often folding's memory was made anew from state and index."),
    )
}  # fmt: skip


def counter(name: str) -> Any:
    """The Beam counter of this name. KeyError for one that `ALL` does not tell, as for the other two."""
    assert ALL[name].kind == COUNTER
    return Metrics.counter(NAMESPACE, name)


def distribution(name: str) -> Any:
    """The Beam distribution of this name, of whole numbers."""
    assert ALL[name].kind == DISTRIBUTION
    return Metrics.distribution(NAMESPACE, name)


def gauge(name: str) -> Any:
    """The Beam gauge of this name, of whole numbers."""
    assert ALL[name].kind == GAUGE
    return Metrics.gauge(NAMESPACE, name)


_METRICS = {
    name: {COUNTER: counter, DISTRIBUTION: distribution, GAUGE: gauge}[metric.kind](name)
    for name, metric in ALL.items()
}  # fmt: skip


def count(name: str, more: int = 1) -> None:
    """Add to a counter; nothing where there is nothing to add."""
    if more:
        _METRICS[name].inc(more)


def measure(name: str, value: float) -> None:
    """Add a value to a distribution."""
    _METRICS[name].update(round(value))


def show(name: str, value: int) -> None:
    """Set a gauge."""
    _METRICS[name].set(value)


def count_polls(polls: Iterable[Poll]) -> None:
    """Polls whose progress has just been stored. The number of a poll's batch is when it was asked for, in ms."""
    now = _now_ms()
    for poll in polls:
        count("polls")
        count("fetch_errors", bool(poll.progress.get("error")))
        measure("feed_lag_ms", max(0, now - poll.batch))


def count_letters(letters: Iterable[DeadLetter]) -> None:
    """Dead letters that are on the disk now."""
    for stage, number in Counter(letter.stage for letter in letters).items():
        count("dead_letters", number)
        if stage in STAGES:  # a replayed letter may have been edited
            count(f"dead_letters_{stage}", number)


def count_decisions(decisions: Sequence[Decision]) -> None:
    """Decisions whose writes are all in the index now."""
    outcomes = Counter(decision.outcome for decision in decisions)
    for outcome, name in _OUTCOMES.items():
        count(name, outcomes[outcome])
    fresh = [decision for decision in decisions if decision.outcome in ("new", "revision")]
    count("reposts", sum(one.outcome == "new" and (one.story or {}).get("size", 1) > 1 for one in fresh))
    now = _now_ms()
    for decision in fresh:
        if told := _since(decision.article.origin, decision.article.arrived):
            measure(told[0], max(0, now - told[1]))


_OUTCOMES = {"new": "articles", "revision": "revisions", "sighting": "sightings", "known": "known"}


def _since(origin: Origin, arrived: int) -> tuple[str, int] | None:
    """What measures how long an article took, and the ms since when; None for files, which tell of other times."""
    kind = origin.reader.partition(":")[0]
    if kind == "feed":
        return "feed_to_index_ms", origin.batch
    return ("kafka_to_index_ms", 1000 * arrived) if kind == "kafka" else None


def count_batch(size: int, outcomes: Sequence[str], seconds: float, retries: int) -> None:
    """A batch of `size` decisions that was written, with an outcome for each of its writes."""
    measure("index_batch", size)
    measure("index_batch_ms", 1000 * seconds)
    found = Counter(map(str, outcomes))
    count("index_writes", found["written"])
    count("index_stale", found["same"] + found["stale"])
    count("index_rejected", found["rejected"])
    count("index_retries", retries)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
