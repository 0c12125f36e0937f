"""Bytes to text where the declared encoding may be missing, misspelt or wrong.

A body that is valid UTF-8 is UTF-8, whatever it says: no legacy text of more than a few letters is so by accident.
Otherwise the declarations are tried, in the order of RFC 7303 (byte order mark, HTTP, the document), and believed where
the text that comes of them looks like writing. Where it does not, charset_normalizer guesses from the bytes.
"""

from __future__ import annotations

import codecs
import re

from charset_normalizer import from_bytes

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
)  # fmt: skip
# "<" or "<?" in encodings that are not supersets of ASCII.
_SNIFFED = (
    (b"<\x00\x00\x00", "utf-32-le"), (b"\x00\x00\x00<", "utf-32-be"), (b"<\x00", "utf-16-le"), (b"\x00<", "utf-16-be"),
    (b"\x4c\x6f\xa7\x94", "cp037"),
)  # fmt: skip
# What a declared name is read as: its superset, as browsers do.
_SUPERSET = {
    "ascii": "cp1252", "iso8859-1": "cp1252", "iso8859-9": "cp1254", "iso8859-11": "cp874", "tis-620": "cp874",
    "gb2312": "gb18030", "gbk": "gb18030", "euc_kr": "cp949", "shift_jis": "cp932", "big5": "cp950",
}  # fmt: skip
_SINGLE_BYTE = {
    *(f"cp{n}" for n in (437, 850, 852, 855, 857, 862, 864, 866, 874, *range(1250, 1259))),
    *(f"iso8859-{n}" for n in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)),
    "koi8-r", "koi8-u", "mac-roman", "mac-cyrillic",
}  # fmt: skip
_WIDE = {"gb18030", "hz", "cp950", "big5hkscs", "cp932", "euc_jp", "iso2022_jp", "cp949", "johab", "iso2022_kr"}
_UNICODE = {"utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"}
# The order settles ties.
_GUESSED = [
    "cp1252", "cp1251", "cp1256", "koi8_r", "koi8_u", "cp1250", "cp1253", "cp1254", "cp1255", "cp1257", "cp1258",
    "iso8859_2", "iso8859_5", "iso8859_6", "iso8859_7", "cp874", "gb18030", "big5", "euc_jp", "shift_jis", "euc_kr",
]  # fmt: skip
_SAMPLE = 32 * 1024
_FEW = 6
_DECLARED = re.compile(rb"""^<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_META = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)
_CHARSET = re.compile(r"""charset\s*=\s*["']?\s*([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)
_SPLIT = re.compile(rb"[<>\r\n]")
_FOREIGN_WORD = re.compile(r"[^\W\d_]*[^\x00-\x7f\W\d_][^\W\d_]*")
# Three accented Latin letters in a row, a capital after a small Cyrillic or Greek letter, two scripts in one word.
_MISREAD = re.compile(
    "[\u00c0-\u00ff]{3}|[а-яёα-ω][А-ЯЁΑ-Ω]|[A-Za-z\u00c0-\u024f][\u0370-\u06ff]|[\u0370-\u06ff][A-Za-z\u00c0-\u024f]"
)

# KOI8-R read as windows-1251 or the other way round: capitals become small letters and small ones capitals.
_INVERTED = re.compile("[а-яё][А-ЯЁ]+")
_LATIN = {"cp1250", "cp1254", "cp1257", "cp1258", "iso8859_2", "iso8859-2"}
_WESTERN = frozenset("àâäáãåæçéèêëíîïñóôöòõøœùûüúßÀÂÄÁÅÆÇÉÈÊËÍÎÑÓÔÖÕØŒÙÛÜÚ«»‹›„“”‘’–—…•·°€£§©®¡¿\xa0")


def decode(body: bytes, content_type: str = "", *, meta: bool = False) -> tuple[str, str]:
    """`body` as text and the codec that read it. Never fails: what cannot be read becomes U+FFFD.

    `content_type` is the HTTP header. With `meta`, the declaration is a HTML page's `<meta charset>`.
    """
    for mark, codec in _BOMS:
        if body.startswith(mark) and not (codec == "utf-16-le" and body.startswith(codecs.BOM_UTF32_LE)):
            return body[len(mark) :].decode(codec, "replace"), codec
    head = body[:1024].lstrip()
    sniffed = next((codec for start, codec in _SNIFFED if head.startswith(start)), None)
    if sniffed:
        return body.decode(sniffed, "replace"), sniffed
    declared = _declared(body, content_type, meta)
    text = _unicode(body, declared)
    if text is not None:
        return text, "utf-8"
    return _legacy(body, [codec for codec in declared if codec not in _UNICODE])


def _declared(body: bytes, content_type: str, meta: bool) -> list[str]:
    """Codecs named by HTTP, then by the document; unknown names are left out."""
    names = [found[1] for found in [_CHARSET.search(content_type[:500])] if found]
    found = _META.search(body[:8192]) if meta else _DECLARED.search(body[:2048].lstrip())
    names += [found[1].decode("ascii")] if found else []
    return list(dict.fromkeys(codec for codec in map(_codec, names) if codec))


def _codec(name: str) -> str | None:
    """A declared name as one of our codecs. Python knows codecs that no feed should choose (idna, unicode_escape)."""
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        return None
    found = _SUPERSET.get(found, found)
    return found if found in _SINGLE_BYTE | _WIDE | _UNICODE else None


def _unicode(body: bytes, declared: list[str]) -> str | None:
    """The body as UTF-8 where it is that, give or take a few broken characters, else None."""
    wide = next((codec for codec in declared if codec in _WIDE), None)
    if wide and (body.isascii() or len(body.translate(None, bytes(range(128)))) < 10):
        # ISO-2022-JP is ASCII to look at, and a word or two of Korean can pass for UTF-8.
        return None
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        text = body.decode("utf-8", "replace")
    foreign = len(text) - len(text.encode("ascii", "ignore"))
    allowed = 0.02 if "utf-8" in declared or not declared else 0.002
    return text if text.count("\ufffd") <= allowed * foreign else None


def _legacy(body: bytes, declared: list[str]) -> tuple[str, str]:
    readable: list[tuple[str, str]] = []
    for codec in declared:
        text = body.decode(codec, "replace")
        foreign = len(text) - len(text.encode("ascii", "ignore"))
        if text.count("\ufffd") > 0.02 * foreign:
            continue
        if codec in _WIDE or _looks_written(text):
            return text, codec
        readable.append((text, codec))
    guessed = _guess(body)
    if guessed is not None and (not readable or _looks_written(guessed[0])):
        return guessed
    return readable[0] if readable else (body.decode("cp1252", "replace"), "cp1252")


def _guess(body: bytes) -> tuple[str, str] | None:
    """What charset_normalizer makes of the parts that are not ASCII; markup would drown a short text."""
    parts, size = [], 0
    for part in _SPLIT.split(body[: 2**20]):
        if not part.isascii():
            parts.append(part)
            size += len(part)
        if size > _SAMPLE:
            break
    sample = b" ".join(parts)[:_SAMPLE]
    if len(sample.translate(None, bytes(range(128)))) < _FEW and _western(sample):
        # Too little for statistics.
        return body.decode("cp1252", "replace"), "cp1252"
    best = from_bytes(sample, cp_isolation=_GUESSED).best()
    if best is None:
        return None
    codec = _SUPERSET.get(codecs.lookup(best.encoding).name, best.encoding)
    if codec in _LATIN and _western(sample):
        codec = "cp1252"
    return body.decode(codec, "replace"), codec


def _western(sample: bytes) -> bool:
    """Whether a text reads as French, Spanish, German or a neighbour: the Latin pages are too alike for statistics."""
    letters = [letter for letter in sample.decode("cp1252", "replace") if letter > "\x7f"]
    return sum(letter in _WESTERN for letter in letters) >= 0.95 * len(letters)


def _looks_written(text: str) -> bool:
    """False for a text whose foreign words are mostly such as no language writes: the mark of a wrong encoding."""
    words: list[str] = []
    size = 0
    for line in text[: 2**20].splitlines():
        if not line.isascii():
            words += _FOREIGN_WORD.findall(line[:_SAMPLE])
            size += len(line)
        if size > _SAMPLE:
            break
    controls = len(re.findall("[\x80-\x9f]", text[: 2**20]))
    wrong = sum(1 for word in words if _MISREAD.search(word))
    inverted = sum(1 for word in words if _INVERTED.fullmatch(word))
    if inverted and inverted + sum(1 for word in words if word.isupper()) > 0.8 * len(words):
        return False
    return wrong <= 0.25 * len(words) and controls <= 0.1 * (len(words) + 1)
