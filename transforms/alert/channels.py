"""The channels that alerts go to, as the config states them under `channels:` (a name for each, then its kind).

channels:
  terminal: {kind: terminal}
  file: {kind: jsonl, path: data/alerts.jsonl}
  desk: {kind: webhook, url: "${HOOK_URL}", secret: "${HOOK_SECRET}", timeout: 10s}
  bus: {kind: kafka, brokers: ["broker.example:9092"], topic: news-alerts}
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator

from transforms.kafka.security import Brokers, KafkaSecurity, TopicName

_DURATION = re.compile(r"(\d+)\s*([smhd])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
# What the delivery itself says; a config must not be able to break the promise that these make.
_RESERVED = ("host", "content-length", "content-type", "transfer-encoding", "connection", "idempotency-key")


def _seconds(value: Any) -> Any:
    if isinstance(value, str):
        match = _DURATION.fullmatch(value.strip())
        if match is None:
            raise ValueError("write a duration: 30s, 5m, 2h or 7d")
        return int(match[1]) * _UNITS[match[2]]
    return value


Duration = Annotated[int, BeforeValidator(_seconds)]


class TerminalChannel(BaseModel):
    """A line on the terminal for each alert."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["terminal"]


class JsonlChannel(BaseModel):
    """A line of JSON in a file for each alert: the alert document with its idempotency `key`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["jsonl"]
    path: str = Field(min_length=1, description="Relative to the config file.")


class WebhookChannel(BaseModel):
    """A POST of the alert document as JSON, with the header Idempotency-Key.

    With a `secret` each request is signed as the Standard Webhooks specification says (headers webhook-id,
    webhook-timestamp and webhook-signature, HMAC-SHA256; a secret that begins with whsec_ is base64).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["webhook"]
    url: SecretStr = Field(description="http or https; held as a secret, since chat services put their token in it.")
    secret: SecretStr | None = None
    headers: dict[str, SecretStr] = Field(default_factory=dict, description="More headers, as Authorization.")
    timeout: Duration = Field(10, ge=1, le=300, description="For the whole request.")
    max_attempts: int = Field(200, ge=1, description="Then the alert is kept as failed; 200 is about two days.")

    @field_validator("url")
    @classmethod
    def _is_web(cls, value: SecretStr) -> SecretStr:
        try:
            parts = urlsplit(value.get_secret_value())
            good = parts.scheme in ("http", "https") and bool(parts.hostname)
        except ValueError:
            good = False
        if not good:
            raise ValueError("not an http or https URL (is the environment variable set?)")
        return value

    @field_validator("secret")
    @classmethod
    def _is_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value():
            raise ValueError("an empty secret signs nothing: set the environment variable, or leave the key out")
        return value

    @field_validator("headers")
    @classmethod
    def _are_headers(cls, value: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for name, content in value.items():
            if not _HEADER_NAME.fullmatch(name) or name.lower() in _RESERVED or name.lower().startswith("webhook-"):
                raise ValueError(f"the header {name!r} cannot be set here")
            text = content.get_secret_value()
            if not text.isascii() or not text.isprintable():
                raise ValueError(f"the header {name!r} holds characters that cannot be sent")
        return value


class KafkaChannel(BaseModel):
    """A message in a Kafka topic for each alert: key and value are the alert's id and document, with the header
    idempotency-key."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["kafka"]
    brokers: Brokers = Field(description="host:port of some brokers of one cluster.")
    topic: TopicName
    security: KafkaSecurity = KafkaSecurity()


Channel = Annotated[TerminalChannel | JsonlChannel | WebhookChannel | KafkaChannel, Field(discriminator="kind")]
