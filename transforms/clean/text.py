"""Characters: plain text with nothing in it that a terminal, a page or a matcher would stumble over."""

from __future__ import annotations

import re
import unicodedata

# Line and paragraph breaks that are not "\n".
_BREAKS = re.compile("\r\n?|[\x0b\x0c\u2028\u2029]")
# Terminal sequences go whole (CSI, OSC and its kin, two-character escapes), so that "[31m" does not stay behind.
_ESCAPES = re.compile(
    "\x1b(?:\\[[0-?]*[ -/]*[@-~]?|[\\]PX^_][^\x07\x1b\x9c\n]{0,4096}(?:\x07|\x1b\\\\|\x9c)?|[ -/]*[0-~]?)"
)
# U+0080 to U+009F in text are windows-1252 that was taken for Latin-1: the quotes and dashes of careless exports.
_C1 = re.compile("[\x80-\x9f]")
# Controls, invisible fillers, non-characters, lone surrogates, tags (U+E0000…, text that no reader sees). The joiners
# U+200C and U+200D stay, Persian and emoji need them, and so do the bidi marks U+200E, U+200F, U+061C.
_DROPPED = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u115f\u1160\u180e\u200b\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0"
    "\ufff0-\ufffb\ufffe\uffff\ud800-\udfff\ufdd0-\ufdef\U000e0000-\U000e0fff\U0001fffe\U0001ffff\U0010fffe\U0010ffff]+"
)
# What `str.isprintable` lets pass: fillers that are letters by name, and presentation forms.
_ODD_LETTERS = re.compile("[\u115f\u1160\u3164\uffa0\ufb50-\ufdff\ufe70-\ufefc]")
_PRESENTATION = re.compile("[\ufb50-\ufdcf\ufdf0-\ufdff\ufe70-\ufefe]+")
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069\n]")
_ODD_SPACES = re.compile("[\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_SPACES = re.compile("  +")
_LINE_ENDS = re.compile(" ?\n ?")
_BLANK_LINES = re.compile("\n{3,}")
_OPENING = {"\u202a": "\u202c", "\u202b": "\u202c", "\u2066": "\u2069", "\u2067": "\u2069", "\u2068": "\u2069"}
_ENDS = frozenset(_OPENING.values())
# The depth beyond which the Unicode algorithm ignores an embedding.
_DEEPEST = 125


def safe(text: str) -> str:
    """`text` in NFC with one kind of space and of line break, and without what is unseen or acts on a terminal.

    Arabic presentation forms become base letters. Directional overrides go, and so do embeddings and isolates that do
    not end in their own line, so that no line can turn another. Of several spaces or empty lines one stays.
    """
    if not text.replace("\n", "").isprintable() or _ODD_LETTERS.search(text):
        text = _BREAKS.sub("\n", text)
        if "\x1b" in text:
            text = _ESCAPES.sub("", text)
        text = _C1.sub(lambda mark: mark[0].encode("latin-1").decode("cp1252", "ignore"), text)
        text = _DROPPED.sub("", text)
        text = _PRESENTATION.sub(lambda run: unicodedata.normalize("NFKC", run[0]), text)
        text = _ODD_SPACES.sub(" ", _balanced(text))
    text = unicodedata.normalize("NFC", text)
    if "  " in text:
        text = _SPACES.sub(" ", text)
    if " \n" in text or "\n " in text:
        text = _LINE_ENDS.sub("\n", text)
    if "\n\n\n" in text:
        text = _BLANK_LINES.sub("\n\n", text)
    return text.strip(" \n")


def _balanced(text: str) -> str:
    """`text` with only those directional embeddings and isolates that end in the line they begin in."""
    found = list(_BIDI.finditer(text))
    if all(match[0] == "\n" for match in found):
        return text
    keep: set[int] = set()
    open_at: list[tuple[str, int]] = []
    for match in found:
        mark = match[0]
        if mark == "\n":
            open_at.clear()
        elif mark in _ENDS:
            if open_at and open_at[-1][0] == mark:
                start = open_at.pop()[1]
                if start >= 0:
                    keep.update((start, match.start()))
        elif len(open_at) < _DEEPEST:
            open_at.append((_OPENING[mark], match.start()) if mark in _OPENING else ("\u202c", -1))
    return _BIDI.sub(lambda match: match[0] if match[0] == "\n" or match.start() in keep else "", text)
