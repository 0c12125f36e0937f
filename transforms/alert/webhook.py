"""Delivery by webhook: one guarded POST per attempt, ended by one deadline, redirects not followed."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Callable

import httpcore
import httpx

from transforms.alert.channels import WebhookChannel
from transforms.alert.delivery import DELIVERED, Outcome
from transforms.feeds.guard import Deadline, Guard, Refused
from transforms.feeds.http import retry_after_s
from transforms.feeds.specs import USER_AGENT, split_credentials
from transforms.feeds.wire import GuardedBackend, tls_context
from transforms.index.interface import Parcel

_MOST_WAIT = 24 * 3600
_FAILURES: tuple[tuple[type[Exception], str], ...] = (
    (httpcore.TimeoutException, "no answer in time"),
    (httpcore.ConnectError, "no connection"),
    (httpcore.ProtocolError, "the answer was not proper HTTP"),
)


def signature(secret: str, key: str, timestamp: int, body: bytes) -> str:
    """The value of webhook-signature (Standard Webhooks): "v1," and the base64 HMAC-SHA256 of "id.timestamp.body"."""
    raw = secret.encode()
    if secret.startswith("whsec_"):
        try:
            raw = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except binascii.Error:
            raw = secret.encode()
    digest = hmac.new(raw, f"{key}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


class WebhookSender:
    """Posts alerts to one address that the guard lets through. `clock` gives seconds UTC, for the signature."""

    def __init__(self, channel: WebhookChannel, guard: Guard, clock: Callable[[], float] = time.time) -> None:
        self.max_attempts = channel.max_attempts
        self._guard, self._clock, self._timeout = guard, clock, channel.timeout
        self._secret = channel.secret.get_secret_value() if channel.secret else None
        bare, auth = split_credentials(channel.url.get_secret_value())
        self._url = bare
        self._headers = {"content-type": "application/json", "user-agent": USER_AGENT, "accept": "*/*"}
        if auth:
            self._headers["authorization"] = "Basic " + base64.b64encode(":".join(auth).encode()).decode()
        self._headers |= {name.lower(): value.get_secret_value() for name, value in channel.headers.items()}

    def deliver(self, parcel: Parcel) -> Outcome:
        """POST once. 2xx is delivered; 429, 5xx and failures of transport are to be tried again; all else is final."""
        body = json.dumps(parcel.alert, ensure_ascii=False).encode("utf-8", "replace")
        headers = {**self._headers, "idempotency-key": parcel.key}
        if self._secret is not None:
            at = int(self._clock())
            headers |= {"webhook-id": parcel.key, "webhook-timestamp": str(at)}
            headers["webhook-signature"] = signature(self._secret, parcel.key, at, body)
        try:
            return self._judge(*self._post(headers, body))
        except Refused as error:
            # Not for good: the name may be mended, or the address allowed in the config at the next start.
            return Outcome(delivered=False, reason=error.reason, again=True)
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            # Our own wording: a library's message may quote the URL, and so a token.
            reason = next((text for kind, text in _FAILURES if isinstance(error, kind)), "the connection broke")
            return Outcome(delivered=False, reason=reason, again=True)

    def _post(self, headers: dict[str, str], body: bytes) -> tuple[int, str | None]:
        url = self._guard.url(self._url)
        deadline = Deadline(self._timeout, self._timeout)
        tls = tls_context() if url.scheme == "https" else None
        address = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        raw = [(b"host", url.netloc), (b"content-length", str(len(body)).encode())]
        raw += [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        limits = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), float(self._timeout))}
        backend = GuardedBackend(self._guard, deadline)
        with (
            httpcore.ConnectionPool(ssl_context=tls, network_backend=backend) as pool,
            pool.stream("POST", address, headers=raw, content=body, extensions=limits) as response,
        ):
            # The body of the answer is nobody's concern, and may be endless: the connection is closed on it.
            return response.status, httpx.Headers(response.headers).get("retry-after")

    def _judge(self, status: int, retry_after: str | None) -> Outcome:
        if 200 <= status < 300:
            return DELIVERED
        reason = f"the receiver answered {status}"
        if status == 429 or status >= 500:
            wait = retry_after_s(retry_after, self._clock()) or 0
            return Outcome(delivered=False, reason=reason, again=True, after_s=min(wait, _MOST_WAIT))
        if 300 <= status < 400:
            reason += "; redirects are not followed, so give the final URL"
        return Outcome(delivered=False, reason=reason)
