"""What a text becomes for full-text search: folded words, and for Arabic the words without their clitics.

The store's own tokenizer only splits at spaces: all the work is here, the same for texts and for queries.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import cache

from transforms.text import fold, words

_CACHED = 1 << 18
_LONGEST = 64  # characters of a word that count; longer ones are data, not words
_WORD = re.compile(r"[^\W_]+")
_CONJUNCTION, _PREPOSITION, _ARTICLE = frozenset("وف"), frozenset("بلك"), "ال"
_WITH_ARTICLE = re.compile("^(?:[وف]?[بك]?ال|[وف]?لل)(?=..)")


@cache
def marks() -> str:
    """The characters that folding drops, as the inside of a character class."""
    dropped = [letter for letter in map(chr, (*range(0x80, 0x2500), 0xFEFF)) if not fold(letter)]
    return re.escape("".join(dropped))


@cache
def _dropped() -> re.Pattern[str]:
    return re.compile(f"[{marks()}]+")


class _Folded(dict[str, str]):
    """Word as written to folded word (several, where a script has no spaces). Texts repeat words: keep them."""

    def __missing__(self, word: str) -> str:
        folded = " ".join(part[:_LONGEST] for part in words(fold(word)))
        if len(word) <= _LONGEST:
            if len(self) >= _CACHED:
                self.clear()
            self[word] = folded
        return folded


class _Forms(dict[str, str]):
    """Folded word to its `forms`, with a space between."""

    def __missing__(self, word: str) -> str:
        if len(self) >= _CACHED:
            self.clear()
        found = self[word] = " ".join(forms(word))
        return found


_folded, _forms = _Folded(), _Forms()


def forms(word: str) -> tuple[str, ...]:
    """An Arabic folded word without its clitics, one step at a time: والعقوبات gives العقوبات and عقوبات. Else ()."""
    found: list[str] = []
    if word[:1] in _CONJUNCTION and len(word) > 3:
        word = word[1:]
        found.append(word)
    if word.startswith("لل") and len(word) > 3:  # ل + ال is written لل
        return (*found, word[2:])
    if word[:1] in _PREPOSITION and len(word) > 3:
        word = word[1:]
        found.append(word)
    if word.startswith(_ARTICLE) and len(word) > 3:
        found.append(word[2:])
    return tuple(found)


def base(word: str) -> str | None:
    """A folded word that surely bears the article, without it and what stands before it; else None."""
    stripped = _WITH_ARTICLE.sub("", word)
    return stripped if stripped != word else None


def fold_word(word: str) -> list[str]:
    """The folded words of one word as written."""
    return _folded[word].split()


def _folded_words(text: str) -> list[str]:
    if not text.isascii() and _dropped().search(text):
        text = _dropped().sub("", text)
    return list(map(_folded.__getitem__, _WORD.findall(text)))


def searchable(text: str) -> str:
    """The folded words of a text, in order, with a space between."""
    return " ".join(_folded_words(text))


def columns(title: str, body: str) -> tuple[str, str, str]:
    """What full text holds of an article: title, body, and the forms without clitics of all their words."""
    folded_title, folded_body = _folded_words(title), _folded_words(body)
    # In order of first appearance: removing a text from the store needs the very string that was put in.
    extra = filter(None, map(_forms.__getitem__, dict.fromkeys((*folded_title, *folded_body))))
    return " ".join(folded_title), " ".join(folded_body), " ".join(extra)


def _rules() -> str:
    """A digest that changes when the same text would give other words. The store then writes its full text anew."""
    probe = "".join(f"{chr(code)} " for code in range(0x21, 0x2500))
    clitics = [forms(word) for word in ("والعقوبات", "بالسلاح", "للامن", "فكتاب", "ولد", "الحل")]
    seen = f"1 {unicodedata.unidata_version} {_LONGEST} {fold(probe)} {words('北京 ไทย a_b')} {clitics}"
    return hashlib.sha256(seen.encode()).hexdigest()[:16]


RULES = _rules()
