"""One guarded, capped HTTP GET with its redirects. Expected failures are values; only bugs raise."""

from __future__ import annotations

import base64
import re
import ssl
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

import httpcore
import httpx

from transforms.feeds.guard import Deadline, Guard, Refused, Resolver, host_of, origin_of, port_of
from transforms.feeds.inflate import ACCEPTED, Inflater, Unusable
from transforms.feeds.specs import FetchPolicy, Secret, split_credentials
from transforms.feeds.wire import GuardedBackend, tls_context

_KEPT = ("content-type", "content-language", "cache-control", "link")
_MOVED = (301, 302, 303, 307, 308)
_FOR_GOOD = (301, 308)
_ACCEPT_FEED = (
    "application/atom+xml, application/rss+xml, application/rdf+xml, application/feed+json, application/xml;q=0.9,"
    " text/xml;q=0.9, application/json;q=0.8, */*;q=0.5"
)
_NO_SECRET = Secret()
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of a request. `error` is None or "code: reason" without secrets, and then `body` is empty.

    `status` is the last answer's, 0 where there was none. `permanent_url` is where a chain that begins with permanent
    redirects says the feed now is; a temporary redirect's target never shows there. `retry_after_s` counts from now.
    """

    status: int
    url: str
    permanent_url: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    etag: str | None = None
    last_modified: str | None = None
    retry_after_s: int | None = None
    error: str | None = None

    @property
    def code(self) -> str | None:
        """The short word of `error`."""
        return self.error.partition(":")[0] if self.error else None

    @property
    def content_type(self) -> str:
        """The Content-Type header, or an empty text."""
        return self.headers.get("content-type", "")


@dataclass(frozen=True, slots=True)
class _Request:
    """What stays the same over the hops of one request."""

    origin: tuple[str, str, int]
    headers: Mapping[str, str]
    secret: Secret
    deadline: Deadline
    max_bytes: int


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


class Fetcher:
    """Makes requests under one policy. Thread-safe: each request has connections of its own.

    `resolver` replaces the system's, for tests. Proxies come from the environment where the policy says so; the proxy's
    own address is guarded, and so is the address of what it is asked for. A proxy resolves the name again: whoever sets
    one trusts it to be no worse guarded than we are.
    """

    def __init__(self, policy: FetchPolicy, resolver: Resolver | None = None) -> None:
        self.policy = policy
        self.guard = Guard(policy.allow_addresses, policy.hosts, resolver)

    def get(
        self,
        url: str,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        secret: Secret = _NO_SECRET,
        accept: str = _ACCEPT_FEED,
        max_bytes: int | None = None,
        timeout_s: float | None = None,
    ) -> Fetched:
        """GET `url`, following redirects; `etag` and `last_modified` make it conditional (304 is no error).

        `secret` goes to the origin of `url` only. All hops together end within `timeout_s` seconds.
        """
        url = split_credentials(url)[0]
        headers = {"user-agent": self.policy.user_agent, "accept": accept, "accept-encoding": ACCEPTED}
        headers |= {"if-none-match": etag} if etag else {}
        headers |= {"if-modified-since": last_modified} if last_modified else {}
        deadline = Deadline(self.policy.timeout_s if timeout_s is None else timeout_s, self.policy.step_timeout_s)
        trail = _Trail(url)
        try:
            first = self.guard.url(url)
            request = _Request(origin_of(first), headers, secret, deadline, max_bytes or self.policy.max_bytes)
            answer = self._follow(first, request, trail)
        except (Refused, Unusable) as error:
            return trail.failed(error.code, error.reason)
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError,
                httpcore.UnsupportedProtocol, OSError) as error:  # fmt: skip
            return trail.failed(*_failure(error))
        return trail.finished(answer)

    def _follow(self, url: httpx.URL, request: _Request, trail: _Trail) -> _Answer:
        seen = {str(url)}
        for _ in range(self.policy.max_redirects + 1):
            answer = self._once(url, request)
            trail.status, trail.retry_after = answer.status, answer.headers.get("retry-after")
            if answer.status not in _MOVED:
                return answer
            url = self._next(url, answer.headers.get("location"))
            if str(url) in seen:
                raise Refused("redirect", "the redirects go round in a circle")
            seen.add(str(url))
            trail.moved(str(url), answer.status in _FOR_GOOD)
        raise Refused("redirect", f"more than {self.policy.max_redirects} redirects")

    def _next(self, url: httpx.URL, location: str | None) -> httpx.URL:
        if not location:
            raise Refused("redirect", "a redirect without a target")
        try:
            return self.guard.url(str(url.join(location.encode("latin-1").decode("utf-8", "replace"))))
        except (httpx.InvalidURL, ValueError, UnicodeError):
            raise Refused("redirect", "a redirect to something that is not a URL") from None

    def _once(self, url: httpx.URL, request: _Request) -> _Answer:
        headers = dict(request.headers)
        if origin_of(url) == request.origin:
            headers |= _secret_headers(request.secret)
        limit = request.deadline.step()
        extensions = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), limit)}
        address = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        raw = [(k.encode("latin-1"), v.encode("latin-1", "replace")) for k, v in headers.items()]
        with (
            self._pool(url, request.deadline) as pool,
            pool.stream("GET", address, headers=raw, extensions=extensions) as response,
        ):
            kept = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in response.headers}
            body = _read(response, kept, request, self.policy.max_inflated) if response.status in (200, 203) else b""
            return _Answer(response.status, kept, body)

    def _pool(self, url: httpx.URL, deadline: Deadline) -> httpcore.ConnectionPool:
        backend = GuardedBackend(self.guard, deadline)
        host = host_of(url)
        proxy = _proxy_for(url.scheme, host, port_of(url)) if self.policy.use_proxies else None
        tls = tls_context() if url.scheme == "https" else None
        if proxy is None or self.guard.fixed(host):
            return httpcore.ConnectionPool(ssl_context=tls, network_backend=backend)
        self.guard.targets(host, port_of(url), deadline.step())
        return _proxied(proxy, tls, backend)


class _Trail:
    """Where a request has got to, for the `Fetched` that comes of it."""

    def __init__(self, url: str) -> None:
        self.url, self.status = url, 0
        self.permanent: str | None = None
        self.retry_after: str | None = None
        self._for_good = True

    def moved(self, url: str, for_good: bool) -> None:
        self.url = url
        self._for_good = self._for_good and for_good
        if self._for_good:
            self.permanent = url

    def failed(self, code: str, reason: str) -> Fetched:
        wait = retry_after_s(self.retry_after, time.time())
        return Fetched(self.status, self.url, retry_after_s=wait, error=f"{code}: {reason}")

    def finished(self, answer: _Answer) -> Fetched:
        if answer.status not in (200, 203, 304):
            refused = answer.status >= 400
            return self.failed(
                f"http-{answer.status}", "the server refused" if refused else "nothing to read in this answer"
            )
        return Fetched(
            status=answer.status,
            url=self.url,
            permanent_url=self.permanent,
            headers={name: answer.headers[name] for name in _KEPT if name in answer.headers},
            body=answer.body,
            etag=answer.headers.get("etag"),
            last_modified=answer.headers.get("last-modified"),
            retry_after_s=retry_after_s(self.retry_after, time.time()),
        )


def _read(response: httpcore.Response, headers: Mapping[str, str], request: _Request, max_inflated: int) -> bytes:
    """The body, decoded. Raises Unusable above a cap, httpcore.ReadTimeout past the deadline."""
    length = headers.get("content-length", "")
    too_large = Unusable("too-large", f"the body is larger than {request.max_bytes} bytes")
    if length.isdecimal() and len(length) < 20 and int(length) > request.max_bytes:
        raise too_large
    inflater, received = Inflater(headers.get("content-encoding", ""), max(max_inflated, request.max_bytes)), 0
    for chunk in response.iter_stream():
        received += len(chunk)
        if received > request.max_bytes:
            raise too_large
        inflater.feed(chunk)
        if not request.deadline.left():
            raise httpcore.ReadTimeout("deadline")
    return inflater.result()


def _secret_headers(secret: Secret) -> dict[str, str]:
    headers = {name.strip().lower(): value.strip() for name, value in secret.headers}
    # Checked here, as the HTTP library's complaint would quote the value, and logs it.
    if not all(_HEADER_NAME.fullmatch(name) and value.isprintable() for name, value in headers.items()):
        raise Refused("request", "a configured header holds characters that cannot be sent")
    if secret.auth and "authorization" not in headers:
        token = base64.b64encode(f"{secret.auth[0]}:{secret.auth[1]}".encode()).decode("ascii")
        headers["authorization"] = f"Basic {token}"
    return headers


def _proxy_for(scheme: str, host: str, port: int) -> str | None:
    """The proxy that HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY give for this host."""
    proxies = urllib.request.getproxies_environment()
    chosen = proxies.get(scheme) or proxies.get("all")
    if not chosen or urllib.request.proxy_bypass_environment(f"{host}:{port}", proxies):  # type: ignore[attr-defined]
        return None
    return chosen if "://" in chosen else f"http://{chosen}"


def _proxied(proxy: str, tls: ssl.SSLContext | None, backend: GuardedBackend) -> httpcore.ConnectionPool:
    bare, auth = split_credentials(proxy)
    try:
        url = httpx.URL(bare)
    except (httpx.InvalidURL, ValueError):
        raise Refused("proxy", "the proxy's URL in the environment is not a URL") from None
    if url.scheme not in ("http", "https") or not host_of(url):
        raise Refused("proxy", "only http and https proxies are used")
    return httpcore.HTTPProxy(
        proxy_url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=port_of(url), target=b"/"),
        proxy_auth=(auth[0].encode(), auth[1].encode()) if auth else None,
        ssl_context=tls,
        proxy_ssl_context=tls_context() if url.scheme == "https" else None,
        network_backend=backend,
    )


def _failure(error: Exception) -> tuple[str, str]:
    """A code and a reason of our own wording: a library's message may quote a header, and so a secret."""
    if isinstance(error.__cause__ or error.__context__, ssl.SSLError) or isinstance(error, ssl.SSLError):
        return "tls", "the server's certificate or TLS was not accepted"
    kinds: tuple[tuple[type[Exception], str, str], ...] = (
        (httpcore.TimeoutException, "timeout", "no full answer in time"),
        (httpcore.ConnectError, "connect", "no connection to the server"),
        (httpcore.ProxyError, "proxy", "the proxy refused"),
        (httpcore.LocalProtocolError, "request", "a header or the URL holds characters that cannot be sent"),
        (httpcore.ProtocolError, "protocol", "the answer is not proper HTTP, ends early, or its header is too large"),
    )
    known = ((code, text) for kind, code, text in kinds if isinstance(error, kind))
    return next(known, ("connection", "the connection broke"))


def retry_after_s(value: str | None, now: float) -> int | None:
    """A Retry-After header (seconds or an HTTP date) as seconds from `now`, None where it is absent or unreadable."""
    text = (value or "").strip()
    if text.isdecimal() and text.isascii():
        return int(text[:9])
    try:
        return max(0, round(parsedate_to_datetime(text).timestamp() - now)) if text else None
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
