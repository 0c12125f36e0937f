"""The config file: how it is found, read and checked; `model` tells its keys.

The raw text travels to workers unexpanded (`Ref`), so that a secret from the environment is never in a job's options
or graph.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from pipeline.config.errors import explain
from pipeline.config.model import Config
from pipeline.config.part import is_web
from pipeline.config.sources import FilesSource, KafkaSource, NewsroomSource, RssSource
from pipeline.config.stores import ElasticsearchIndex, EmbeddedIndex, KafkaOutput
from pipeline.values import VARIABLE, expand
from transforms import logs
from transforms.errors import DataError
from transforms.yamls import read_yaml

# A shorter value is a word like any other, and would be blotted out of innocent text.
SECRET_LENGTH = 6


@dataclass(frozen=True, slots=True)
class Ref:
    """A config as it was written, to be sent to workers and opened there: JSON text, and the folder of its file."""

    text: str
    base: str
    file: str

    def path(self, relative: str) -> Path:
        """A path in the config is relative to the config file."""
        return Path(self.base) / Path(relative).expanduser()


def find(explicit: str | None = None) -> Path:
    """The config file in force: the one named, else NEWS_CONFIG, config.local.yaml, config.yaml. DataError if
    absent."""
    named = explicit or os.environ.get("NEWS_CONFIG")
    paths = [Path(named)] if named else [Path("config.local.yaml"), Path("config.yaml")]
    for path in paths:
        if path.is_file():
            return path
    raise DataError(str(paths[-1]), "", "there is no such config file", "name one with --config or NEWS_CONFIG")


def read(path: Path) -> Ref:
    """The file as a Ref; DataError for what is not YAML or not a mapping. Nothing is expanded yet."""
    raw = read_yaml(path, str(path))
    if not isinstance(raw, dict):
        raise DataError(str(path), "", "not a mapping of keys", "begin with sources:")
    return Ref(json.dumps(raw, ensure_ascii=False, default=str), str(path.resolve().parent), path.name)


@functools.lru_cache(maxsize=8)
def resolve(ref: Ref) -> Config:
    """The checked config of `ref`, with the environment of this process; DataError names file, key and remedy."""
    try:
        config = Config.model_validate(expand(raw(ref), ref.file))
    except ValidationError as error:
        raise explain(ref.file, error) from None
    logs.hide(secrets(ref))
    _check_ids(ref.file, config)
    _check_secrets(ref)
    _check_retention(ref.file, config)
    return config


def raw(ref: Ref) -> dict[str, Any]:
    """The config as it was written, nothing expanded."""
    written: dict[str, Any] = json.loads(ref.text)
    return written


def secrets(ref: Ref) -> tuple[str, ...]:
    """The values from the environment that this config uses: what no dead letter may hold."""
    values = (os.environ.get(name, "") for name in set(VARIABLE.findall(ref.text)))
    return tuple(value for value in values if len(value) >= SECRET_LENGTH)


def patched(ref: Ref, changes: Mapping[str, Any]) -> Ref:
    """`ref` with top-level keys replaced."""
    return Ref(json.dumps({**raw(ref), **changes}, ensure_ascii=False), ref.base, ref.file)


def _check_ids(file: str, config: Config) -> None:
    seen: dict[tuple[str, str], int] = {}
    for at, source in enumerate(config.sources):
        if isinstance(source, RssSource) and not is_web(source.url.get_secret_value()):
            raise DataError(file, f"sources[{at}].url", "not an http or https URL", "begin it with https://")
        if isinstance(source, RssSource | KafkaSource):
            key = source.kind, source.reader_id
            if key in seen:
                other = f"sources[{seen[key]}]"
                remedy = "give each source an id of its own"
                raise DataError(file, f"sources[{at}].id", f'"{source.reader_id}" is the id of {other} too', remedy)
            seen[key] = at


def _check_retention(file: str, config: Config) -> None:
    kept = config.index.retention if isinstance(config.index, ElasticsearchIndex) else None
    if kept is not None and kept < 3 * config.dedupe.ttl:
        remedy = "keep articles for at least three times dedupe.ttl, as folding reads that far back"
        raise DataError(file, "index.retention", "is too short", remedy)


def _urls(part: Any) -> list[str]:
    told = part.get("url") if isinstance(part, dict) else None
    return [url for url in (told if isinstance(told, list) else [told]) if isinstance(url, str)]


def _check_secrets(ref: Ref) -> None:
    """Passwords of servers are named in the config, never written: its text travels with the job."""
    written = raw(ref)
    parts: list[tuple[str, Any]] = [("index", written.get("index"))]
    channels = (written.get("alerts") or {}).get("channels") or {}
    for name, channel in channels.items():
        if isinstance(channel, dict):
            parts.append((f"alerts.channels.{name}.security", channel.get("security")))
    for section in ("sources", "outputs"):
        parts += [
            (f"{section}[{at}].security", part.get("security"))
            for at, part in enumerate(written.get(section) or ())
            if isinstance(part, dict)
        ]
    for where, part in parts:
        for url in _urls(part):
            if "@" in (urlsplit(url).netloc) and not VARIABLE.search(urlsplit(url).netloc):
                remedy = "write username, and password as ${NAME}, beside it"
                raise DataError(ref.file, f"{where}.url", "a secret stands in the file", remedy)
        for name in ("api_key", "password", "key_password"):
            value = part.get(name) if isinstance(part, dict) else None
            if value is not None and not VARIABLE.search(str(value)):
                remedy = "write ${NAME} here, and set NAME in the environment"
                raise DataError(ref.file, f"{where}.{name}", "a secret stands in the file", remedy)


__all__ = [
    "Config", "ElasticsearchIndex", "EmbeddedIndex", "FilesSource", "KafkaOutput", "KafkaSource",
    "NewsroomSource", "Ref", "RssSource", "find", "patched", "raw", "read", "resolve", "secrets",
]  # fmt: skip
