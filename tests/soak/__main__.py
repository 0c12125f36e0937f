"""`make soak`: 200 feeds polled every two seconds on a Flink of its own, and whether checkpoints and memory grow.

    python -m tests.soak [--minutes 30] [--write FOLDER]

Prints a table; with --write also keeps what was noted (soak.json) and the curves (soak.svg) in FOLDER.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import uuid
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from tests.servers.elastic_server import Elastic
from tests.servers.flink_server import Flink
from tests.soak.curves import curves
from tests.soak.report import growth, table
from tests.soak.run import line, soak
from transforms.errors import MissingPart


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--write", type=Path, help="a folder for figures and curves")
    asked = parser.parse_args()
    try:
        told = _measured(asked.minutes, asked.write)
    except MissingPart as error:
        print(error, file=sys.stderr)
        return 3
    print(f"\n{table(told)}\n\nfrom the middle third to the last: {growth(told)}")
    return 0


def _measured(minutes: float, write: Path | None) -> dict[str, Any]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="news-soak-")))
        flink = stack.enter_context(closing(Flink()))
        url = os.environ.get("NEWS_TEST_ELASTICSEARCH")
        if not url:
            elastic = stack.enter_context(closing(Elastic()))
            elastic.start()
            url = elastic.url
        flink.start()

        def note(told: dict[str, Any]) -> None:
            print(line(told), flush=True)
            if write:
                keep(told, write)

        told = soak(flink, url, f"soak{uuid.uuid4().hex[:6]}", folder, minutes, note)
        note(told)
    return told


def keep(told: dict[str, Any], folder: Path) -> None:
    """The figures, and curves of them beside those of `before.json` if that is there."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "soak.json").write_text(json.dumps(told) + "\n", "utf-8")
    before = folder / "before.json"
    known = json.loads(before.read_text("utf-8")) if before.is_file() else None
    (folder / "soak.svg").write_text(curves(told, known), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
