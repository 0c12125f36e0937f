"""What a Kafka source is told: which topics of which cluster, for which group, and how much may be on its way."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from transforms.records import Source

READER = "kafka:"
STARTS = ("earliest", "latest", "committed")
FORMATS = ("auto", "json", "cloudevents", "feed")


@dataclass(frozen=True, slots=True)
class KafkaSpec:
    """One source. `topics` are names, `pattern` is a regular expression that must match a whole name; one of the two.

    `start` counts where `group` has committed nothing: "earliest", "latest", "committed" (demands that something is
    committed), or milliseconds UTC. `security` holds keyword arguments of kafka-python (`security_protocol`, `sasl_…`,
    `ssl_…`).
    `disorder_s`: how far behind the newest record's time an older one may follow and still be on time. `idle_s`: a
    partition read to its end holds up no watermark after that long. Never more than `max_in_flight` records, or
    `max_bytes_in_flight`, are beyond what the group has committed, but always one. A consumer that gets nothing for
    `stall_s` although there is something is made anew. Topics and partitions are looked for every `discover_s`.
    It does not pickle, for it holds secrets: what travels is a function that opens it.
    """

    id: str
    brokers: tuple[str, ...]
    source: Source
    topics: tuple[str, ...] = ()
    pattern: str | None = None
    group: str = "news"
    start: str | int = "earliest"
    security: Mapping[str, Any] = field(default_factory=dict, repr=False)
    disorder_s: float = 60.0
    idle_s: float = 5.0
    max_in_flight: int = 5000
    max_bytes_in_flight: int = 64 * 2**20
    stall_s: float = 60.0
    discover_s: float = 30.0
    format: str = "auto"

    def __post_init__(self) -> None:
        """Raise ValueError for what cannot be read."""
        if not self.brokers or bool(self.topics) == bool(self.pattern):
            raise ValueError(f"kafka {self.id}: brokers, and either topics or a pattern, must be given")
        if isinstance(self.start, str) and self.start not in STARTS:
            raise ValueError(f"kafka {self.id}: start must be one of {', '.join(STARTS)}, or a time")
        if self.pattern is not None:
            re.compile(self.pattern)
        if self.max_in_flight < 1 or self.max_bytes_in_flight < 1:
            raise ValueError(f"kafka {self.id}: what may be in flight must be at least 1")

    def __reduce__(self) -> NoReturn:
        raise TypeError("a KafkaSpec holds secrets and does not travel; send a function that opens it")

    @property
    def reader_prefix(self) -> str:
        """How the names of this source's readers begin."""
        return f"{READER}{self.id}:"

    def reader(self, topic: str, partition: int) -> str:
        """The name of a partition in origins and extents."""
        return f"{self.reader_prefix}{topic}:{partition}"

    def wants(self, topic: str) -> bool:
        """Whether a topic of the cluster is to be read. A pattern never takes Kafka's own topics."""
        if self.pattern is None:
            return topic in self.topics
        return not topic.startswith("__") and re.fullmatch(self.pattern, topic) is not None


def partition_of(reader: str) -> tuple[str, str, int]:
    """Source id, topic and partition of a reader's name. A topic's name holds no colon; a source's id may."""
    name, _, number = reader.removeprefix(READER).rpartition(":")
    source, _, topic = name.rpartition(":")
    return source, topic, int(number)


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """One cluster to write to, and the topics for each kind of document; a kind without one is not written.

    `compression` is None, "gzip" or "zstd", for which nothing more needs to be installed. A message of more than
    `max_bytes`, before compression, is not tried. It does not pickle, for `security` holds secrets.
    """

    brokers: tuple[str, ...]
    articles: str | None = None
    stories: str | None = None
    alerts: str | None = None
    security: Mapping[str, Any] = field(default_factory=dict, repr=False)
    compression: str | None = None
    max_bytes: int = 2**20

    def __reduce__(self) -> NoReturn:
        raise TypeError("an OutputSpec holds secrets and does not travel; send a function that opens it")

    @property
    def key(self) -> tuple[Any, ...]:
        """What makes two outputs one to the same process: the cluster, and how it is reached."""
        return (self.brokers, tuple(sorted(self.security.items())), self.compression, self.max_bytes)
