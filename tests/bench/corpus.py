"""What is measured with: plain-text articles of saudinewsnet as article JSON lines, and the config that reads them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from pipeline import config
from tests.running import ROOT, configure, write_lines

RULES = ROOT / "pipeline" / "newsroom" / "rules.yaml"


@dataclass(frozen=True, slots=True)
class Corpus:
    """A file of article JSON lines, how many it has, and their mean size in bytes."""

    path: Path
    articles: int
    mean_bytes: int


def records(articles: Path) -> Iterator[dict[str, Any]]:
    """The rows of saudinewsnet as article JSON; the moment of extraction is both `published` and `arrived`."""
    with gzip.open(articles, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield {
                "url": row["url"],
                "title": row["title"],
                "body": row["content"],
                "author": row["author"],
                "source": {"id": row["source"], "domain": f"{row['source']}.com"},
                "published": row["date_extracted"],
                "arrived": row["date_extracted"],
            }


def write(articles: Path, path: Path, count: int) -> Corpus:
    """The first `count` articles as one file, in order of arrival, which is how a runner hands them on."""
    taken = sorted(islice(records(articles), count), key=lambda record: record["arrived"])
    write_lines(path, taken)
    return Corpus(path, len(taken), path.stat().st_size // max(1, len(taken)))


def reference(folder: Path, corpus: Corpus, shards: int = 1) -> config.Ref:
    """A config that reads the corpus into a new index in `folder`, with the sample newsroom's rules."""
    folder.mkdir(parents=True)
    sources = [{"kind": "files", "path": str(corpus.path)}]
    return config.read(configure(folder, sources, alerts={"rules": str(RULES)}, dedupe={"shards": shards}))
