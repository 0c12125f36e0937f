"""`python -m pipeline` with a fault of our own in one stage: at one article it fails, with a secret in what it says.

failing.py language|fold|index ARGS…
"""

from __future__ import annotations

import os
import sys
from typing import Any

from pipeline import logs
from pipeline.cli import main


def fail(at: str, text: str = "") -> None:
    """Fail where the secret word stands in a text."""
    if "unlucky" in text:
        raise RuntimeError(f"{at} fails with http://user:{os.environ['FEED_PASSWORD']}@host/?token=abcdef123456")


def break_stage(stage: str) -> None:
    """Let the stage fail at the unlucky article."""
    if stage == "language":
        from transforms.language import stage as module

        detect = module.detect

        def broken(title: str, *more: Any) -> Any:
            fail(stage, title)
            return detect(title, *more)

        module.detect = broken
    elif stage == "fold":
        from transforms.fold.memory import Memory

        decide = Memory.decide

        def decided(self: Memory, article: Any, *more: Any) -> Any:
            fail(stage, article.title)
            return decide(self, article, *more)

        Memory.decide = decided  # type: ignore[method-assign]
    else:
        from transforms.index.embedded import EmbeddedIndex

        def refused(self: EmbeddedIndex, writes: Any) -> Any:
            fail(stage, "unlucky")

        EmbeddedIndex.apply = refused  # type: ignore[method-assign]


if __name__ == "__main__":
    logs.setup()  # before Beam, which a stage brings in
    break_stage(sys.argv[1])
    main(sys.argv[2:])
