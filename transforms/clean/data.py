"""Loading of the YAML files that editors change, checked against a pydantic model."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from transforms.errors import DataError
from transforms.yamls import read_yaml

DATA = Path(__file__).resolve().parent.parent / "data"


class Strict(BaseModel):
    """A model that knows all its keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


M = TypeVar("M", bound=BaseModel)


def load(path: Path, model: type[M]) -> M:
    """The YAML file at `path` as a `model`; raises DataError that names the file and the key at fault."""
    content = read_yaml(path, path.name, "restore the file")
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        remedy = "remove it, or correct its name" if first["type"] == "extra_forbidden" else "correct the value"
        raise DataError(path.name, key, first["msg"], remedy) from error
