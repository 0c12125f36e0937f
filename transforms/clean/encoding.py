"""Bytes to text when labels lie, and text mended that was once decoded wrongly."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from functools import cache

from w3lib.encoding import html_body_declared_encoding, resolve_encoding

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MULTIBYTE = re.compile(r"gb|big5|euc|shift|sjis|cp9(?:32|36|49|50)|iso.?2022|hz|johab")
_WIDE = re.compile(r"utf.?(?:16|32)")
# Not text encodings, or a way round filters: never taken from a label.
_REFUSED = re.compile(r"utf.?7|unicode.escape|idna|punycode|base64|hex|rot|zip|bz2|zlib|quopri|uu|undefined|charmap")
_PROLOG = 4096
_WORDS = re.compile(rb"[A-Za-z\x80-\xff]+")
_SAMPLE = 4000
_BEYOND_ASCII = re.compile(r"(?s)[^\x00-\x7f].?")
# A reading as good as this is believed when it is declared: about 1 is a text as it should be.
_GOOD = 0.5
_ENOUGH = 40
_DECLARED_BONUS = 0.1
_PUNCTUATION = "«»“”„‘’‹›–—…،؛؟·•№°§©®\u00a0"


@dataclass(frozen=True)
class _Reading:
    """How text in one encoding looks: its letters, the frequent ones, and those of which no longer text lacks all."""

    codec: str
    letters: str
    common: str
    expected: str = ""


# Encodings of several bytes a letter: valid throughout, and with a fair share of the language's commonest characters.
_MULTIPLE = {
    "gb18030": "的一是不了在人有我他这中大来上国个到说们为子和你地出也时年得就那要下"
    "以生会自着去之过家学对可里后小么多天而能好都没日于起还发成事只作当看文",
    "big5": "的一是不了在人有我他這中大來上國個到說們為子和你地出也時年得就那要下"
    "以生會自著去之過家學對可裡後小麼多天而能好都沒日於起還發成事只作當看文",
    "shift_jis": "のにはをたがでてとしれさいるなもこかすあらりきっ",
    "euc_jp": "のにはをたがでてとしれさいるなもこかすあらりきっ",
    "euc_kr": "이다는의에을가로하고지한은를도기서사인대",
}
_CYRILLIC = "\u0400-\u045f\u0490\u0491"
_LATIN = "\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff\u0152\u0153\u0160\u0161\u017d\u017e\u0178"
_READINGS = (
    _Reading(
        "cp1256",
        "\u0621-\u065f\u067e\u0686\u0688\u0691\u0698\u06a9\u06af\u06ba\u06be\u06c1\u06d2",
        "اليمونتربسدعفقكحهةأ",
    ),
    _Reading("cp1251", _CYRILLIC, "оеаинтсрвлкмдпуяыгзьбчй", expected="яьыюў"),
    _Reading("koi8-r", _CYRILLIC, "оеаинтсрвлкмдпуяыгзьбчй"),
    _Reading("cp1252", _LATIN, "éèàçêôîûâüöäßñóíáúãõåøæœ"),
    _Reading("cp1250", "\u00c0-\u017f", "ąęłżśćźńóáéíýčřšžůěőűăşţ"),
    _Reading("cp1254", _LATIN + "\u011e\u011f\u0130\u0131\u015e\u015f", "ıışğüöçİâ"),
    _Reading("cp1253", "\u0386-\u03ce", "αοιετσνηυρπκμλίόάέή"),
    _Reading("cp1255", "\u05b0-\u05ea", "יוהלאתרשמבנםד"),
    _Reading("cp874", "\u0e01-\u0e5b", "าร่นกเอ้องวมัดยสีล"),
    _Reading("iso8859-5", _CYRILLIC, "оеаинтсрвлкмдпуяыгзьбчй"),
    _Reading("iso8859-6", "\u0621-\u0652", "اليمونتربسدعفقكحهةأ"),
    _Reading("cp866", _CYRILLIC, "оеаинтсрвлкмдпуяыгзьбчй"),
)


def decode(data: bytes, declared: str | None = None) -> str:
    """The text of `data`. `declared` is the label that came with it (a Content-Type's charset), if any.

    In this order: a byte order mark; UTF-8 where the bytes are valid as such, or nearly; the declared encoding, then
    the one that the document declares in its XML prolog or `meta`, if the text reads well in it; else the encoding of a
    fixed list in which it reads best. Never raises: what has no meaning becomes U+FFFD.
    """
    for mark, codec in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(codec, "replace")
    labels = [label for label in (_codec(declared), _codec(html_body_declared_encoding(data[:_PROLOG]))) if label]
    wide = next((label for label in labels if _WIDE.match(label)), None) or _without_mark(data)
    if wide and b"\x00" in data[:_PROLOG]:
        return data.decode(wide, "replace")
    if stateful := next((label for label in labels if label.startswith(("iso2022", "hz"))), None):
        return data.decode(stateful, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    text = data.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    if 10 * bad <= sum(letter > "\x7f" for letter in text):
        return text
    return data.decode(_best(data, labels), "replace")


def mend(text: str) -> str:
    """`text`, or what it was before its UTF-8 was read as windows-1252, Latin-1, windows-1256 or windows-1251.

    Mended only when certain: the whole text goes back into valid UTF-8, with enough of it for chance to be ruled out.
    """
    first = _BEYOND_ASCII.search(text)
    if first is None:
        return text
    for codec, least in (("cp1252", 1), ("cp1256", 2), ("cp1251", 2)):
        if not _mojibake(codec).match(first[0]) or (data := _bytes(text, codec)) is None:
            continue
        try:
            mended = data.decode("utf-8")
        except UnicodeDecodeError:
            continue
        letters = [letter for letter in mended if letter > "\x7f"]
        # "CAFÉ…" would give a phonetic letter; no text consists of those.
        if len(letters) >= least and not all("\u0180" <= letter <= "\u036f" for letter in letters):
            return mended
    return text


@cache
def _mojibake(codec: str) -> re.Pattern[str]:
    """A lead byte of UTF-8 and a continuation byte, as a code page shows them."""
    lead, trail = (bytes(span).decode(codec, "ignore") for span in (range(0xC2, 0xF5), range(0x80, 0xC0)))
    return re.compile(f"[{re.escape(lead)}][{re.escape(trail)}\x80-\x9f]")


def _bytes(text: str, codec: str) -> bytes | None:
    try:
        return text.encode(codec)
    except UnicodeEncodeError:
        pass
    table = _sloppy(codec)
    try:
        return bytes(table[letter] for letter in text)
    except KeyError:
        return None


@cache
def _sloppy(codec: str) -> dict[str, int]:
    """A code page whose unassigned bytes stand for the control characters of the same number, as browsers have it."""
    table = {chr(code): code for code in range(256)}
    table.update({bytes([code]).decode(codec, "ignore") or chr(code): code for code in range(256)})
    return table


def _codec(label: str | None) -> str | None:
    """Python's name of the encoding that a label means on the web, where `iso-8859-1` is windows-1252."""
    if not label or len(label) > 40 or _REFUSED.search(label.lower()):
        return None
    try:
        name = resolve_encoding(label.strip(" '\""))
        return codecs.lookup(name).name if name and codecs.lookup(name)._is_text_encoding else None
    except (LookupError, ValueError):
        return None


def _without_mark(data: bytes) -> str | None:
    """UTF-16 without a mark shows as a zero in every other byte of its markup."""
    head = data[:256]
    if len(head) < 8:
        return None
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) < len(head) // 6 or min(even, odd) * 8 > max(even, odd):
        return None
    return "utf-16-be" if even > odd else "utf-16-le"


def _best(data: bytes, labels: list[str]) -> str:
    for label in labels:
        if _MULTIBYTE.match(label):
            text = data.decode(label, "replace")
            if text.count("\ufffd") * 50 <= len(text):
                return label
    sample = _sample(data)
    scores: dict[str, float] = {}
    for place, label in enumerate(labels):
        reading = _profiles().get(label)
        if reading is not None:
            scores[label] = _score(sample, reading) + _DECLARED_BONUS / (place + 1)
            # What is declared windows-1252 may be its Turkish or Polish cousin: these are compared below.
            if scores[label] >= _GOOD + _DECLARED_BONUS and label != "cp1252":
                return label
        elif label != "utf-8" and "\ufffd" not in sample.decode(label, "replace"):
            # An encoding of no profile here is believed if nothing contradicts it.
            scores.setdefault(label, _GOOD)
    for codec, reading in _profiles().items():
        scores.setdefault(codec, _score(sample, reading))
    scores["cp1252"] += _DECLARED_BONUS / 2
    for codec, common in _MULTIPLE.items():
        scores[codec] = _share(data, codec, common)
    best = max(scores, key=lambda codec: scores[codec])
    return best if scores[best] > 0 or not labels else labels[0]


@cache
def _profiles() -> dict[str, _Reading]:
    return {codecs.lookup(reading.codec).name: reading for reading in _READINGS}


def _share(data: bytes, codec: str, common: str) -> float:
    """As `_score`, of an encoding of several bytes a letter."""
    text = data[: 2 * _SAMPLE].decode(codec, "ignore")
    high = [letter for letter in text if letter > "\x7f"]
    if not high or data[: 2 * _SAMPLE].decode(codec, "replace").count("\ufffd") * 50 > len(high):
        return -1.0
    return min(1.2, 4.0 * sum(letter in common for letter in high) / len(high))


def _sample(data: bytes) -> bytes:
    pieces: list[bytes] = []
    size = 0
    for found in _WORDS.finditer(data):
        word = found[0][:_SAMPLE]
        if word.isascii():
            continue
        pieces.append(word)
        size += len(word)
        if size > _SAMPLE:
            break
    return b" ".join(pieces)


def _score(sample: bytes, reading: _Reading) -> float:
    """How well words read in an encoding: about 1 if as in its languages, below 0 if as nowhere."""
    text = sample.decode(reading.codec, "replace")
    high = sum(letter > "\x7f" for letter in text) or 1
    common, letters, punctuation, foreign, flips, mixed = (len(pattern.findall(text)) for pattern in _patterns(reading))
    others = high - letters - punctuation
    points = common + 0.4 * (letters - common) + 0.2 * punctuation - others - 0.5 * foreign - 1.5 * flips - mixed
    if letters >= _ENOUGH and reading.expected and not any(letter in text for letter in reading.expected):
        points -= high
    return (points - 4 * text.count("\ufffd")) / high


@cache
def _patterns(reading: _Reading) -> tuple[re.Pattern[str], ...]:
    letters = reading.letters
    latin = letters.startswith(("\u00c0", "\u00e0"))
    # Accented letters stand between plain ones; letters of another script among their like.
    mixed = f"[{letters}](?=[{letters}][{letters}])" if latin else f"[{letters}](?=[A-Za-z])|[A-Za-z](?=[{letters}])"
    lower = "a-zа-яёіїєα-ωà-öø-ÿ" if not latin else "a-zà-öø-ÿ"
    upper = "А-ЯЁІЇЄΑ-ΩÀ-ÖØ-Þ"
    return (
        re.compile(f"[{reading.common}]"),
        re.compile(f"[{letters}]"),
        re.compile(f"[{_PUNCTUATION}]"),
        re.compile(f"[^\\x00-\\x7f{letters}{_PUNCTUATION}](?=\\w)"),
        re.compile(f"[{lower}](?=[{upper}])"),
        re.compile(mixed),
    )
