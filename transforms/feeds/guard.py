"""The address guard: which URLs and addresses may be connected to.

A name is resolved once, every address that it has is checked, and the connection goes to a checked address, so that a
second answer from DNS (rebinding) is never used. Addresses are judged by number, whatever notation they came in.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import httpx

Address = IPv4Address | IPv6Address
Resolver = Callable[[str, int], list[str]]

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# What `is_global` lets through and we do not: transition schemes that carry an inner address, relay anycast,
# documentation, and a cloud's metadata service that stands on a public address.
_NEVER = tuple(
    ipaddress.ip_network(n)
    for n in ("::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "3fff::/20", "fec0::/10", "192.88.99.0/24",
              "192.0.0.0/24", "168.63.129.16/32")
)  # fmt: skip
_NUMERIC_LABEL = re.compile(r"(0[xX][0-9a-fA-F]*|[0-9]+)\.?$")
_SCHEMES = {"http": 80, "https": 443}
_URL_CHARS = 4096


class Refused(Exception):
    """A request that must not be made. `code` is a short word, `reason` a sentence without secrets."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(code, reason)
        self.code, self.reason = code, reason


@dataclass(frozen=True, slots=True)
class Target:
    """An address and port that may be connected to."""

    address: str
    port: int


def system_resolver(host: str, port: int) -> list[str]:
    """All addresses of a name, from the system. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(answer[4][0]) for answer in found))


def port_of(url: httpx.URL) -> int:
    """The port that a http or https URL names, or its scheme's."""
    return _SCHEMES[url.scheme] if url.port is None else url.port


def host_of(url: httpx.URL) -> str:
    """The host in ASCII, as it goes to DNS. httpx's own `host` decodes it, and raises for names such as "xn--a"."""
    return url.raw_host.decode("ascii").lower()


def origin_of(url: httpx.URL | str) -> tuple[str, str, int]:
    """Scheme, host and port: what credentials are bound to. What is no URL is an origin of its own."""
    try:
        url = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        return "", str(url), 0
    return url.scheme, host_of(url), url.port or _SCHEMES.get(url.scheme, 0)


class Guard:
    """Decides what may be connected to. `allow` are networks beside the public ones; `hosts` fixes names to addresses.

    Raises ValueError for a network or host mapping that cannot be read.
    """

    def __init__(
        self, allow: Iterable[str] = (), hosts: Mapping[str, str] | None = None, resolver: Resolver | None = None
    ) -> None:
        self._allow: tuple[IPv4Network | IPv6Network, ...] = tuple(ipaddress.ip_network(n, strict=False) for n in allow)
        self._hosts = {name.lower().rstrip("."): _fixed(name, value) for name, value in (hosts or {}).items()}
        self._resolver = resolver or system_resolver

    def url(self, text: str) -> httpx.URL:
        """`text` as a URL that may be asked for: http or https, with a host in a plain notation, without credentials.

        Raises Refused.
        """
        if len(text) > _URL_CHARS:
            raise Refused("url", f"the URL is longer than {_URL_CHARS} characters")
        try:
            url = httpx.URL(text.strip())
        except (httpx.InvalidURL, ValueError, UnicodeError):
            raise Refused("url", "not a URL") from None
        if url.scheme not in _SCHEMES:
            raise Refused("scheme", f"only http and https are fetched, not {url.scheme[:20] or 'a bare path'!r}")
        if not host_of(url):
            raise Refused("url", "the URL has no host")
        if not 0 < port_of(url) < 65536:
            raise Refused("url", "the URL's port does not exist")
        if _odd_number(host_of(url)):
            raise Refused("address", "the host is a number in an unusual notation")
        return url.copy_with(userinfo=b"", fragment=None)

    def fixed(self, host: str) -> bool:
        """Whether `hosts` says where this name is."""
        return host.lower().rstrip(".") in self._hosts

    def targets(self, host: str, port: int, timeout: float) -> list[Target]:
        """Where to connect for `host`: never empty, every one checked.

        Raises Refused: "dns" when the name has no address within `timeout` seconds, "address" when any of its addresses
        is not to be reached.
        """
        if _odd_number(host):
            raise Refused("address", "the host is a number in an unusual notation")
        fixed = self._hosts.get(host.lower().rstrip("."))
        if fixed is not None:
            self.check(fixed[0])
            return [Target(str(fixed[0]), fixed[1] or port)]
        addresses = [_address(text) for text in self._resolve(host, port, timeout)]
        for address in addresses:
            self.check(address)
        return [Target(str(address), port) for address in addresses]

    def check(self, address: Address) -> None:
        """Raises Refused unless the address is public or in an allowed network."""
        inner = _unwrapped(address)
        if any(a.version == net.version and a in net for net in self._allow for a in (address, inner)):
            return
        if not _public(inner):
            raise Refused("address", f"{inner} is not a public address and is not in allow_addresses")

    def _resolve(self, host: str, port: int, timeout: float) -> list[str]:
        literal = host.strip("[]")
        try:
            return [str(ipaddress.ip_address(literal))]
        except ValueError:
            pass
        # A resolver cannot be interrupted; a thread of its own keeps a dead name server from holding the caller.
        answer: list[list[str]] = []
        failure: list[BaseException] = []
        done = threading.Event()

        def ask() -> None:
            try:
                answer.append(self._resolver(host, port))
            except BaseException as error:
                failure.append(error)
            done.set()

        threading.Thread(target=ask, name="dns", daemon=True).start()
        if not done.wait(max(0.0, timeout)):
            raise Refused("dns", "the name server did not answer in time")
        if failure and not isinstance(failure[0], OSError | UnicodeError):
            raise failure[0]
        if failure or not answer[0]:
            raise Refused("dns", "the host name has no address")
        return answer[0]


class Deadline:
    """A point in time that all steps of a request share."""

    def __init__(self, seconds: float, step: float) -> None:
        self._end, self._step = time.monotonic() + seconds, step

    def left(self) -> float:
        """Seconds until the end, 0 when past."""
        return max(0.0, self._end - time.monotonic())

    def step(self, wanted: float | None = None) -> float:
        """What one step may take."""
        return min(self.left(), self._step, self._step if wanted is None else wanted)


def _fixed(name: str, value: str) -> tuple[Address, int | None]:
    text, port = value.strip(), ""
    if text.startswith("["):
        text, _, port = text[1:].partition("]")
        port = port.removeprefix(":")
    elif text.count(":") == 1:
        text, _, port = text.partition(":")
    try:
        return ipaddress.ip_address(text), int(port) if port else None
    except ValueError:
        raise ValueError(f"hosts: {name}: {value!r} is not ADDRESS or ADDRESS:PORT") from None


def _address(text: str) -> Address:
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        raise Refused("address", "the host name has an address that cannot be read") from None


def _odd_number(host: str) -> bool:
    """A host that old parsers read as IPv4 (2130706433, 0x7f.1, 0177.0.0.1) and that is not four plain decimals."""
    if ":" in host or not _NUMERIC_LABEL.match(host.rpartition(".")[2] or host.rstrip(".").rpartition(".")[2]):
        return False
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return True
    return False


def _unwrapped(address: Address) -> Address:
    """The IPv4 address inside a mapped or NAT64 one, which is where such a connection ends."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _public(address: Address) -> bool:
    if not address.is_global or address.is_multicast or address.is_reserved or address.is_unspecified:
        return False
    return not any(address.version == net.version and address in net for net in _NEVER)
