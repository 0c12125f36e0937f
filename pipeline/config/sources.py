"""The sources of the config, and the Kafka parts that sources and outputs share."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, WithJsonSchema, model_validator

from pipeline.config.part import Part, Seconds
from transforms.kafka.security import Brokers, KafkaSecurity, TopicName

# 2001; a smaller number was meant in seconds.
_EARLIEST_MS = 10**12
SLUG = re.compile(r"[^a-z0-9]+")


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


def _start(value: Any) -> Any:
    """A policy by name, or a moment in milliseconds UTC."""
    if isinstance(value, str) and value not in ("earliest", "latest", "committed"):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError("write earliest, latest, committed, or a time such as 2026-11-23T06:00:00Z") from None
        return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
    if isinstance(value, datetime):
        return round((value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp() * 1000)
    if isinstance(value, int) and value < _EARLIEST_MS:
        raise ValueError("a number is a moment in milliseconds UTC; write a time such as 2026-11-23T06:00:00Z")
    return value


class KafkaSource(Part):
    """Articles in Kafka topics: `topics` by name, or all that match `pattern`. `start` counts where the group has
    committed nothing yet."""

    kind: Literal["kafka"]
    brokers: Brokers
    topics: list[TopicName] = []
    pattern: str | None = None
    group: str = Field(default="news", min_length=1, max_length=200)
    start: Annotated[
        Literal["earliest", "latest", "committed"] | int,
        BeforeValidator(_start),
        WithJsonSchema({"type": "string", "default": "earliest"}),
    ] = "earliest"
    id: str = ""
    name: str = ""
    agency: str | None = None
    format: Literal["auto", "json", "cloudevents", "feed"] = "auto"
    security: KafkaSecurity = KafkaSecurity()
    disorder: Seconds = 60.0
    idle: Seconds = 5.0
    stall: Seconds = 60.0
    discover: Seconds = 30.0
    max_in_flight: int = Field(default=5000, gt=0, le=1_000_000)

    @model_validator(mode="after")
    def _named(self) -> KafkaSource:
        if bool(self.topics) == bool(self.pattern):
            raise ValueError("write either topics or pattern")
        try:
            re.compile(self.pattern or "")
        except re.error as error:
            raise ValueError(f"pattern is no regular expression: {error}") from None
        return self

    @property
    def reader_id(self) -> str:
        """The id given, or the group's name."""
        return self.id or SLUG.sub("-", self.group.lower()).strip("-") or "kafka"


class NewsroomSource(Part):
    """The sample newsroom: feeds of invented news, served on this machine; a whole day in `day`."""

    kind: Literal["newsroom"]
    day: Seconds = 20.0


Source = Annotated[RssSource | FilesSource | KafkaSource | NewsroomSource, Field(discriminator="kind")]
