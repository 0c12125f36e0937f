"""The forms that grammar makes of a listed name, so that an editor lists a name once.

Russian cases, English and French numbers and genders, Arabic nisbas, and letters that Arabic writers choose differently
for a foreign sound. The rules over-generate on purpose: a form that nobody writes costs a dictionary entry and matches
nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from transforms.text import fold

_SOFT = "гкхжшщч"
_VOWELS = "аеёиоуыэюя"
_CASES = 6  # nominative, genitive, dative, accusative, instrumental, prepositional

_ADJECTIVES = {
    "ый": ("ый", "ого", "ому", "ый|ого", "ым", "ом"), "ий": ("ий", "ого|его", "ому|ему", "ий|ого|его", "им", "ом|ем"),
    "ой": ("ой", "ого", "ому", "ой|ого", "ым|им", "ом"), "ая": ("ая", "ой", "ой", "ую", "ой", "ой"),
    "яя": ("яя", "ей", "ей", "юю", "ей", "ей"), "ое": ("ое", "ого", "ому", "ое", "ым|им", "ом"),
    "ее": ("ее", "его", "ему", "ее", "им", "ем"), "ые": ("ые", "ых", "ым", "ые|ых", "ыми", "ых"),
    "ие": ("ие", "их", "им", "ие|их", "ими", "их"),
}  # fmt: skip
_NOUNS = {
    "ия": ("ия", "ии", "ии", "ию", "ией", "ии"), "ий": ("ий", "ия", "ию", "ия|ий", "ием", "ии"),
    "ие": ("ие", "ия", "ию", "ие", "ием", "ии"), "я": ("я", "и", "е", "ю", "ей", "е"),
    "а": ("а", "ы|и", "е", "у", "ой|ей", "е"),
    "й": ("й", "я", "ю", "я|й", "ем", "е"), "ь": ("ь", "и|я", "и|ю", "ь|я", "ью|ем", "и|е"),
    "ы": ("ы", "|ов", "ам", "ы|ов", "ами", "ах"), "": ("", "а", "у", "а|", "ом|ым|ем", "е"),
}  # fmt: skip


def russian(name: str, every_word: bool = False) -> Iterator[str]:
    """`name` in its cases: the adjectives at its head and the first noun, or every word of a person's name.

    "Северная Корея" gives "Северной Кореи" too, "Организация Объединённых Наций" only changes its first word.
    """
    words = re.split(r"([\s\-]+)", name)
    paradigms: list[Sequence[str]] = []
    done = False
    for word in words:
        fixed = done or not re.search("[а-яё]$", word) or (word[-1] in "оеиуюэ" and not _adjective(word))
        if fixed:
            paradigms.append((word,) * _CASES)
            continue
        adjective = _adjective(word) and not (every_word and re.search("[^кцчшщ]ий$", word))
        paradigms.append(_declined(word) if adjective else _noun(word))
        done = not every_word and not adjective
    for case in range(_CASES):
        forms = [""]
        for paradigm in paradigms:
            forms = [form + ending for form in forms for ending in paradigm[case].split("|")]
        yield from forms


def _adjective(word: str) -> bool:
    return len(word) > 4 and word[-2:] in _ADJECTIVES


def _declined(word: str) -> list[str]:
    return _with(word[:-2], _ADJECTIVES[word[-2:]])


def _noun(word: str) -> list[str]:
    for ending in ("ия", "ий", "ие", "я", "а", "й", "ь", "ы"):
        if word.endswith(ending) and len(word) > len(ending) + 1:
            return _with(word[: -len(ending)], _NOUNS[ending])
    return _with(word, _NOUNS[""])


def _with(stem: str, endings: Sequence[str]) -> list[str]:
    return ["|".join(stem + one for one in ending.split("|")) for ending in endings]


def demonyms(language: str, word: str) -> Iterator[str]:
    """The forms of a word of nationality: nisba with and without article, number and gender, Russian cases."""
    yield word
    if language == "ar" and re.fullmatch("(?!ال).*ي", word) and " " not in word:
        for ending in ("", "ة", "ون", "ين", "ات", "ان"):
            yield word + ending
            yield "ال" + word + ending
    elif language == "en":
        yield word + "s"
    elif language == "fr":
        feminine = "ne" if word.endswith("en") else "" if word.endswith("e") else "e"
        yield from (word + "s", word + feminine, word + feminine + "s")
    elif language == "ru":
        if word.endswith(("кий", "ный")):
            stem = word[:-2]
            endings = ("ий", "ого", "ому", "им", "ом", "ая", "ой", "ую", "ое", "ие", "их", "ими")
            yield from (stem + ending for ending in endings)
        else:
            stem = word.rstrip("ыеи")
            yield from (stem + ending for ending in ("", "ы", "е", "и", "ов", "ев", "ам", "ями", "ами", "ах"))


def spellings(folded: str, rewrites: Sequence[tuple[str, str]], shortest: int) -> Iterator[str]:
    """Other Arabic spellings of a folded name, each rewrite applied throughout.

    A single word under `shortest` letters has none.
    """
    if " " not in folded and len(folded) < shortest:
        return
    for letters, others in rewrites:
        if letters in folded:
            yield folded.replace(letters, others)


def forms(language: str, kind: str, name: str) -> Iterator[str]:
    """The folded forms of one listed name of an entity of type `kind`."""
    yield fold(name)
    if language == "ru":
        yield from map(fold, russian(name, every_word=kind == "person"))
    elif language == "en" and kind == "weapon":
        yield fold(name + "s")
