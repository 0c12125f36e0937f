"""Bytes under right, wrong and missing labels, and text that was once decoded wrongly."""

from __future__ import annotations

import time

import pytest

from transforms.clean.encoding import decode, mend

ARABIC = "أعلنت هيئة الموانئ اليوم أن العبارة الجديدة ستبدأ رحلاتها في الربيع، وأن التذاكر ستباع في المرفأ."
PERSIAN = "سازمان بندر امروز اعلام کرد که کشتی تازه از بهار آینده به راه خواهد افتاد."
RUSSIAN = "Портовая служба сообщила в четверг, что новый паром выйдет в рейс весной, билеты будут продавать в порту."
FRENCH = (
    "La capitainerie a annoncé jeudi que le nouveau ferry sera à quai dès le début de l'été, « s'il plaît à la météo »."
)
POLISH = "Zarząd portu ogłosił, że nowy prom wyruszy wiosną, a bilety będą sprzedawane również w mieście."
TURKISH = "Liman müdürlüğü, yeni feribotun ilkbaharda sefere başlayacağını ve biletlerin şehirde satılacağını açıkladı."
GREEK = "Το λιμεναρχείο ανακοίνωσε ότι το νέο πλοίο θα ξεκινήσει την άνοιξη."
HEBREW = "הנהלת הנמל הודיעה היום כי המעבורת החדשה תצא לדרך באביב וכי הכרטיסים יימכרו בנמל."
CHINESE = "港务局星期四说，新的渡船将在春天开始航行，船票在码头出售，这是十年来的第一次。"
JAPANESE = "港の事務所は木曜日、新しいフェリーが春から動くと発表した。切符は町でも買える。"
KOREAN = "항만청은 새 여객선이 봄부터 운항을 시작한다고 목요일에 밝혔다. 표는 시내에서도 살 수 있다."

LEGACY = [
    *[(ARABIC, codec) for codec in ("windows-1256", "iso-8859-6")],
    *[(RUSSIAN, codec) for codec in ("windows-1251", "koi8-r", "iso-8859-5", "cp866")],
    *[(JAPANESE, codec) for codec in ("shift_jis", "euc-jp")],
    *[(PERSIAN, "windows-1256"), (FRENCH, "windows-1252"), (POLISH, "windows-1250"), (TURKISH, "windows-1254")],
    *[(GREEK, "windows-1253"), (HEBREW, "windows-1255"), (CHINESE, "gb18030"), (KOREAN, "euc-kr")],
]


def _recoded(text: str, codec: str) -> tuple[bytes, str]:
    data = text.encode(codec, "ignore")
    return data, data.decode(codec)


@pytest.mark.parametrize(("text", "codec"), LEGACY)
def test_without_a_label(text: str, codec: str) -> None:
    data, want = _recoded(text, codec)
    assert decode(data) == want


@pytest.mark.parametrize(("text", "codec"), LEGACY)
def test_rightly_declared(text: str, codec: str) -> None:
    data, want = _recoded(text, codec)
    assert decode(data, codec) == want


@pytest.mark.parametrize("label", ["utf-8", "iso-8859-1", "no-such-thing", "utf-7", "base64"])
@pytest.mark.parametrize(
    ("text", "codec"), [case for case in LEGACY if case[1] in {"windows-1256", "windows-1251", "koi8-r"}]
)
def test_wrongly_declared(text: str, codec: str, label: str) -> None:
    data, want = _recoded(text, codec)
    assert decode(data, label) == want


@pytest.mark.parametrize("label", [None, "windows-1256", "iso-8859-1", "utf-16"])
@pytest.mark.parametrize("text", [ARABIC, RUSSIAN, FRENCH, CHINESE])
def test_utf8_beats_its_label(text: str, label: str | None) -> None:
    assert decode(text.encode(), label) == text


def test_declared_inside() -> None:
    document = f'<?xml version="1.0" encoding="windows-1251"?><title>{RUSSIAN}</title>'
    assert decode(document.encode("windows-1251")) == document
    page = f'<html><head><meta charset="windows-1256"><title>{ARABIC}</title>'
    assert decode(page.encode("windows-1256")) == page


def test_marks_and_wide_letters() -> None:
    assert decode(b"\xef\xbb\xbf" + ARABIC.encode(), "windows-1256") == ARABIC
    assert decode(ARABIC.encode("utf-16")) == ARABIC
    assert decode(f"<rss><title>{ARABIC}</title></rss>".encode("utf-16-le")) == f"<rss><title>{ARABIC}</title></rss>"


def test_never_raises() -> None:
    for data in (b"", b"\xff", b"\x00" * 50, bytes(range(256)) * 4, b"\xff\xfe\x00", ARABIC.encode()[:-1]):
        for label in (None, "utf-8", "utf-16", "x" * 100, "rot13", "idna", "unicode_escape"):
            assert isinstance(decode(data, label), str)
    assert decode(ARABIC.encode()[:-1]).startswith(ARABIC[:-2])


def test_cost_is_linear() -> None:
    start = time.process_time()
    for data in (b"a" * 2_000_000 + b"\xff", b"\xc7" * 2_000_000, b"a\xc7 " * 700_000, b"<meta " * 300_000 + b"\xff"):
        decode(data)
        mend(data[:1_000_000].decode("cp1252", "replace"))
    assert time.process_time() - start < 5


@pytest.mark.parametrize("codec", ["cp1252", "latin-1", "cp1256", "cp1251"])
@pytest.mark.parametrize("text", [ARABIC, RUSSIAN, FRENCH, TURKISH, CHINESE])
def test_mend(text: str, codec: str) -> None:
    wrong = "".join(bytes([byte]).decode(codec, "ignore") or chr(byte) for byte in text.encode())
    assert wrong != text
    assert mend(wrong) == text


@pytest.mark.parametrize(
    "text",
    [
        ARABIC, PERSIAN, RUSSIAN, FRENCH, POLISH, TURKISH, GREEK, HEBREW, CHINESE, JAPANESE, KOREAN, "plain", "",
        "CAFÉ’S OWNER", "LE THÉ…", "ÃO", "naïve Â", "Он сказал «Р»", f"{FRENCH} Ã©", "£5", "50 °C",
    ],
)  # fmt: skip
def test_mend_leaves_what_is_right(text: str) -> None:
    assert mend(text) == text
