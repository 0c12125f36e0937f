"""The whole config as a model: what each key may be, and its default. docs/config.md tells what each is for."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from pipeline.config.part import Part, Seconds
from pipeline.config.sources import Source
from pipeline.config.stores import EmbeddedIndex, Index, KafkaOutput
from transforms.alert.channels import Channel

LONGEST_S = 3650 * 86400.0


def _network(text: str) -> str:
    ipaddress.ip_network(text, strict=False)
    return text


def _within_ten_years(seconds: float) -> float:
    if seconds > LONGEST_S:
        raise ValueError("longer than ten years (3650d)")
    return seconds


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
    shards: int = Field(default=1, ge=1, le=16)


class Agencies(Part):
    """`outlets`: domains (and their subdomains) that are an agency's own. `file` replaces the shipped agencies."""

    outlets: dict[str, str] = {}
    file: str | None = None


class Tags(Part):
    """Files of topics or entities beside the shipped ones; `shipped: false` leaves those out."""

    files: list[str] = []
    shipped: bool = True


class Entities(Tags):
    """Entity files, and `lists`: long lists of names, as `lists import` writes them."""

    lists: list[str] = []


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
    index: Index = EmbeddedIndex()
    outputs: list[KafkaOutput] = []
    fetch: Fetch = Fetch()
    dedupe: Dedupe = Dedupe()
    agencies: Agencies = Agencies()
    topics: Tags = Tags()
    entities: Entities = Entities()
    alerts: Alerts = Alerts()
    dead_letters: DeadLetters = DeadLetters()

    @model_validator(mode="before")
    @classmethod
    def _embedded_if_not_said(cls, value: Any) -> Any:
        index = value.get("index") if isinstance(value, dict) else None
        if isinstance(index, dict) and "kind" not in index:
            return {**value, "index": {"kind": "embedded", **index}}
        return value
