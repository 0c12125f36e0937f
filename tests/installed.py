"""The project as its users have it: the built wheel and a lock's packages in an environment of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from deploy.check.dataflow import wheel
from tests.running import ROOT


def install(folder: Path, lock: Path) -> Path:
    """The bin folder of a fresh environment in `folder` with the packages of `lock`, the wheel, and nothing of ours."""
    python = folder / "venv" / "bin" / "python"
    wheel(ROOT, folder)
    (built,) = (folder / "wheel").glob("*.whl")
    for arguments in (
        ["venv", "-q", "--python", sys.executable, folder / "venv"],
        ["pip", "install", "-q", "--python", python, "--require-hashes", "-r", lock],
        ["pip", "install", "-q", "--python", python, "--no-deps", built],
    ):
        command = [sys.executable, "-m", "uv", *map(str, arguments)]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=900, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
    return python.parent
