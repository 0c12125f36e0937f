"""The yardstick: the graph's own functions called one after the other, with the same writes to the same kind of
index."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pipeline import runners
from pipeline.config import Ref
from pipeline.parts import Parts, assemble
from transforms.alert.due import due
from transforms.attribute.stage import with_credit
from transforms.batches import Batched
from transforms.clean.article import clean
from transforms.files.lines import read_file
from transforms.fold.decision import Decision
from transforms.fold.memory import Memory
from transforms.fold.shingles import fingerprint
from transforms.language.stage import with_language
from transforms.records import Article, Entry
from transforms.tag.stage import with_tags


@dataclass(slots=True)
class Timing:
    """One run: articles that went in, seconds, processor seconds, and the index's counts after it.

    `stages` are the seconds of each stage. `start_s` is what it took before the first article, `whole_s` everything.
    """

    articles: int
    wall: float
    cpu: float
    counts: dict[str, int]
    stages: dict[str, float] = field(default_factory=dict)
    prism_cpu: float = 0.0
    start_s: float = 0.0
    whole_s: float = 0.0


class _Stopwatch:
    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)

    def __call__(self, stage: str, function: Callable[..., Any], *args: Any) -> Any:
        began = time.perf_counter()
        result = function(*args)
        self.spent[stage] += time.perf_counter() - began
        return result


def run(ref: Ref) -> Timing:
    """All files of `ref` through the loop; the loaders are warm already."""
    parts = assemble(ref, once=True)
    for load in (parts.agencies, parts.gazetteer, parts.topics, parts.rules):
        load()
    with runners.seldom_collecting():
        return _run(parts)


def _run(parts: Parts) -> Timing:
    timed = _Stopwatch()
    memory = Memory(parts.folding.ttl_s, parts.folding.epoch)
    began, cpu = time.perf_counter(), time.process_time()
    held: list[Decision] = []
    count = 0
    for entry in _entries(parts, timed):
        count += 1
        article = _article(entry, parts, timed)
        if article is None:
            continue
        held.append(_decide(article, parts, memory, timed))
        if len(held) == Batched.size:
            _flush(held, parts, timed)
    _flush(held, parts, timed)
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    return Timing(count, wall, cpu, final_counts(parts), dict(timed.spent), whole_s=wall)


def final_counts(parts: Parts) -> dict[str, int]:
    """What the index counts at the end; it is closed then."""
    index = parts.index()
    counts = index.counts()
    index.close()
    return counts


def _entries(parts: Parts, timed: _Stopwatch) -> Iterator[Entry]:
    for file in parts.files:
        items = read_file(file.path, source=file.source)
        while (item := timed("read", next, items, None)) is not None:
            if isinstance(item, Entry):
                yield item


def _article(entry: Entry, parts: Parts, timed: _Stopwatch) -> Article | None:
    article = timed("clean", clean, entry)
    if not isinstance(article, Article):
        return None
    article = timed("language", with_language, article)
    article = timed("attribute", with_credit, article, parts.agencies())
    return timed("tag", with_tags, article, parts.gazetteer(), parts.topics())


def _decide(article: Article, parts: Parts, memory: Memory, timed: _Stopwatch) -> Decision:
    hashes = timed("fingerprint", fingerprint, article.body or article.title)
    agency = parts.folding.own_agency(article.url, article.source)
    return timed("fold", memory.decide, article, hashes, agency, None)


def _flush(held: list[Decision], parts: Parts, timed: _Stopwatch) -> None:
    timed("index", parts.index().apply, [write for decision in held for write in decision.writes])
    timed("alert", _alert, held, parts)
    held.clear()


def _alert(decisions: list[Decision], parts: Parts) -> None:
    rules = parts.rules()
    for alert in due(rules, decisions, parts.index().documents, int(time.time())):
        parts.index().raise_alert(alert, rules.channels(alert["rule"]))
