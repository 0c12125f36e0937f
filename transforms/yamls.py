"""Reading the YAML that people write: safely, and without letting the last of two like keys win in silence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from transforms.errors import DataError


class UniqueKeys(yaml.SafeLoader):
    """A safe loader that refuses a key given twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                problem = f"the key {key.value!r} is given twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_yaml(
    path: Path, file: str, absent: str = "name a file that is there", loader: type[UniqueKeys] = UniqueKeys
) -> Any:
    """What the file at `path` says. DataError that names `file`, the line and the remedy (`absent`, where it is
    missing)."""
    try:
        return yaml.load(path.read_text("utf-8"), loader)  # noqa: S506 - derives from SafeLoader
    except FileNotFoundError:
        raise DataError(file, "", "no such file", absent) from None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(file, "", f"cannot be read ({error})", "make it a readable UTF-8 file") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else ""
        problem = str(getattr(error, "problem", None) or "not YAML")
        raise DataError(file, where, problem, "mend the YAML there") from None
