"""Where documents go: the index, and the outputs for others."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SecretStr, model_validator

from pipeline.config.part import Bytes, Part, Seconds, is_web
from transforms.kafka.security import Brokers, KafkaSecurity, TopicName

# What Elasticsearch takes at the head of an index name.
PREFIX = r"^[a-z][a-z0-9_.-]{0,60}$"


class EmbeddedIndex(Part):
    """One SQLite file, for one machine."""

    kind: Literal["embedded"] = "embedded"
    path: str = "data/news.db"


class ElasticsearchIndex(Part):
    """Elasticsearch 9. `url` may be a list, all of one cluster."""

    kind: Literal["elasticsearch"]
    url: SecretStr | Annotated[list[SecretStr], Field(min_length=1)]
    prefix: str = Field(default="news", pattern=PREFIX)
    api_key: SecretStr | None = None
    username: str | None = None
    password: SecretStr | None = None
    ca: str | None = None
    timeout: Seconds = 30.0
    bulk_docs: int = Field(default=500, gt=0, le=10_000)
    bulk_size: Bytes = 8 * 2**20
    shards: int = Field(default=1, ge=1, le=64)
    replicas: int | None = Field(default=None, ge=0, le=8)
    rollover_age: Seconds = 30 * 86400.0
    rollover_size: Bytes = 30 * 2**30
    retention: Seconds | None = None

    @model_validator(mode="after")
    def _one_way_in(self) -> ElasticsearchIndex:
        if self.api_key and (self.username or self.password):
            raise ValueError("write either api_key or username and password")
        if bool(self.username) != bool(self.password):
            raise ValueError("username and password belong together")
        if not all(is_web(url) for url in self.urls):
            raise ValueError("url: not an http or https URL (is the environment variable set?)")
        return self

    @property
    def urls(self) -> list[str]:
        """The addresses, as written."""
        return [url.get_secret_value() for url in (self.url if isinstance(self.url, list) else [self.url])]


Index = Annotated[EmbeddedIndex | ElasticsearchIndex, Field(discriminator="kind")]


class OutputTopics(Part):
    """Where documents go; a kind that is not named goes nowhere."""

    articles: TopicName | None = None
    stories: TopicName | None = None
    alerts: TopicName | None = None

    @model_validator(mode="after")
    def _some(self) -> OutputTopics:
        named = [topic for topic in (self.articles, self.stories, self.alerts) if topic]
        if not named:
            raise ValueError("name at least one topic: articles, stories or alerts")
        if len(set(named)) != len(named):
            raise ValueError("each kind needs a topic of its own")
        return self


class KafkaOutput(Part):
    """Documents for others, in Kafka topics."""

    kind: Literal["kafka"]
    brokers: Brokers
    topics: OutputTopics
    compression: Literal["gzip", "zstd"] | None = None
    max_size: Bytes = 2**20
    security: KafkaSecurity = KafkaSecurity()
