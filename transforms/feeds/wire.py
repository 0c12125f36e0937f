"""Sockets for httpcore that go only where the guard lets them, and that all end at one deadline."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from functools import cache
from typing import Any

import httpcore
import httpx

from transforms.feeds.guard import Deadline, Guard, Refused


@cache
def tls_context() -> ssl.SSLContext:
    """The process's TLS settings (its making reads a hundred certificates)."""
    return httpx.create_ssl_context()


class GuardedBackend(httpcore.NetworkBackend):
    """Connects to checked addresses only. One per request, as it carries the request's deadline."""

    def __init__(self, guard: Guard, deadline: Deadline) -> None:
        self._guard, self._deadline, self._plain = guard, deadline, httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """A stream to the first of the host's checked addresses that answers. Raises Refused, httpcore's errors."""
        targets = self._guard.targets(host, port, self._deadline.step(timeout))
        failure: Exception = httpcore.ConnectTimeout("deadline")
        for left, target in zip(range(len(targets), 0, -1), targets, strict=True):
            allowed = self._deadline.step(timeout)
            if not allowed:
                break
            try:
                share = allowed / left
                stream = self._plain.connect_tcp(target.address, target.port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return TimedStream(stream, self._deadline)
        raise failure

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        """Never: a feed has no business with local sockets."""
        raise Refused("address", "local sockets are not fetched from")


class TimedStream(httpcore.NetworkStream):
    """A stream whose every read and write ends at the deadline, so that a byte a second does not keep it open."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._inner, self._deadline = inner, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        allowed = self._deadline.step(timeout)
        if not allowed:
            raise httpcore.ReadTimeout("deadline")
        return self._inner.read(max_bytes, allowed)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        allowed = self._deadline.step(timeout)
        if not allowed:
            raise httpcore.WriteTimeout("deadline")
        self._inner.write(buffer, allowed)

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        allowed = self._deadline.step(timeout)
        if not allowed:
            self._inner.close()
            raise httpcore.ConnectTimeout("deadline")
        return TimedStream(self._inner.start_tls(ssl_context, server_hostname, allowed), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
