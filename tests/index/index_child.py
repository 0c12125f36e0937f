"""A process of its own beside the test: `index_child.py write|read|hold|torn PATH [PREFIX]`. Says what it did.

The caller puts this directory and the project's on PYTHONPATH.
"""

from __future__ import annotations

import sys
import time

from index_samples import whole

from transforms.index.articles import Batch
from transforms.index.embedded import EmbeddedIndex
from transforms.index.interface import Query


def say(text: object) -> None:
    print(text, flush=True)


def write(index: EmbeddedIndex, prefix: str) -> None:
    """Batches of ten for ever; each is reported only once it is written."""
    number = 0
    while True:
        keys = [f"{prefix}{number + step}" for step in range(10)]
        index.apply([one for key in keys for one in whole(key, f"s-{key}")])
        number += 10
        say(number)


def read(index: EmbeddedIndex) -> None:
    """Reads until ten rounds have shown whole batches only."""
    for _ in range(10):
        counts, found = index.counts(), index.search(Query("dalmar", limit=10))
        assert len(found) == 10
        with index._db.read() as db:
            matching = db.execute("SELECT count(*) FROM fts WHERE fts MATCH 'dalmar'").fetchone()[0]
        assert matching % 10 == 0, matching
        assert counts["articles"] % 10 == counts["stories"] % 10 == 0
        time.sleep(0.02)
    say("read")


def torn(index: EmbeddedIndex) -> None:
    """Writes a batch and stays inside the transaction."""
    with index._db.write() as db:
        writes = [one for number in range(500) for one in whole(f"torn{number}", "s-torn", body="torn " * 2000)]
        batch = Batch(db, [one.id for one in writes], set())
        for one in writes:
            batch.take(one)
        batch.store()
        say("inside")
        time.sleep(60)


def main() -> None:
    task, path = sys.argv[1:3]
    index = EmbeddedIndex(path)
    if task == "write":
        write(index, sys.argv[3])
    elif task == "read":
        read(index)
    elif task == "torn":
        torn(index)
    else:
        say("open")
        time.sleep(60)


if __name__ == "__main__":
    main()
