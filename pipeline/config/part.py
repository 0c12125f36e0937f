"""What all parts of the config are made of: a closed model, durations, sizes, addresses."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from pipeline.values import duration, size

Seconds = Annotated[
    float, BeforeValidator(duration), Field(json_schema_extra={"type": "string", "pattern": r"^\d+(\.\d+)?\s*[smhd]$"})
]
Bytes = Annotated[int, BeforeValidator(size), Field(gt=0, json_schema_extra={"type": ["integer", "string"]})]


class Part(BaseModel):
    """A part of the config: an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def is_web(url: str) -> bool:
    """Whether it is a whole http or https address."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
