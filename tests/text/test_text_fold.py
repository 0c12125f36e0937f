"""Folding by table against the same folding written one character at a time."""

from __future__ import annotations

import random
import sys
import unicodedata

import pytest

from transforms import text as module
from transforms.text import fold, fold_spans

MARKS = (
    "\u00ad\u0300\u0301\u0308\u0327\u036f\u0610\u061a\u061c\u0640\u064b\u0651\u065f\u0670\u06d6\u06ed"
    "\u200b\u200c\u200d\u200f\u202a\u202e\u2060\u2069\ufeff"
)
LETTERS = "aZéÉßñŁıİøЁёйїІабвأإآاىئيةهکكھ٣۴0 9’«»—\u00a0\u2009世界ไทยﻻ😀𝔘\U0010ffff\ud83d\udc00\n.,"


def is_mark(letter: str) -> bool:
    """Soft hyphen, accents, Arabic vowel and Koranic signs, tatweel, and what is there only to direct or join."""
    code = ord(letter)
    vowel_sign = 0x0610 <= code <= 0x0670 and unicodedata.category(letter) in {"Mn", "Cf"}
    koranic = 0x06D6 <= code <= 0x06ED
    directing = 0x200B <= code <= 0x200F or 0x202A <= code <= 0x202E or 0x2060 <= code <= 0x2069
    return code in {0x00AD, 0x0640, 0xFEFF} or 0x0300 <= code <= 0x036F or vowel_sign or koranic or directing


def one(letter: str) -> str:
    """The folding of one character, from the rules rather than from a table."""
    code = ord(letter)
    for levelled in (module._OTHERS, module._ARABIC):
        if letter in levelled:
            return levelled[letter]
    if is_mark(letter):
        return ""
    if not 0x41 <= code < 0x2500:
        return letter
    if 0x0400 <= code < 0x0530:
        return letter.lower()
    if 0x0600 <= code < 0x1E00:
        return letter
    return unicodedata.normalize("NFD", letter.lower())[:1] or letter


def slow(text: str) -> str:
    return "".join(map(one, text))


def test_every_code_point() -> None:
    every = [chr(code) for code in range(sys.maxunicode + 1)]
    assert fold("".join(every)) == "".join(one(letter) for letter in every)
    # Alone each takes the way of short texts.
    assert [letter for letter in every if fold(letter) != one(letter)] == []


def made(rng: random.Random, length: int) -> str:
    kinds = (LETTERS, MARKS, LETTERS + MARKS)
    out = []
    while len(out) < length:
        kind = rng.choice(kinds)
        out += rng.choices(kind, k=rng.randint(1, 6))
        if rng.random() < 0.1:
            out.append(chr(rng.randrange(sys.maxunicode + 1)))
    return "".join(out[:length])


@pytest.mark.parametrize("length", [1, 3, 30, module._SHORT - 1, module._SHORT, module._SHORT + 1, 400, 3000])
def test_random_texts(length: int) -> None:
    rng = random.Random(length)
    for _ in range(100):
        text = made(rng, length)
        folded = fold(text)
        assert folded == slow(text)
        assert fold(folded) == folded
        check_spans(text)


def check_spans(text: str) -> None:
    back = fold_spans(text)
    assert back.text == fold(text)
    places = [place for place, letter in enumerate(text) if one(letter)]
    for place, source in enumerate(places):
        assert back.span(place, place + 1) == (source, source + 1)
    if places:
        assert back.span(0, len(places)) == (places[0], places[-1] + 1)
        assert back.span(0, 0) == (places[0], places[0])
    if len(places) < len(text):
        assert back.span(len(places), len(places)) == (len(text), len(text))


@pytest.mark.parametrize("text", ["", "ABC def", "\u200f", "\u0651" * 60, "é", "É\u0301x", "مُحَمَّدٌ", "a\u00adb" * 40])
def test_spans_of_edges(text: str) -> None:
    assert fold_spans(text).text == slow(text) == fold(text)
    check_spans(text)


def test_spans_are_plain_numbers() -> None:
    start, end = fold_spans("أعلنَ الوزير").span(1, 4)
    assert (type(start), type(end)) == (int, int)
