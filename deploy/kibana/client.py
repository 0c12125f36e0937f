"""Kibana's HTTP API: one request at a time, with errors that tell what to do."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import httpx

from transforms.errors import DataError, MissingPart

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Address:
    """Where Kibana is, and as whom to ask; the secrets are not shown."""

    url: str  # without a name or password
    space: str = ""
    api_key: str = field(default="", repr=False)
    user: tuple[str, str] | None = field(default=None, repr=False)
    ca: str = ""

    @classmethod
    def of(cls, url: str, space: str, ca: str, env: Mapping[str, str] = os.environ) -> Self:
        """With the secrets of the environment: KIBANA_API_KEY, else KIBANA_USERNAME and KIBANA_PASSWORD.

        Raises DataError where the address holds a secret: it would be shown.
        """
        if "@" in url:
            remedy = "set KIBANA_USERNAME and KIBANA_PASSWORD instead"
            raise DataError("--url", "", "holds a name or a password", remedy)
        named = env.get("KIBANA_USERNAME")
        user = (named, env.get("KIBANA_PASSWORD", "")) if named else None
        return cls(url.rstrip("/"), space, env.get("KIBANA_API_KEY", ""), user, ca)


class Kibana:
    """A connection; use it as a context."""

    def __init__(self, address: Address) -> None:
        headers = {"kbn-xsrf": "true", "Elastic-Api-Version": "2023-10-31"}
        if address.api_key:
            headers["Authorization"] = f"ApiKey {address.api_key}"
        self.address = address
        self.root = f"{address.url}/s/{address.space}" if address.space else address.url
        self.http = httpx.Client(
            headers=headers, auth=None if address.api_key else address.user, timeout=60, verify=_trust(address.ca)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def version(self) -> str:
        """The server's version, such as 9.5.1; empty where it does not tell."""
        status, body = self.call("GET", "/api/status")
        if status != httpx.codes.OK:
            raise DataError(self.address.url, "/api/status", f"answered {status}", "is this Kibana's address?")
        version = body.get("version", {})
        return str(version.get("number", "")) if isinstance(version, dict) else ""

    def call(self, method: str, path: str, body: Json | None = None, file: str = "") -> tuple[int, Json]:
        """Status and body of the answer. Raises MissingPart where nothing answers, DataError where we are refused."""
        files = {"file": ("saved-objects.ndjson", file.encode(), "application/ndjson")} if file else None
        try:
            answer = self.http.request(method, f"{self.root}{path}", json=body, files=files)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = str(error) or type(error).__name__
            raise MissingPart(f"Kibana at {self.address.url} cannot be reached: {reason}") from error
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            raise MissingPart(f"Kibana at {self.address.url} is not ready yet; try again in a minute")
        if answer.status_code in {401, 403}:
            remedy = "set KIBANA_API_KEY, or KIBANA_USERNAME and KIBANA_PASSWORD, of somebody who may manage it"
            raise DataError(self.address.url, path, f"refused with {answer.status_code}: {told(_json(answer))}", remedy)
        return answer.status_code, _json(answer)


def _trust(ca: str) -> ssl.SSLContext | bool:
    try:
        return ssl.create_default_context(cafile=ca) if ca else True
    except OSError as error:
        raise DataError(ca, "", str(error), "give a file with certificates in PEM") from error


def _json(answer: httpx.Response) -> Json:
    try:
        body = answer.json()
    except ValueError:
        return {"message": answer.text[:200]}
    return body if isinstance(body, dict) else {"items": body}


def told(body: Json) -> str:
    """The reason in the body of an error."""
    return str(body.get("message") or body.get("error") or body)[:500]
