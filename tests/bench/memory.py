"""What a fold memory costs: bytes for each live article, and how its speed holds as it grows.

    python -m tests.bench.memory [COUNT ...]

The texts are made up: fingerprints of random hashes in the sizes of news (300 shingles or so), a quarter of them
copies, whole, cut or wrapped, of what came within three days; one in ten carries a footer that its site always prints.
Each figure is of a process of its own: resident memory, as the machine sees it, not what Python thinks it holds.
"""

from __future__ import annotations

import gc
import hashlib
import json
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
# Decisions are timed over this many articles before each size is reached.
WINDOW = 3000


def articles(count: int, seed: int = 1) -> Iterator[tuple[Article, Hashes]]:
    """`count` made-up articles, spread over one TTL, so that all of them stay in reach."""
    rng = np.random.default_rng(seed)
    recent: list[Hashes] = []
    footers = rng.integers(0, 2**32, (SITES, 12), np.uint64).astype(np.uint32)
    for number in range(count):
        size = int(np.clip(rng.lognormal(5.6, 0.6), 20, 2500))
        text = rng.integers(0, 2**32, size, np.uint64).astype(np.uint32)
        if recent and rng.random() < COPIES:
            text = _copy(rng, recent[int(rng.integers(len(recent)))], text)
        site = number % SITES
        if number % 10 == 0:
            text = np.concatenate([text, footers[site]])
        text = np.unique(text)
        recent.append(text)
        if len(recent) > count * 3 // 7 + 1:
            recent[int(rng.integers(len(recent) - 1))] = recent.pop()
        yield _article(number, site, NOON + number * TTL_S // count), text


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


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def _measure(counts: list[int]) -> dict[str, list[float]]:
    """Bytes for each article and microseconds for each decision as each of the rising `counts` is reached."""
    memory = Memory(TTL_S, 1)
    gc.collect()
    empty = _resident()
    out: dict[str, list[float]] = {"bytes": [], "decide_us": []}
    spent = 0.0
    for number, (article, text) in enumerate(articles(counts[-1]), 1):
        began = time.process_time()
        memory.decide(article, text, None)
        memory.changed.clear()
        spent = spent + time.process_time() - began
        if number + WINDOW in counts:
            spent = 0.0
        if number in counts:
            gc.collect()
            out["bytes"].append((_resident() - empty) / number)
            out["decide_us"].append(spent / WINDOW * 1e6)
    return out


def measured(*counts: int) -> dict[str, list[float]]:
    """`_measure` in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.memory", *map(str, counts)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    return json.loads(done.stdout)


def bytes_per_article(n: int) -> float:
    """Resident bytes for each of `n` live articles."""
    return measured(n)["bytes"][0]


def lookup_ratio(small: int, large: int) -> float:
    """How much longer a decision takes among `large` live articles than among `small`."""
    few, many = measured(small, large)["decide_us"]
    return many / few


if __name__ == "__main__":
    print(json.dumps(_measure(sorted(map(int, sys.argv[1:] or ["10000", "100000"])))))
