"""The canonical form of an article's link, and the id made of it.

Two links that show the same article get one id. What is dropped, unwrapped or taken for another view of a page is data:
`transforms/data/urls.yaml`. Host and path are brought to normal form by w3lib; its query handling (and courlan's, which
also drops `id`-like names such as `uid`, `source` or `ref`) is not used, because of a query only listed parameters go.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from urllib.parse import quote, unquote, urlsplit

from w3lib.url import canonicalize_url

from transforms.clean.data import DATA, Strict, load
from transforms.clean.wrapped import Wrapped, target_in, wrapping
from transforms.errors import DataError

_LONGEST = 8192
_WRAPS = 3
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
# Browsers drop tabs and line breaks anywhere in a link; the rest of these has no place in one and hides what it says.
# The joiners U+200C and U+200D stay: Persian words are spelt with them.
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)
_SCHEME = re.compile(r"(?i)^(?:(https?):)?[/\\]{2}")
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:.]+\]")
# A plain host name and a path without dot segments, where nothing is left for w3lib to do; it takes four times as long.
_SIMPLE = re.compile(
    r"((?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,9}[A-Za-z]{2,63})((?:/(?!\.)[\w.~%;,:=()-]*)*)"
)
_ROUTE = re.compile(r"[!/].")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


class _Tracking(Strict):
    prefixes: tuple[str, ...]
    names: tuple[str, ...]
    values: dict[str, tuple[str, ...]]


class _Amp(Strict):
    segments: tuple[str, ...]
    endings: tuple[str, ...]


class _Links(Wrapped):
    tracking: _Tracking
    path_parameters: tuple[str, ...]
    mobile_hosts: tuple[str, ...]
    second_level: tuple[str, ...]
    amp: _Amp


@dataclass(frozen=True)
class _Rules:
    """`urls.yaml` in the form that the functions read."""

    wrapped: Wrapped
    wrapping: re.Pattern[str]
    prefixes: tuple[str, ...]
    names: frozenset[str]
    values: dict[str, frozenset[str]]
    path_parameters: re.Pattern[str]
    mobile_hosts: frozenset[str]
    second_level: frozenset[str]
    amp_segments: frozenset[str]
    amp_endings: tuple[str, ...]
    amp_trace: re.Pattern[str]


@cache
def link_rules() -> _Rules:
    """The file, loaded once per process; raises DataError."""
    links = load(DATA / "urls.yaml", _Links)
    if any(not prefix for prefix in links.tracking.prefixes):
        raise DataError("urls.yaml", "tracking.prefixes", "an empty prefix would drop every parameter", "remove it")
    return _Rules(
        wrapped=links,
        wrapping=wrapping(links),
        prefixes=tuple(prefix.lower() for prefix in links.tracking.prefixes),
        names=frozenset(name.lower() for name in links.tracking.names),
        values={name.lower(): frozenset(value.lower() for value in values)
                for name, values in links.tracking.values.items()},
        path_parameters=re.compile(
            rf"(?i);(?:{'|'.join(map(re.escape, links.path_parameters))})=[^/;]*" if links.path_parameters else "(?!)"
        ),
        mobile_hosts=frozenset(links.mobile_hosts),
        second_level=frozenset(links.second_level),
        amp_segments=frozenset(links.amp.segments),
        amp_endings=tuple(sorted(links.amp.endings, key=len, reverse=True)),
        amp_trace=re.compile("(?i)" + "|".join(map(re.escape, (*links.amp.segments, *links.amp.endings)))),
    )  # fmt: skip


def canonical(url: str) -> str | None:
    """The canonical form of a link, itself a working link in ASCII, or None if it is not a plausible http(s) address.

    Dropped: listed tracking parameters, user name and password, default ports, session ids in paths, AMP and mobile
    views, fragments (but for `#!…` and `#/…`, which name a page). Normal: host in lower case (IDN in Punycode), dot
    segments, percent-encoding (UTF-8, upper case, nothing encoded without need), parameters sorted by name, equal ones
    in their order. Redirectors, AMP caches and Google News links give their target where the link itself holds it.
    """
    rules = link_rules()
    address = _parse(url)
    for _ in range(_WRAPS):
        if address is None or not rules.wrapping.search(address.whole):
            break
        target = target_in(rules.wrapped, address.whole)
        address = (_parse(target) if target else None) or address
        if target is None:
            break
    return None if address is None else _normal(rules, address)


def article_id(url: str | None, source_id: str, guid: str | None) -> str:
    """32 hex digits that name an article, from its canonical link, else from the source's id and the source's guid.

    `url` is a result of `canonical`. Scheme, `www.` and a trailing slash are left out of the hash: a site answers alike
    with and without them, but which of them works as a link only the publisher knows, so the link itself keeps them.
    Raises ValueError if there is neither link nor guid.
    """
    if url:
        host, slash, rest = url.split("://", 1)[-1].partition("/")
        path, mark, query = rest.partition("?")
        key = f"url {host.removeprefix('www.')}{slash}{path}".rstrip("/") + mark + query
    elif guid:
        key = f"guid {source_id}\n{guid}"
    else:
        raise ValueError("an article needs a link or a guid")
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class _Address:
    """The parts of a link: scheme and host in lower case, path in normal form, query and fragment as they came."""

    scheme: str
    host: str
    port: int | None
    path: str
    query: str
    fragment: str

    @property
    def whole(self) -> str:
        return f"{self.scheme}://{self.host}{self.path}{'?' if self.query else ''}{self.query}"


def _parse(url: str) -> _Address | None:
    if len(url) > _LONGEST:
        return None
    url = _INVISIBLE.sub("", url).strip().replace("&amp;", "&")
    scheme = _SCHEME.match(url)
    if scheme is None:
        return None
    rest, _, fragment = url[scheme.end() :].partition("#")
    address, _, query = rest.partition("?")
    name = (scheme[1] or "https").lower()
    if simple := _SIMPLE.fullmatch(address):
        return _Address(name, simple[1].lower(), None, _requote(simple[2]) or "/", query, fragment)
    try:
        parts = urlsplit(canonicalize_url(f"{name}://{address}"))
        host, port = (parts.hostname or "").lower().rstrip("."), parts.port
    except (ValueError, UnicodeError):
        return None
    if ":" in host:
        host = f"[{host}]"
    if len(host) > 255 or not _HOST.fullmatch(host):
        return None
    return _Address(name, host, port, _requote(parts.path), query, fragment)


def _normal(rules: _Rules, address: _Address) -> str:
    host = _host(rules, address.host)
    if address.port is not None and address.port != {"http": 80, "https": 443}[address.scheme]:
        host = f"{host}:{address.port}"
    query = _query(rules, address.query)
    # Sites drawn by a script keep the article's address in the fragment.
    fragment = f"#{_requote(address.fragment)}" if _ROUTE.match(address.fragment) else ""
    return f"{address.scheme}://{host}{_path(rules, address.path)}{'?' if query else ''}{query}{fragment}"


def _host(rules: _Rules, host: str) -> str:
    labels = host.split(".")
    if labels[-1].isdigit():
        return host
    place = 0
    while place < 2 and place < len(labels) - 2:
        rest = labels[:place] + labels[place + 1 :]
        public = len(rest) == 2 and len(rest[1]) == 2 and rest[0] in rules.second_level
        if labels[place] in rules.mobile_hosts and not public:
            labels = rest
        else:
            place += 1
    return ".".join(labels)


def _path(rules: _Rules, path: str) -> str:
    path = rules.path_parameters.sub("", path) or "/"
    if not rules.amp_trace.search(path):
        return path
    slash = "/" if path.endswith("/") else ""
    segments = path.strip("/").split("/")
    while len(segments) > 1 and segments[-1].lower() in rules.amp_segments:
        segments.pop()
        slash = "/"
    while len(segments) > 1 and segments[0].lower() in rules.amp_segments:
        segments.pop(0)
    last = segments[-1]
    for ending in rules.amp_endings:
        if last.lower().endswith(ending) and len(last) > len(ending):
            segments[-1] = last[: -len(ending)] + (".html" if ending.endswith(".html") else "")
            break
    return f"/{'/'.join(segments)}{slash}"


def _query(rules: _Rules, query: str) -> str:
    if not query:
        return ""
    kept: list[tuple[str, str]] = []
    for part in query.split("&"):
        name, _, value = part.partition("=")
        plain = unquote(name).lower()
        if not part or plain in rules.names or plain.startswith(rules.prefixes):
            continue
        if plain in rules.values and unquote(value).lower() in rules.values[plain]:
            continue
        kept.append((plain, _requote(part)))
    # The sort is stable: repeated parameters are lists, and their order may mean something.
    kept.sort(key=lambda pair: pair[0])
    return "&".join(part for _, part in kept)


def _requote(text: str) -> str:
    """Percent-encoding in normal form; an escape that stands for itself is decoded, the others keep their bytes."""

    def shortest(match: re.Match[str]) -> str:
        letter = chr(int(match[1], 16))
        return letter if letter in _UNRESERVED else match[0].upper()

    return quote(_ESCAPE.sub(shortest, text), safe="%!#$&'()*+,/:;=?@[]~")
