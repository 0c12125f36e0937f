"""Loading of the YAML files that editors change, checked against a pydantic model."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from transforms.errors import DataError

DATA = Path(__file__).resolve().parent.parent / "data"


class Strict(BaseModel):
    """A model that knows all its keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


M = TypeVar("M", bound=BaseModel)


def load(path: Path, model: type[M]) -> M:
    """The YAML file at `path` as a `model`; raises DataError that names the file and the key at fault."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(path.name, "", f"cannot be read ({error.strerror})", "restore the file") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        problem = " ".join(str(error).split())
        raise DataError(path.name, "", f"is not YAML in UTF-8: {problem}", "mend that place") from error
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        remedy = "remove it, or correct its name" if first["type"] == "extra_forbidden" else "correct the value"
        raise DataError(path.name, key, first["msg"], remedy) from error
