"""kafka-python's clients, set up alike: no offset is committed by itself, and secrets stay out of its logs."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.errors import KafkaError

from transforms.errors import DataError
from transforms.kafka.specs import KafkaSpec
from transforms.kafka.unpack import Unpacked

CLIENT_ID = "news-monitor"
# A broker that comes back is noticed within this time.
RECONNECT_MS = 2000
BOOTSTRAP_MS = 10_000
REQUEST_MS = 15_000
CLOSE_MS = 1000
# How long a broker holds a fetch that finds nothing: as long may a partition that is taken up anew have to wait.
FETCH_WAIT_MS = 250
# What one answer to a fetch may hold, of all partitions of a broker and of one.
FETCH_BYTES, PARTITION_FETCH_BYTES = 8 * 2**20, 2**20
SECRETS = ("sasl_plain_password", "ssl_password", "proxy_url")
FILES = {"ssl_cafile": "security.ca", "ssl_certfile": "security.cert", "ssl_keyfile": "security.key"}
WITH_PASSWORD = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
# kafka-python tells of each attempt to connect to a broker that is away; whoever uses it says that once.
logging.getLogger("kafka").setLevel(logging.CRITICAL)


class Hidden(str):
    """A secret, for a library that may log its settings."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'…'"


def settings(brokers: Sequence[str], security: Mapping[str, Any]) -> dict[str, Any]:
    """What all three clients take. Raises DataError where credentials are half there, or a file of them cannot be
    read: kafka-python would call either a broker that does not answer."""
    secure = {key: Hidden(value) if key in SECRETS and value else value for key, value in security.items()}
    protocol, mechanism = str(secure.get("security_protocol", "PLAINTEXT")), secure.get("sasl_mechanism")
    if protocol.startswith("SASL") and mechanism in (None, *WITH_PASSWORD):
        for key in ("sasl_mechanism", "sasl_plain_username", "sasl_plain_password"):
            if not secure.get(key):
                raise DataError("kafka", key, f"missing, for {protocol}", "add it, secrets as ${NAME}")
    for name, key in FILES.items():
        if path := secure.get(name):
            _demand_readable(key, Path(str(path)))
    return {
        "bootstrap_servers": list(brokers),
        "client_id": CLIENT_ID,
        "reconnect_backoff_max_ms": RECONNECT_MS,
        "bootstrap_timeout_ms": BOOTSTRAP_MS,
        "request_timeout_ms": REQUEST_MS,
        **secure,
    }


def _demand_readable(key: str, path: Path) -> None:
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        why = (error.strerror or "it cannot be read").lower()
        remedy = "write the path of a PEM file, relative to the config"
        raise DataError("kafka", key, f"{path}: {why}", remedy) from None


def said(error: Exception) -> str:
    """What went wrong, in one line."""
    text = " ".join(str(error).split())
    return text[:300] if text.startswith(type(error).__name__) else f"{type(error).__name__} {text}"[:300].strip()


def close(former: Any) -> None:
    """Close a client whose broker may be away; what goes wrong there is of no interest."""
    with contextlib.suppress(Exception):
        former.close(autocommit=False, timeout_ms=CLOSE_MS)


def consumer(spec: KafkaSpec, **more: Any) -> KafkaConsumer:
    """A consumer for the source's group that joins no group and commits nothing by itself. Raises a KafkaError where no
    broker answers within ten seconds."""
    own = {
        "group_id": spec.group,
        "enable_auto_commit": False,
        "auto_offset_reset": "none",
        "isolation_level": "read_committed",
        "allow_auto_create_topics": False,
        "fetch_max_wait_ms": FETCH_WAIT_MS,
        "fetch_max_bytes": FETCH_BYTES,
        "max_partition_fetch_bytes": PARTITION_FETCH_BYTES,
        "metrics_enabled": False,
    }
    made = KafkaConsumer(**{**settings(spec.brokers, spec.security), **own, **more})
    # kafka-python 3.0.12 takes the option and hands it on to nobody: a topic that was deleted would be made anew.
    made._cluster.config["allow_auto_create_topics"] = False
    made._fetcher.PartitionRecords = Unpacked
    return made


def producer(brokers: Sequence[str], security: Mapping[str, Any], **more: Any) -> KafkaProducer:
    """An idempotent producer that waits for all replicas."""
    own = {"enable_idempotence": True, "acks": "all"}
    return KafkaProducer(**{**settings(brokers, security), **own, **more})


def admin(brokers: Sequence[str], security: Mapping[str, Any], **more: Any) -> KafkaAdminClient:
    """An admin client."""
    return KafkaAdminClient(**{**settings(brokers, security), **more})


__all__ = ["KafkaError", "admin", "close", "consumer", "producer", "said", "settings"]
