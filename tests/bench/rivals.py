"""What else finds reposts, on the same articles in the same run: datasketch's MinHashLSH and rensa's, beside ours.

    python -m tests.bench.rivals [--json]

All see the same sets of word-5-shingles, of SaudiNewsNet in order of arrival; gold is that of tests/eval/saudinewsnet.
Theirs name candidates, so their pairs are taken as they come, and once more with their own estimate of Jaccard as a
verdict; ours are those that a document names, or that are one story. Each runs in a process of its own, since memory
is what the machine sees.
"""

from __future__ import annotations

import argparse
import gc
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.memory import resident
from tests.eval import saudinewsnet
from tests.eval.overlap import compare, shingles
from tests.eval.saudinewsnet import CONTAINED, CUT, Pair, between
from transforms.fold.shingles import WIDTH
from transforms.text import fold, words

Pairs = set[tuple[str, str]]
# Of 128 hashes the split with the highest recall of all that were tried (design notes): 64 bands of two.
HASHES, BANDS, ROWS = 128, 64, 2
# A verdict by Jaccard must be this low, or it parts trimmed reposts.
JACCARD = 0.3


def _texts() -> Iterator[tuple[str, list[str]]]:
    """Id and shingles of each article, as strings, which is what both libraries take."""
    for article in saudinewsnet.corpus().articles:
        found = words(fold(article.body or article.title))
        yield article.id, [" ".join(found[at : at + WIDTH]) for at in range(max(1, len(found) - WIDTH + 1))]


def ours() -> tuple[Pairs, int]:
    """The product's memory; fingerprints are made on the way."""
    memory = saudinewsnet.corpus().folded()
    pairs: Pairs = set()
    for member in memory.members.every():
        pairs.update((member.id, other) for other in member.links)
    for story in memory.stories.values():
        ids = [member.id for member in story.group.members]
        pairs.update((one, other) for one in ids for other in ids if one < other)
    return pairs, len(saudinewsnet.corpus().articles)


def datasketch(verdict: bool = False) -> tuple[Pairs, int]:
    """MinHashLSH of datasketch."""
    from datasketch import MinHash, MinHashLSH

    lsh = MinHashLSH(num_perm=HASHES, params=(BANDS, ROWS))
    kept: dict[str, MinHash] = {}
    pairs: Pairs = set()
    for name, found in _texts():
        sketch = MinHash(num_perm=HASHES)
        sketch.update_batch([shingle.encode() for shingle in found])
        near = lsh.query(sketch)
        pairs.update((name, other) for other in near if not verdict or sketch.jaccard(kept[other]) >= JACCARD)
        lsh.insert(name, sketch)
        if verdict:
            kept[name] = sketch
    return pairs, len(saudinewsnet.corpus().articles)


def rensa(verdict: bool = False) -> tuple[Pairs, int]:
    """RMinHashLSH of rensa."""
    from rensa import RMinHash, RMinHashLSH

    lsh = RMinHashLSH(threshold=JACCARD, num_perm=HASHES, num_bands=BANDS)
    kept: list[RMinHash] = []
    names: list[str] = []
    pairs: Pairs = set()
    for name, found in _texts():
        sketch = RMinHash(num_perm=HASHES, seed=42)
        sketch.update(found)
        near = lsh.query(sketch)
        pairs.update((name, names[at]) for at in near if not verdict or sketch.jaccard(kept[at]) >= JACCARD)
        lsh.insert(len(names), sketch)
        names.append(name)
        if verdict:
            kept.append(sketch)
    return pairs, len(names)


WAYS: dict[str, Callable[[], tuple[Pairs, int]]] = {
    "ours": ours,
    "datasketch MinHashLSH 64×2": datasketch,
    "the same, Jaccard ≥ .3": lambda: datasketch(verdict=True),
    "rensa RMinHashLSH 64×2": rensa,
    "rensa, Jaccard ≥ .3": lambda: rensa(verdict=True),
}


def measured(name: str) -> dict[str, float]:
    """One way: recall of gold pairs and of truncated ones, the share of its pairs between outlets whose containment is
    .6 or more, articles a second, and resident bytes an article."""
    saudinewsnet.corpus()
    gc.collect()
    before, began = resident(), time.process_time()
    pairs, count = WAYS[name]()
    spent = time.process_time() - began
    gc.collect()
    size = (resident() - before) / count
    found = set(between(pairs))
    gold = [pair for pair in saudinewsnet.corpus().pairs if pair.gold]
    return {
        "recall": _share(found, gold),
        "truncated": _share(found, [pair for pair in gold if pair.jaccard < CUT]),
        "precision": _precision(found),
        "rate": count / spent,
        "bytes": size,
    }


def _share(found: Pairs, gold: Iterable[Pair]) -> float:
    hits = [(min(pair.one, pair.other), max(pair.one, pair.other)) in found for pair in gold]
    return sum(hits) / len(hits)


def _precision(found: Pairs) -> float:
    given, sets = saudinewsnet.corpus().given, {}
    for name in {name for pair in found for name in pair}:
        sets[name] = shingles(given[name])
    right = sum(compare(sets[a], sets[b]).containment >= CONTAINED for a, b in found)
    return right / max(1, len(found))


def main() -> int:
    """Every way, each in its own process; a table, or JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.rivals", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.only:
        print(json.dumps(measured(asked.only)))
        return 0
    told = {}
    for name in WAYS:
        command = [sys.executable, "-m", "tests.bench.rivals", "--only", name]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
        if done.returncode:
            print(
                f"{name}: {done.stderr.strip().splitlines()[-1]}\n`make rivals` installs what it needs", file=sys.stderr
            )
            return 3
        told[name] = json.loads(done.stdout.splitlines()[-1])
    print(json.dumps(told, ensure_ascii=False)) if asked.json else Console().print(_table(told))
    return 0


def _table(told: dict[str, dict[str, float]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("way", "recall", "truncated", "containment ≥ .6", "articles a second", "bytes an article"):
        table.add_column(title, justify="left" if title == "way" else "right")
    for name, row in told.items():
        figures = (f"{row[key]:.3f}" for key in ("recall", "truncated", "precision"))
        table.add_row(name, *figures, f"{row['rate']:,.0f}", f"{row['bytes']:,.0f}")
    return table


if __name__ == "__main__":
    sys.exit(main())
