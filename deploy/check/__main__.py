"""`python -m deploy.check`: every file under deploy/ by its own tool. Exit codes: 0 all fits, 1 something does not, 3 a
tool is missing."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from deploy.check import compose, dataflow, image, kubernetes
from transforms.errors import MissingPart

ROOT = Path(__file__).resolve().parents[2]
PARTS: dict[str, Callable[[], list[str]]] = {
    "image": lambda: image.problems(ROOT),
    "kubernetes": lambda: kubernetes.problems(ROOT / "deploy" / "kubernetes"),
    "compose.yaml": lambda: compose.problems(ROOT / "deploy" / "compose.yaml"),
    "dataflow": lambda: dataflow.problems(ROOT),
}


def main() -> int:
    """Check all, say what is wrong with each; what cannot be checked for want of a tool is said, and fails in CI."""
    wrong, missing = 0, 0
    for name, look in PARTS.items():
        try:
            found = look()
        except MissingPart as error:
            missing += 1
            print(f"{name}: not checked: {error}", file=sys.stderr)
            continue
        wrong += len(found)
        print("\n".join(f"{name}: {line}" for line in found) or f"{name}: all fits")
    if wrong:
        return 1
    if missing:
        return 1 if os.environ.get("CI") == "true" else 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
