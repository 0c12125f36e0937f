"""Where an Elasticsearch is, how to be let in, and how its indices are kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn
from urllib.parse import urlsplit

_MIB = 1 << 20
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class ElasticSpec:
    """An Elasticsearch and the indices of one prefix in it. Secrets are in no `repr`, and it cannot be pickled.

    `urls` are http or https; with several, requests go to each in turn. `ca_certs` is the path of a PEM file, None for
    the system's own. `bulk_docs` and `bulk_bytes` bound one bulk request, `rollover_*` the index that is written to.
    `replicas` None leaves that to the server. `retention_s` None keeps everything.
    """

    urls: tuple[str, ...] = field(repr=False)
    prefix: str = "news"
    api_key: str | None = field(default=None, repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_certs: str | None = None
    verify: bool = True
    timeout_s: float = 30
    bulk_docs: int = 500
    bulk_bytes: int = 8 * _MIB
    shards: int = 1
    replicas: int | None = None
    rollover_age_s: float = 30 * _DAY
    rollover_bytes: int = 30_000 * _MIB
    retention_s: float | None = None

    def __reduce__(self) -> NoReturn:
        raise TypeError("an ElasticSpec holds secrets and is not pickled: carry what reads the config again")

    @property
    def host(self) -> str:
        """Where it is, for a person: host and port of the first address, without user and password."""
        return urlsplit(self.urls[0]).netloc.rpartition("@")[2]
