from __future__ import annotations

import pytest

from transforms.tag.clitics import readings
from transforms.tag.generate import clean
from transforms.tag.inflect import demonyms, russian, spellings
from transforms.text import fold


@pytest.mark.parametrize(
    ("word", "rest", "cut"),
    [
        ("والصين", "الصين", 1), ("وبالصين", "الصين", 2), ("للصين", "الصين", 1), ("وللصين", "الصين", 2),
        ("فالصين", "الصين", 1), ("كالصين", "الصين", 1), ("للبنان", "لبنان", 1), ("وليبيا", "ليبيا", 1),
        ("للجنة", "اللجنة", 1), ("بمصر", "مصر", 1),
    ],
)  # fmt: skip
def test_a_proclitic_is_cut(word: str, rest: str, cut: int) -> None:
    assert (cut, fold(rest)) in list(readings(fold(word)))


@pytest.mark.parametrize("word", ["لبنان", "كوريا", "بولندا", "فرنسا", "Washington", "والي"])
def test_the_whole_word_comes_first(word: str) -> None:
    assert next(readings(fold(word))) == (0, fold(word))


@pytest.mark.parametrize(("word", "never"), [("كسرت", "سرت"), ("سليما", "ليما"), ("فقطر", "قطر"), ("Wien", "ien")])
def test_what_is_not_cut(word: str, never: str) -> None:
    assert never not in [rest for _, rest in readings(fold(word))]


@pytest.mark.parametrize(
    ("name", "person", "expected"),
    [
        ("Россия", False, {"России", "Россию", "Россией"}),
        ("Северная Корея", False, {"Северной Кореи", "Северную Корею"}),
        ("Организация Объединённых Наций", False, {"Организации Объединённых Наций"}),
        ("Соединённые Штаты Америки", False, {"Соединённых Штатов Америки", "Соединёнными Штатами Америки"}),
        ("Владимир Путин", True, {"Владимира Путина", "Владимиром Путиным", "Владимиру Путину"}),
        ("Валерий Герасимов", True, {"Валерия Герасимова", "Валерием Герасимовым"}),
        ("Владимир Зеленский", True, {"Владимира Зеленского", "Владимиром Зеленским"}),
        ("Сергей Шойгу", True, {"Сергея Шойгу"}),
    ],
)
def test_russian_cases(name: str, person: bool, expected: set[str]) -> None:
    forms = set(russian(name, every_word=person))
    assert name in forms
    assert expected <= forms


@pytest.mark.parametrize(
    ("language", "word", "expected"),
    [
        ("ar", "روسي", {"الروسية", "روسيون", "الروسيين"}),
        ("en", "Russian", {"Russians"}),
        ("fr", "italien", {"italienne", "italiens", "italiennes"}),
        ("fr", "russe", {"russes"}),
        ("ru", "российский", {"российского", "российская", "российскими"}),
    ],
)
def test_demonyms(language: str, word: str, expected: set[str]) -> None:
    assert expected <= set(demonyms(language, word))


def test_an_arabic_plural_that_is_listed_with_its_article_stays_as_it_is() -> None:
    assert list(demonyms("ar", "الروس")) == ["الروس"]


def test_spellings_leave_short_words_alone() -> None:
    rewrites = [("غ", "ج")]
    assert list(spellings("بيونغ يانغ", rewrites, 6)) == ["بيونج يانج"]
    assert list(spellings("غانا", rewrites, 6)) == []


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("Маршалловы о-ва", ["Маршалловы острова"]),
        ("Myanmar (Burma)", ["Myanmar", "Burma"]),
        ("Hong Kong SAR China", ["Hong Kong"]),
        ("منطقة ماكاو الإدارية الخاصة", ["ماكاو"]),
        ("Trinidad & Tobago", ["Trinidad & Tobago", "Trinidad and Tobago"]),
    ],
)
def test_names_of_the_generator(name: str, names: list[str]) -> None:
    assert clean(name) == names
