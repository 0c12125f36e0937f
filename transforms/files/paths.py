"""The files that a pattern of the config means."""

from __future__ import annotations

import glob
from pathlib import Path

from transforms.errors import DataError


def shown(name: str, limit: int = 200) -> str:
    """A file name that can be shown in one line: what is not printable is escaped, undecodable bytes too."""
    safe = "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii") for letter in name
    )
    return safe if len(safe) <= limit else f"…{safe[1 - limit :]}"


def expand(pattern: str, base: str | Path, file: str, key: str) -> list[str]:
    """The regular files that `pattern` names (`*`, `?`, `[…]`, and `**` for folders at any depth), sorted, each once.

    A relative pattern is under `base`; a file whose name is the pattern itself is taken as it is. DataError, naming the
    config's `file` and `key`, where there is none.
    """
    whole = Path(base, pattern).expanduser()
    if whole.is_file():
        return [str(whole)]
    found = sorted({name for name in glob.glob(str(whole), recursive=True) if Path(name).is_file()})
    if not found:
        remedy = "mend the path: it is relative to the config file"
        raise DataError(file, key, f"no file matches '{shown(pattern)}'", remedy)
    return found
