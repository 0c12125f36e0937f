"""How brokers are reached, as a config states it, and as kafka-python is told."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

BROKER = r"^(\[[0-9A-Fa-f:.]+\]|[^\s:/@\[\]]+):\d{1,5}$"
TOPIC = r"^[A-Za-z0-9._-]{1,249}$"
Brokers = Annotated[list[Annotated[str, Field(pattern=BROKER)]], Field(min_length=1)]
TopicName = Annotated[str, Field(pattern=TOPIC)]


class KafkaSecurity(BaseModel):
    """How brokers are reached. `tls` is taken for given with `ca` or `cert`; a `mechanism` needs username and
    password."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tls: bool = False
    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    key_password: SecretStr | None = None
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    username: str | None = None
    password: SecretStr | None = None

    @model_validator(mode="after")
    def _whole(self) -> KafkaSecurity:
        if self.mechanism and not (self.username and self.password):
            raise ValueError("mechanism needs username and password")
        if (self.username or self.password) and not self.mechanism:
            raise ValueError("username and password need a mechanism: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512")
        if self.key and not self.cert:
            raise ValueError("key needs cert")
        return self

    def options(self, base: Path) -> dict[str, str]:
        """As kafka-python's own options; files are relative to `base`."""
        tls = self.tls or bool(self.ca or self.cert)
        told = {
            "security_protocol": ("SASL_" if self.mechanism else "") + ("SSL" if tls else "PLAINTEXT"),
            "sasl_mechanism": self.mechanism,
            "sasl_plain_username": self.username,
            "sasl_plain_password": self.password.get_secret_value() if self.password else None,
            "ssl_password": self.key_password.get_secret_value() if self.key_password else None,
        }
        files = {"ssl_cafile": self.ca, "ssl_certfile": self.cert, "ssl_keyfile": self.key}
        told |= {name: str(base / Path(path).expanduser()) for name, path in files.items() if path}
        return {name: value for name, value in told.items() if value is not None}
