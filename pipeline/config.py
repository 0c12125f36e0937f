"""The config file: its models, and how it is found, read and checked.

The raw text travels to workers unexpanded (`Ref`), so that a secret from the environment is never in a job's options
or graph.
"""

from __future__ import annotations

import functools
import ipaddress
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from pipeline.values import VARIABLE, duration, expand, nearest
from transforms.alert.channels import Channel
from transforms.errors import DataError
from transforms.yamls import read_yaml

Seconds = Annotated[
    float, BeforeValidator(duration), Field(json_schema_extra={"type": "string", "pattern": r"^\d+(\.\d+)?\s*[smhd]$"})
]
# A shorter value is a word like any other, and would be blotted out of innocent text.
SECRET_LENGTH = 6
# Kinds of the contract that come with a later version.
LATER = ("kafka", "elasticsearch")
LONGEST_S = 3650 * 86400.0
SLUG = re.compile(r"[^a-z0-9]+")


def _network(text: str) -> str:
    ipaddress.ip_network(text, strict=False)
    return text


def _within_ten_years(seconds: float) -> float:
    if seconds > LONGEST_S:
        raise ValueError("longer than ten years (3650d)")
    return seconds


class Part(BaseModel):
    """A part of the config: an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RssSource(Part):
    """A feed: RSS 0.9x to 2.0, RDF, Atom or JSON Feed. `agency` says whose own feed it is."""

    kind: Literal["rss"]
    url: SecretStr
    id: str = ""
    name: str = ""
    agency: str | None = None
    interval: Seconds | None = None
    language: str | None = None
    headers: dict[str, SecretStr] = {}

    @property
    def reader_id(self) -> str:
        """The id given, or one made of the URL without its credentials."""
        parts = urlsplit(self.url.get_secret_value())
        return self.id or SLUG.sub("-", f"{parts.hostname or ''}{parts.path}".lower()).strip("-")


class FilesSource(Part):
    """Article JSON lines (`docs/article.schema.json`); `path` may hold wildcards and end in .gz."""

    kind: Literal["files"]
    path: str
    id: str = ""


class NewsroomSource(Part):
    """The sample newsroom: feeds of invented news, served on this machine; a whole day in `day`."""

    kind: Literal["newsroom"]
    day: Seconds = 20.0


Source = Annotated[RssSource | FilesSource | NewsroomSource, Field(discriminator="kind")]


class EmbeddedIndex(Part):
    """One SQLite file, for one machine."""

    kind: Literal["embedded"] = "embedded"
    path: str = "data/news.db"


class Fetch(Part):
    """How feeds and pages are fetched. `allow_addresses` adds networks to the public ones; `hosts` says where a name
    is."""

    interval: Seconds = 300.0
    allow_addresses: list[Annotated[str, AfterValidator(_network)]] = []
    hosts: dict[str, str] = {}
    timeout: Seconds = 30.0
    max_bytes: int = Field(default=10 * 2**20, gt=0)
    threads: int = Field(default=32, gt=0, le=256)
    pages: bool = True
    per_host_delay: Seconds = 2.0


class Dedupe(Part):
    """Two articles fold when they are dated at most `ttl` apart. `shards` splits the candidate look-up."""

    ttl: Annotated[Seconds, AfterValidator(_within_ten_years)] = 7 * 86400.0
    shards: int = Field(default=1, ge=1, le=64)


class Agencies(Part):
    """`outlets`: domains (and their subdomains) that are an agency's own. `file` replaces the shipped agencies."""

    outlets: dict[str, str] = {}
    file: str | None = None


class Tags(Part):
    """Files of topics or entities beside the shipped ones; `shipped: false` leaves those out."""

    files: list[str] = []
    shipped: bool = True


class Alerts(Part):
    """`rules`: the rules file. `channels`: where alerts go, by the name that a rule gives."""

    rules: str | None = None
    channels: dict[str, Channel] = {}


class DeadLetters(Part):
    """Where what cannot be processed is kept."""

    path: str = "data/dead_letters.jsonl"


class Config(Part):
    """The whole config."""

    sources: list[Source] = Field(min_length=1)
    index: EmbeddedIndex = EmbeddedIndex()
    fetch: Fetch = Fetch()
    dedupe: Dedupe = Dedupe()
    agencies: Agencies = Agencies()
    topics: Tags = Tags()
    entities: Tags = Tags()
    alerts: Alerts = Alerts()
    dead_letters: DeadLetters = DeadLetters()


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
        raise _explain(ref.file, error) from None
    _check_ids(ref.file, config)
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


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _check_ids(file: str, config: Config) -> None:
    seen: dict[str, int] = {}
    for at, source in enumerate(config.sources):
        if isinstance(source, RssSource):
            if not _is_web(source.url.get_secret_value()):
                raise DataError(file, f"sources[{at}].url", "not an http or https URL", "begin it with https://")
            if source.reader_id in seen:
                other = f"sources[{seen[source.reader_id]}]"
                remedy = "give each source an id of its own"
                raise DataError(file, f"sources[{at}].id", f'"{source.reader_id}" is the id of {other} too', remedy)
            seen[source.reader_id] = at


def _explain(file: str, error: ValidationError) -> DataError:
    """The first mistake, in an editor's words. The value is never shown: it may be a secret."""
    first = error.errors(include_url=False, include_input=False)[0]
    steps = [step for step in first["loc"] if not (isinstance(step, str) and step in _KINDS)]
    key = "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in steps).lstrip(".")
    if first["type"] == "extra_forbidden":
        return DataError(file, key, "unknown key", nearest(str(steps[-1]), _keys_at(first["loc"])))
    if first["type"] == "missing":
        return DataError(file, key, "missing", "add it")
    if first["type"] == "union_tag_invalid":
        context = first.get("ctx", {})
        kind = str(context.get("tag", ""))
        if kind in LATER:
            return DataError(file, f"{key}.kind", f"{kind} is not in this version", "leave it out for now")
        return DataError(file, f"{key}.kind", f'unknown kind "{kind}"', nearest(kind, _tags(context)))
    if key == "index.kind":
        return DataError(file, key, "only the embedded index is in this version", "write embedded")
    return DataError(file, key, first["msg"].removeprefix("Value error, "), "see docs/config.md")


_KINDS = {"rss", "files", "newsroom", "terminal", "jsonl", "webhook"}


def _tags(context: Mapping[str, Any]) -> list[str]:
    return re.findall(r"'(\w+)'", str(context.get("expected_tags", "")))


def _keys_at(loc: tuple[int | str, ...]) -> list[str]:
    """The keys allowed where `loc` ends, found in the models' own schema."""
    schema = Config.model_json_schema()
    node: Any = schema
    for step in loc[:-1]:
        node = _follow(schema, node)
        if isinstance(step, int):
            node = node.get("items", {})
        elif step in node.get("properties", {}):
            node = node["properties"][step]
        elif "discriminator" in node:
            node = {"$ref": node["discriminator"]["mapping"].get(step, "")}
        else:
            node = node.get("additionalProperties", {})
    return list(_follow(schema, node).get("properties", {}))


def _follow(schema: Any, node: Any) -> Any:
    while isinstance(node, dict) and node.get("$ref"):
        node = schema["$defs"][node["$ref"].rsplit("/", 1)[1]]
    return node if isinstance(node, dict) else {}
