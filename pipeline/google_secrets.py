"""Secrets of a job on Dataflow, which gives its workers no environment: read from Google's Secret Manager when a worker
starts, and put into its environment, where the config's `${NAME}` looks for them. What travels with the job is where a
secret is, never what it is.

A Beam plugin: a worker imports this module before anything of the graph.
"""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions

from transforms.errors import DataError

_PLACE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(projects/[^/,=]+/secrets/[^/,=]+/versions/[^/,=]+)")


class SecretOptions(PipelineOptions):
    """Where secrets are."""

    @classmethod
    def _add_argparse_args(cls, parser: Any) -> None:
        parser.add_argument("--secrets", default="", help="NAME=projects/P/secrets/S/versions/V, separated by commas.")


def places(text: str) -> dict[str, str]:
    """`NAME=projects/P/secrets/S/versions/V,…` as a dict. Raises DataError for anything else."""
    found = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        match = _PLACE.fullmatch(part)
        if match is None:
            remedy = "write NAME=projects/PROJECT/secrets/SECRET/versions/VERSION, separated by commas"
            raise DataError("--secrets", "", f'"{part}" does not say where a secret is', remedy)
        found[match[1]] = match[2]
    return found


def fetch(place: str) -> str:
    """The secret at this place, as the worker's own account may read it."""
    manager = importlib.import_module("google.cloud.secretmanager")
    answer = manager.SecretManagerServiceClient().access_secret_version(name=place)
    return str(answer.payload.data.decode())


def load(text: str, access: Callable[[str], str] = fetch) -> None:
    """Put each secret that `text` tells of into the environment, but for those that are there."""
    for name, place in places(text).items():
        if name not in os.environ:
            os.environ[name] = access(place)


def _begin() -> None:
    """In a worker: the options came with the job."""
    from apache_beam.runners.worker.sdk_worker_main import _load_pipeline_options

    file = os.environ.get("PIPELINE_OPTIONS_FILE")
    told = _load_pipeline_options(Path(file).read_text("utf-8") if file else os.environ.get("PIPELINE_OPTIONS"))
    load(told.get("secrets") or "")


# Set by Beam for a worker, and for nothing else: whoever submits imports this module as well.
if "CONTROL_API_SERVICE_DESCRIPTOR" in os.environ:
    _begin()
