"""Text of strangers made safe to show: one line, no escape codes, no markup, no tricks with the writing direction."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

# ECMA-48: CSI, then the string commands (OSC, DCS, SOS, PM, APC) to their end, each in its 7-bit and its 8-bit form.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]{0,4096}(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]"
)
# Controls, line separators, bidi embeddings, overrides and isolates, byte order marks and the invisible tag letters.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e007f]+")
# A tag that is cut off at the end counts: what is put after it would complete it.
_TAG = re.compile(r"</?[A-Za-z!?][^<>]*(?:>|$)")
_SPACES = re.compile(r"\s+")
_SURROGATES = re.compile("[\ud800-\udfff]")


def plain(text: str | None, limit: int = 300) -> str:
    """`text` as one harmless line of at most `limit` characters; "" for None."""
    if not text:
        return ""
    # A megabyte of title is not worth cleaning to show three hundred characters of it.
    line = text[: limit * 8]
    line = _CONTROLS.sub(" ", _ESCAPES.sub("", line))
    # Taking one tag out can leave another: <scr<b>ipt>.
    while "<" in line and (shorter := _TAG.sub("", line)) != line:
        line = shorter
    line = _SPACES.sub(" ", _SURROGATES.sub("\ufffd", line)).strip()
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def web_address(url: str | None) -> str | None:
    """`url` if it is a plain http or https address that can be shown and followed, else None."""
    if not url or len(url) > 4096 or _CONTROLS.search(url) or _SPACES.search(url) or _SURROGATES.search(url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme.lower() in ("http", "https") and parts.netloc and "<" not in url else None
