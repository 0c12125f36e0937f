"""What the config names, opened: index, data, rules, feeds. Each process opens its own, once. Beam is not needed for
any.

What travels to a worker is the config as written (`Ref`), with these functions by name.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pipeline import servers
from pipeline.config import ElasticsearchIndex, FilesSource, KafkaSource, Ref, RssSource, resolve
from pipeline.values import nearest
from transforms.alert.rules import Rules, load_rules
from transforms.attribute.agencies import Agencies, load_agencies
from transforms.clean.phrases import phrases
from transforms.clean.urls import link_rules
from transforms.clean.walls import walls
from transforms.errors import DataError
from transforms.feeds.specs import FeedSpec, FetchPolicy
from transforms.files.paths import expand
from transforms.fold.facts import vocabulary as slots
from transforms.fold.walls import vocabulary as walls_of_sentences
from transforms.index.interface import Index
from transforms.index.open import open_index
from transforms.records import Source
from transforms.tag.entities import Gazetteer, builtin_paths, load_gazetteer
from transforms.tag.topics import SHIPPED, Topics, load_topics

if TYPE_CHECKING:
    from transforms.feeds.poller import Poller


def index_of(ref: Ref, patient: bool = True) -> Index:
    """The index of this config, one per process. Where it is a server that is away, a `patient` one waits for it; the
    other raises IndexAway after some seconds."""
    part = resolve(ref).index
    if isinstance(part, ElasticsearchIndex):
        return open_index(part.kind, spec=servers.elastic_of(ref), patient=patient)
    return open_index(part.kind, path=str(ref.path(part.path)))


def words_of_texts() -> str:
    """Load the shipped words that cleaning and folding read: furniture, walls, links and slots; the names of their
    files. Raises DataError for a mistake in one."""
    loaded = {
        "furniture.yaml": phrases, "wall_pages.yaml": walls, "walls.yaml": walls_of_sentences,
        "urls.yaml": link_rules, "slots.yaml": slots,
    }  # fmt: skip
    for load in loaded.values():
        load()
    return ", ".join(loaded)


@functools.lru_cache(maxsize=8)
def agencies_of(ref: Ref) -> Agencies:
    """The agencies, with the outlets and slugs that the config names checked."""
    config = resolve(ref)
    file = config.agencies.file
    found = load_agencies(ref.path(file) if file else None, config.agencies.outlets)
    for at, source in enumerate(config.sources):
        if (
            isinstance(source, RssSource | KafkaSource)
            and source.agency is not None
            and source.agency not in found.slugs
        ):
            problem = f'unknown agency "{source.agency}"'
            raise DataError(ref.file, f"sources[{at}].agency", problem, nearest(source.agency, found.slugs))
    return found


@functools.lru_cache(maxsize=8)
def gazetteer_of(ref: Ref) -> Gazetteer:
    """The entities: shipped, the config's own, and its lists."""
    part = resolve(ref).entities
    files = (*(builtin_paths() if part.shipped else ()), *map(ref.path, part.files))
    return load_gazetteer(files, tuple(map(ref.path, part.lists)))


@functools.lru_cache(maxsize=8)
def topics_of(ref: Ref) -> Topics:
    """The topics: shipped, and the config's own."""
    part = resolve(ref).topics
    return load_topics((*((SHIPPED,) if part.shipped else ()), *map(ref.path, part.files)))


@functools.lru_cache(maxsize=8)
def rules_of(ref: Ref) -> Rules:
    """The alert rules, checked against topics, entities, agencies and channels that exist."""
    part = resolve(ref).alerts
    return load_rules(
        ref.path(part.rules) if part.rules else None,
        topics=[topic.id for topic in topics_of(ref).all],
        entities=gazetteer_of(ref).ids,
        agencies=agencies_of(ref).slugs,
        channels=tuple(part.channels),
    )


def own_agency(ref: Ref, url: str | None, source: Source) -> str | None:
    """The agency whose own article this is: as the config declares the feed, else by the domain of article or
    source."""
    agencies = agencies_of(ref)
    host = urlsplit(url).hostname if url else None
    return source.agency or agencies.owner(host or "", None) or agencies.owner(source.domain, None)


def agency_names(ref: Ref) -> dict[str, str]:
    """What agencies are called, by slug."""
    return agencies_of(ref).names


def feeds_of(ref: Ref) -> list[FeedSpec]:
    """The feeds of the config."""
    config = resolve(ref)
    specs = []
    for source in config.sources:
        if not isinstance(source, RssSource):
            continue
        url = source.url.get_secret_value()
        domain = (urlsplit(url).hostname or "").removeprefix("www.")
        specs.append(
            FeedSpec(
                id=source.reader_id,
                url=url,
                source=Source(source.reader_id, source.name or source.reader_id, domain, source.agency),
                interval_s=source.interval or config.fetch.interval,
                language=source.language,
                headers=tuple((name, value.get_secret_value()) for name, value in source.headers.items()),
            )
        )
    return specs


def policy_of(ref: Ref) -> FetchPolicy:
    """How to fetch, as the config says."""
    fetch = resolve(ref).fetch
    return FetchPolicy(
        allow_addresses=tuple(fetch.allow_addresses),
        hosts=dict(fetch.hosts),
        max_bytes=fetch.max_bytes,
        timeout_s=fetch.timeout,
        threads=fetch.threads,
        pages=fetch.pages,
        per_host_delay_s=fetch.per_host_delay,
    )


def poller_of(ref: Ref, due_only: bool, once: bool) -> Poller:
    """A poller of all feeds of the config; with `once` each is polled once, with `due_only` if its time has come."""
    # It brings in the page reader, which takes half a second to import.
    from transforms.feeds.poller import Poller

    return Poller(feeds_of(ref), index_of(ref), policy_of(ref), once=once, due_only=due_only)


def files_of(ref: Ref) -> list[tuple[str, Source]]:
    """The files of the config, patterns expanded, each once, with what is said of a source that a record does not name;
    DataError where a pattern names none."""
    found: dict[str, Source] = {}
    for at, source in enumerate(resolve(ref).sources):
        if isinstance(source, FilesSource):
            for path in expand(source.path, ref.base, ref.file, f"sources[{at}].path"):
                found.setdefault(path, Source(source.id))
    return list(found.items())


def beside(ref: Ref, name: str) -> Path:
    """Where a file of the run's own stands: beside the embedded index, else beside the dead letters."""
    config = resolve(ref)
    near = config.dead_letters.path if isinstance(config.index, ElasticsearchIndex) else config.index.path
    return ref.path(near).with_name(name)


def dead_letters_of(ref: Ref) -> str:
    """The path of the dead letters."""
    return str(ref.path(resolve(ref).dead_letters.path))
