"""What a fold memory costs: bytes for each live article, and how its speed holds as it grows.

    python -m tests.bench.memory [COUNT ...]

The texts are made up: fingerprints of random hashes in the sizes of news (300 shingles or so), a quarter of them
copies, whole, cut or wrapped, of what came within three days; one in ten carries a footer that its site always prints.
Each figure is of a process of its own: resident memory, as the machine sees it, not what Python thinks it holds.
"""

from __future__ import annotations

import functools
import gc
import hashlib
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from transforms.fold.memory import Memory
from transforms.fold.shingles import Hashes
from transforms.records import Article, Origin, Source

TTL_S = 7 * 86400
NOON = 1_790_000_000
COPIES, SITES = 0.25, 200
# Decisions that are timed at each size.
PROBES = 2000
SIZES = (10_000, 300_000)


def articles(count: int, seed: int = 1) -> Iterator[tuple[Article, Hashes]]:
    """`count` made-up articles, spread over one TTL, so that all of them stay in reach."""
    rng = np.random.default_rng(seed)
    footers = rng.integers(0, 2**32, (SITES, 12), np.uint64).astype(np.uint32)
    for number in range(count):
        text = _text(seed, number)
        if number and rng.random() < COPIES:
            # Made again rather than kept: what is measured is the memory's, not ours.
            former = number - 1 - int(rng.integers(min(number, count * 3 // 7 + 1)))
            text = _copy(rng, _text(seed, former), text)
        site = number % SITES
        if number % 10 == 0:
            text = np.concatenate([text, footers[site]])
        yield _article(number, site, NOON + number * TTL_S // count), np.unique(text)


def _text(seed: int, number: int) -> Hashes:
    rng = np.random.default_rng((seed, number))
    size = int(np.clip(rng.lognormal(5.6, 0.6), 20, 2500))
    return rng.integers(0, 2**32, size, np.uint64).astype(np.uint32)


def _copy(rng: np.random.Generator, former: Hashes, own: Hashes) -> Hashes:
    kind = rng.random()
    if kind < 0.4:
        return former
    if kind < 0.7:
        return rng.permutation(former)[: max(12, int(len(former) * rng.uniform(0.2, 1.0)))]
    return np.concatenate([former, own[: len(former) // 2]])


def _article(number: int, site: int, at: int) -> Article:
    name = hashlib.sha256(str(number).encode()).hexdigest()[:32]
    source = Source(f"site-{site}", f"The site number {site}", f"www.site-{site}.example")
    wire = {"agencies": ["reuters"] if number % 3 == 0 else [], "evidence": []}
    return Article(
        id=name, origin=Origin(f"feed:site-{site}", number, 0), source=source, arrived=at, url=f"https://example.org/{name}",
        guid=None, title=f"Title {number}", body=f"Body {number}", published=at - number % 3600, wire=wire,
    )  # fmt: skip


def resident() -> int:
    """Bytes of this process in memory, as the machine sees it."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


class _Growing:
    """A memory that is filled article by article, from a stream of `count` and some more to try it with."""

    def __init__(self, count: int) -> None:
        self.memory = Memory(TTL_S, 1)
        self.count, self.decided = count, 0
        self._articles = articles(count + PROBES)

    def fill(self, count: int) -> None:
        while self.decided < count:
            self.decide()

    def decide(self) -> float:
        """Seconds that the next article took."""
        article, text = next(self._articles)
        began = time.perf_counter()
        self.memory.decide(article, text, None)
        spent = time.perf_counter() - began
        # A stage puts what changed into state, and clears it.
        self.memory.changed.clear()
        self.decided += 1
        return spent


def _measure(counts: list[int]) -> dict[str, list[float]]:
    """Bytes for each article as each of the rising `counts` is reached; then microseconds for a decision (the median)
    in memories of each size, in turns, so that whatever else the machine does weighs on all alike."""
    _Growing(500).fill(500)
    gc.collect()
    empty = resident()
    largest = _Growing(counts[-1])
    told = []
    for count in counts:
        largest.fill(count)
        gc.collect()
        told.append((resident() - empty) / count)
    memories = [_Growing(count) for count in counts[:-1]]
    for smaller in memories:
        smaller.fill(smaller.count)
    spent: list[list[float]] = [[] for _ in counts]
    for _ in range(PROBES):
        for times, one in zip(spent, [*memories, largest], strict=True):
            times.append(one.decide())
    return {"bytes": told, "decide_us": [statistics.median(times) * 1e6 for times in spent]}


@functools.cache
def measured(*counts: int) -> dict[str, list[float]]:
    """`_measure` in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.memory", *map(str, counts)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    return json.loads(done.stdout)


def bytes_per_article(n: int) -> float:
    """Resident bytes for each of `n` live articles. One run at 10 k and 300 k serves `lookup_ratio` as well."""
    counts = SIZES if n in SIZES else (n,)
    return measured(*counts)["bytes"][counts.index(n)]


def lookup_ratio(small: int, large: int) -> float:
    """How many times longer a decision takes among `large` live articles than among `small`."""
    few, many = measured(small, large)["decide_us"]
    return many / few


if __name__ == "__main__":
    print(json.dumps(_measure(sorted(map(int, sys.argv[1:] or SIZES)))))
