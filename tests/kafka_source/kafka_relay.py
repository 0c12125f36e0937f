"""A TCP relay before Kafka, as an HTTP CONNECT proxy: it can go silent, and go away altogether."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator


class Relay:
    """All connections of a client that has `url` as its `proxy_url`."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._silent: set[int] = set()
        self.connections = 0
        self.away = False
        threading.Thread(target=self._accept, daemon=True).start()

    def silence(self) -> None:
        """From now on the connections that there are say nothing, and stay open."""
        self._silent |= set(range(self.connections))

    def go_away(self) -> None:
        """Cut all connections, and refuse new ones."""
        self.away = True
        for pair in self._pairs:
            for side in pair:
                with contextlib.suppress(OSError):
                    side.shutdown(socket.SHUT_RDWR)

    def come_back(self) -> None:
        """Take connections again."""
        self.away = False

    def close(self) -> None:
        """End it."""
        self.go_away()
        self._listening.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                if self.away:
                    near.close()
                    continue
                threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += near.recv(1)
            host, _, port = head.split()[1].decode().rpartition(":")
            far = socket.create_connection((host, int(port)))
            near.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            number, self.connections = self.connections, self.connections + 1
            self._pairs.append((near, far))
            threading.Thread(target=self._answers, args=(number, far, near), daemon=True).start()
            while data := near.recv(65536):
                if number not in self._silent:
                    far.sendall(data)

    def _answers(self, number: int, far: socket.socket, near: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := far.recv(65536):
                if number not in self._silent:
                    near.sendall(data)
        near.close()


@contextlib.contextmanager
def relaying() -> Iterator[Relay]:
    """A relay for the time of the block."""
    relay = Relay()
    try:
        yield relay
    finally:
        relay.close()
