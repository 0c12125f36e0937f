"""`check`: each part that a run needs, looked at without changing anything."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline import opening, prism, servers
from pipeline.config import Config, ElasticsearchIndex, Ref, resolve
from transforms.alert.rules import Rules
from transforms.attribute.agencies import Agencies
from transforms.errors import DataError, MissingPart
from transforms.index.interface import IndexAway
from transforms.index.schema import IndexFileError
from transforms.records import Json
from transforms.tag.entities import Gazetteer
from transforms.tag.topics import Topics

BAD_CONFIG, MISSING = 2, 3


@dataclass(frozen=True, slots=True)
class Row:
    """One thing checked: what it is, what was found, and the exit code that it asks for (0: fine)."""

    what: str
    said: str
    code: int = 0

    @property
    def good(self) -> bool:
        """Whether nothing is wrong with it."""
        return self.code == 0

    def document(self) -> Json:
        """For machines."""
        return {"check": self.what, "ok": self.good, "message": self.said}


def checks(ref: Ref, prism_option: str | None) -> Iterator[Row]:
    """All checks; one that fails does not hide the others, but a bad config ends them."""
    first = _try("config", lambda: _config(ref))
    yield first
    if not first.good:
        return
    config = resolve(ref)
    yield _try("feeds", lambda: f"{len(opening.feeds_of(ref))}")
    yield _try("files", lambda: f"{len(opening.files_of(ref))}")
    yield _try("agencies", lambda: _data(opening.agencies_of(ref), len(opening.agencies_of(ref).slugs)))
    yield _try("entities", lambda: _data(opening.gazetteer_of(ref), opening.gazetteer_of(ref).count))
    yield _try("topics", lambda: _data(opening.topics_of(ref), len(opening.topics_of(ref).all)))
    yield _try("alert rules", lambda: _data(opening.rules_of(ref), len(opening.rules_of(ref).rules)))
    yield _try("furniture, walls, links, slots", opening.words_of_texts)
    yield _try("index", lambda: _index(ref, config))
    for at in servers.kafka_sources(ref):
        yield _try(f"Kafka {servers.kafka_of(ref, at).id}", lambda at=at: _kafka(ref, at))  # type: ignore[misc]
    yield _try("Prism", lambda: _prism(prism_option, bool(opening.feeds_of(ref) or servers.kafka_sources(ref))))


def _try(what: str, look: Callable[[], str]) -> Row:
    try:
        return Row(what, look())
    except (DataError, IndexFileError) as error:
        return Row(what, str(error), BAD_CONFIG)
    except (MissingPart, IndexAway) as error:
        return Row(what, str(error), MISSING)


def _data(data: Agencies | Gazetteer | Topics | Rules, count: int) -> str:
    return f"{count}, version {data.version}"


def _config(ref: Ref) -> str:
    return f"{ref.file}, {len(resolve(ref).sources)} sources"


def _index(ref: Ref, config: Config) -> str:
    if isinstance(config.index, ElasticsearchIndex):
        return _elastic(ref)
    path = ref.path(config.index.path)
    if path.exists():
        return f"embedded, {opening.index_of(ref).counts()['articles']} articles"
    folder = _existing(path.parent)
    if not os.access(folder, os.W_OK):
        raise DataError(ref.file, "index.path", f"{folder} cannot be written", "name a folder that can")
    return "embedded, made at the first run"


def _elastic(ref: Ref) -> str:
    from transforms.elastic.setup import setup
    from transforms.elastic.version import check_version

    version = check_version(servers.server_of(ref)) or "of an unknown version"
    waiting = setup(servers.server_of(ref), servers.elastic_of(ref), dry_run=True)
    if waiting:
        return f"Elasticsearch {version}; `index setup` or the first run puts {len(waiting)} parts in place"
    return f"Elasticsearch {version}, {opening.index_of(ref, patient=False).counts()['articles']} articles"


def _kafka(ref: Ref, at: int) -> str:
    from transforms.kafka.client import KafkaError
    from transforms.kafka.starts import check

    spec = servers.kafka_of(ref, at)
    try:
        found = check(spec)
    except KafkaError as error:
        why = f"no broker answers at {', '.join(spec.brokers)} ({type(error).__name__})"
        raise MissingPart(f"{why}; start it, or mend `brokers`") from None
    behind = sum(end - (committed or 0) for committed, end in found.values())
    return f"{len(found)} partitions, {behind} records not committed by the group {spec.group}"


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder


def _prism(option: str | None, feeds: bool) -> str:
    found = prism.find(option)
    if found is not None:
        return "found"
    if not feeds or prism.can_get():
        return "not here yet; got when streaming first needs it"
    raise MissingPart(prism.REMEDY)
