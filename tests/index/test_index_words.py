"""Words, queries and highlights by themselves."""

from __future__ import annotations

import pytest

from transforms.index.encode import dumps, loads, mend
from transforms.index.highlight import highlight
from transforms.index.query import Term, parse
from transforms.index.words import base, columns, forms, searchable


@pytest.mark.parametrize(
    ("word", "stripped"),
    [
        ("والعقوبات", ("العقوبات", "عقوبات")), ("العقوبات", ("عقوبات",)), ("بالامن", ("الامن", "امن")),
        ("وبالامن", ("بالامن", "الامن", "امن")), ("للسلام", ("سلام",)), ("وللسلام", ("للسلام", "سلام")), ("", ()),
        ("لوزير", ("وزير",)), ("كتاب", ("تاب",)), ("ولد", ()), ("في", ()), ("ال", ()), ("الي", ()), ("wine", ()),
    ],
)  # fmt: skip
def test_forms(word: str, stripped: tuple[str, ...]) -> None:
    assert forms(word) == stripped


@pytest.mark.parametrize(
    ("word", "bare"), [("العقوبات", "عقوبات"), ("فبالسلاح", "سلاح"), ("للسلام", "سلام"), ("وزير", None), ("الا", None)]
)
def test_base_is_taken_only_behind_the_article(word: str, bare: str | None) -> None:
    assert base(word) == bare


def test_searchable_is_folded_words() -> None:
    assert searchable("«وٱلعُقُوبَات»، L'été_2026 — 北京!") == "والعقوبات l ete 2026 北 京"
    assert searchable("\u064b\u200f \u0640 ...") == ""


def test_columns_are_the_same_every_time() -> None:
    title, body, extra = columns("والعقوبات", "بالأمن والعقوبات")
    assert (title, body, extra) == ("والعقوبات", "بالامن والعقوبات", "العقوبات عقوبات الامن امن")


def test_parse() -> None:
    parsed = parse('a OR "b c" -d -"e f" g* OR')
    assert parsed.wanted == ((Term(("a",)), Term(("b", "c"))), (Term(("g",), prefix=True),))
    assert parsed.unwanted == (Term(("d",)), Term(("e", "f")))
    assert parse("OR a").wanted == ((Term(("a",)),),)
    assert len(parse("x " * 500).wanted) == 64


def test_highlight_shows_the_place_with_most_matches() -> None:
    body = "alpha far away. " + "filler " * 100 + "here alpha and beta meet. " + "filler " * 100
    shown = highlight(parse("alpha beta"), "title", body)
    assert "here ⟦alpha⟧ and ⟦beta⟧ meet." in shown
    assert shown.startswith("…")
    assert shown.endswith("…")
    assert len(shown) < 320


def test_highlight_marks_as_written() -> None:
    assert highlight(parse("ministere"), "", "Le Ministère\n\nparle") == "Le ⟦Ministère⟧ parle"
    assert highlight(parse("عقوبات"), "", "إن وَٱلعُقُوبَات كثيرة") == "إن ⟦وَٱلعُقُوبَات⟧ كثيرة"
    assert highlight(parse("wine*"), "", "two wineries, no wind") == "two ⟦wineries⟧, no wind"
    assert highlight(parse("重新"), "", "今天重新开放") == "今天⟦重⟧⟦新⟧开放"
    assert highlight(parse("gone"), "T", "nothing of it") == "nothing of it"


def test_mending() -> None:
    mended = loads(dumps(mend({"a": ("x\0", 1.5, None, True), "b": {"s"}})))
    assert mended == {"a": ["x\ufffd", 1.5, None, True], "b": ["s"]}
    assert loads(dumps({"a": "says \\u0000 itself"})) == {"a": "says \\u0000 itself"}
    for wrong in ({"a": "\0"}, {"a": "\\\0"}, {"a": float("nan")}, {"a": object()}):
        with pytest.raises((ValueError, TypeError)):
            dumps(wrong)
