"""Where the evaluation data is, and how its files are read."""

from __future__ import annotations

import csv
import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.running import ROOT
from transforms.errors import MissingPart

VARIABLE = "NEWS_EVAL_DATA"


def folder(name: str) -> Path:
    """The folder of the set `name`: under NEWS_EVAL_DATA, else beside the project. MissingPart where it is absent."""
    path = Path(os.environ.get(VARIABLE) or ROOT.parent / "shared" / "eval") / name
    if not path.is_dir():
        raise MissingPart(f"no evaluation data at {path}; set {VARIABLE} to the folder that holds {name}/")
    return path


def json_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a gzipped file of JSON lines."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def table(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a tab-separated file, plain or gzipped, by the names in its first line."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines, delimiter="\t")
