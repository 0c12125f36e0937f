"""Links that hold another link: AMP caches, redirectors, Google News."""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import field_validator

from transforms.clean.data import Strict


class _Cache(Strict):
    host: str
    after: str

    @field_validator("after")
    @classmethod
    def _pattern(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from error
        return value


class _Wrapper(Strict):
    host: str
    path: str
    parameters: tuple[str, ...]


class _GoogleNews(Strict):
    host: str
    paths: tuple[str, ...]


class Wrapped(Strict):
    """The part of `urls.yaml` that tells which links hold another."""

    caches: tuple[_Cache, ...]
    wrappers: tuple[_Wrapper, ...]
    google_news: _GoogleNews


def target_in(rules: Wrapped, url: str) -> str | None:
    """The http(s) address that `url`, in normal form, carries in itself; None where it carries none."""
    parts = urlsplit(url)
    host = (parts.hostname or "").removeprefix("www.")
    for cached in rules.caches:
        if not _is_host(host, cached.host):
            continue
        whole = f"{parts.path}?{parts.query}" if parts.query else parts.path
        marker = re.match(cached.after, whole)
        if marker and "." in whole[marker.end() :].partition("/")[0]:
            return "https://" + whole[marker.end() :]
    for wrapper in rules.wrappers:
        if _is_host(host, wrapper.host) and wrapper.path in {parts.path, "/"}:
            query = parse_qs(parts.query)
            for name in wrapper.parameters:
                value = query.get(name, [""])[0]
                if value.lower().startswith(("http://", "https://")):
                    return value
    if host == rules.google_news.host:
        for path in rules.google_news.paths:
            if parts.path.startswith(path):
                return _google_news(unquote(parts.path[len(path) :]).partition("/")[0])
    return None


def wrapping(rules: Wrapped) -> re.Pattern[str]:
    """Matches the few links that `target_in` should look at."""
    hosts = {rule.host for rule in rules.caches} | {rule.host for rule in rules.wrappers} | {rules.google_news.host}
    names = sorted(re.escape(host.removesuffix("*")) for host in hosts)
    return re.compile(rf"^https?://(?:[^/]*\.)?(?:{'|'.join(names)})")


def _is_host(host: str, rule: str) -> bool:
    if rule.endswith(".*"):
        name, _, rest = host.partition(".")
        # A country's ending: com, de, co.uk.
        return f"{name}.*" == rule and re.fullmatch(r"[a-z]{2,3}(?:\.[a-z]{2})?", rest) is not None
    return host == rule or host.endswith("." + rule)


def _google_news(segment: str) -> str | None:
    """The address in an article id: base64 of a protocol buffer with the address in field 4, until 2024."""
    try:
        content = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except (binascii.Error, ValueError):
        return None
    start = content.find(b'"')
    if start < 0 or start > 4 or start + 2 > len(content):
        return None
    length, start = content[start + 1], start + 2
    if length & 0x80 and start < len(content):
        length, start = (length & 0x7F) | content[start] << 7, start + 1
    address = content[start : start + length]
    if len(address) != length or not address.startswith((b"http://", b"https://")):
        return None
    return address.decode("utf-8", "replace")
