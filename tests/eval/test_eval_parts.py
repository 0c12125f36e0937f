"""Overlap, mapping of spans, pictures and pages, on texts of our own."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from tests.eval import curves, saudinewsnet
from tests.eval.anercorp import Sentence, Token, is_listed
from tests.eval.impresso import _page
from tests.eval.masakhanews import HOMELESS, HOMES
from tests.eval.model import Figure, Measured, Miss, Shown
from tests.eval.overlap import compare, marks, shingles
from tests.eval.pages import WORST, page
from tests.running import shared
from transforms.tag.topics import load_topics


def test_containment_is_of_the_smaller_text() -> None:
    whole = shingles("one two three four five six seven eight nine ten")
    part = shingles("Two, three FOUR five six seven! And more")
    assert compare(part, whole).containment == 2 / 4
    assert compare(whole, part).jaccard == 2 / 8
    assert compare(whole, shingles("")).containment == 0


def test_spelling_of_arabic_is_levelled() -> None:
    assert shingles("أعلنت الإدارةُ إلى مؤسســة الطيران") == shingles("اعلنت الاداره الي موسسه الطيران")


def test_short_texts_have_one_shingle() -> None:
    assert shingles("just three words") == {("just", "three", "words")}


def test_marks_are_running_stretches() -> None:
    text = "Before it all: one two three four five six. After it all"
    found = marks(text, shingles("x y one two three four five six z"))
    assert [text[start:end] for start, end in found] == ["one two three four five six"]


def test_our_overlap_agrees_with_the_data() -> None:
    """The labels leave out shingles that stand in over a hundred articles; so nearly all pairs agree, not all."""
    shared("saudinewsnet")
    given = saudinewsnet.corpus().given
    pairs = saudinewsnet.corpus().pairs[::20]
    sets = {name: shingles(given[name]) for pair in pairs for name in (pair.one, pair.other)}
    same = [(compare(sets[pair.one], sets[pair.other]).containment >= 0.6) == pair.gold for pair in pairs]
    assert sum(same) / len(same) > 0.99


def test_spans_and_tokens() -> None:
    tokens = (Token(0, 3, "O"), Token(4, 10, "B-LOC"), Token(11, 15, "I-LOC"), Token(16, 20, "B-LOC"))
    sentence = Sentence("سار وبالصين الشر قطر ", tokens, ())
    assert [token.tag for token in sentence.touched((6, 10))] == ["B-LOC"]
    assert [token.tag for token in sentence.touched((3, 12))] == ["B-LOC", "I-LOC"]
    assert sentence.gold("LOC") == [(4, 15), (16, 20)]
    assert sentence.gold("PERS") == []


@pytest.mark.parametrize(("text", "listed"), [("مصر", True), ("وبالصين", True), ("للمملكة", False), ("لاتفيا", True)])
def test_which_places_cldr_lists(text: str, listed: bool) -> None:
    assert is_listed(text) is listed


def test_a_page_of_labels() -> None:
    def row(token: str, label: str, render: str) -> str:
        return "\t".join([token, "O", "O", label, *["O"] * 5, render])

    read = _page([
        "# document_id = X-1", row("(", "O", "NoSpaceAfter"), row("Havas", "B-org.ent.pressagency.Havas", "_"),
        row("et", "O", "EndOfLine"), row("ATS", "B-org.ent.pressagency.ATS-SDA", "_"),
        row("PX", "B-org.ent.pressagency.unk", "_"),
    ])  # fmt: skip
    assert (read.name, read.text, read.gold) == ("X-1", "(Havas et\nATS PX ", {"havas", "ats"})
    assert [read.text[start:end] for (start, end), _ in read.marks] == ["Havas", "ATS", "PX"]


def test_every_topic_has_a_home_or_is_told_to_have_none() -> None:
    assert HOMES.keys() | HOMELESS == {topic.id for topic in load_topics().all}


def shown(*texts: Shown, misses: int = 1) -> str:
    miss = [Miss("sample.recall", -n, f"case {n:02}", "x < y", "a & b", texts) for n in range(misses)]
    return page(Measured("sample", (Figure("sample.recall", "ar", 0.5, 2, "it tells"),), tuple(miss)), {})


def test_hostile_text_is_shown_and_does_nothing() -> None:
    text = '</div><script>alert("x")</script><img src=x onerror=y> & \u202eesrever\x00'
    found = shown(Shown('<b onclick="z">', text, (((6, 14), "<i>"),)))
    assert "<script" not in found.replace("&lt;script", "")
    assert "<img" not in found
    assert "\u202e" not in found
    assert "\x00" not in found
    assert "&lt;b onclick=&quot;z&quot;&gt;" in found
    assert "<mark>&lt;script&gt;<small>&lt;i&gt;</small></mark>" in found
    assert "default-src 'none'" in found


def test_arabic_runs_from_right_to_left_and_shared_parts_are_marked() -> None:
    found = shown(Shown("a", "أعلن الوزير ذلك", (((0, 4), "shared"),)), Shown("b", "In English"))
    assert '<div class="text" dir="rtl"><mark>أعلن</mark> الوزير ذلك</div>' in found
    assert '<div class="text" dir="ltr">In English</div>' in found


def test_marks_over_each_other_tell_all_of_them() -> None:
    found = shown(Shown("a", "abcdef", (((0, 4), "gold"), ((2, 6), "ours"))))
    assert ("<mark>ab<small>gold</small></mark><mark>cd<small>gold; ours</small></mark>"
            "<mark>ef<small>ours</small></mark>") in found  # fmt: skip


def test_long_stretches_without_a_mark_are_cut_and_no_mark_is() -> None:
    text = "a" * 5000 + "XYZ" + "b" * 5000
    found = shown(Shown("a", text, (((5000, 5003), "shared"),)))
    assert "<mark>XYZ</mark>" in found
    assert "characters …" in found
    assert len(found) < 6000


def test_a_page_has_the_worst_and_says_of_how_many() -> None:
    found = shown(Shown("a", "text"), misses=WORST + 5)
    assert found.count("<article>") == WORST
    assert "case 00" in found
    assert f"case {WORST}" not in found
    assert f"{WORST} of {WORST + 5} misses" in found


@pytest.mark.parametrize("picture", [
    curves.lines("<T>", "x", {"a & b": [(0.2, 0.99), (0.6, 0.98), (1.0, 0.9)], "none": []}, 0.6),
    curves.histogram("T", "x", {"a": [0.0, 0.5, 1.0], "none": []}),
    curves.reliability("T", "x", [("0–5", 3, 4), ("5+", 0, 0)]),
])  # fmt: skip
def test_pictures_are_svg(picture: str) -> None:
    root = ET.fromstring(picture)
    for shape in root.iter():
        for name in ("x", "y", "width", "height"):
            if shape.tag.endswith("rect"):
                assert 0 <= float(shape.get(name, "0")) <= curves.WIDE


def test_a_histogram_is_of_shares() -> None:
    root = ET.fromstring(curves.histogram("T", "x", {"a": [0.01, 0.01, 0.01, 0.99]}, bins=2))
    bars = [float(shape.get("height", "0")) for shape in root.iter("{http://www.w3.org/2000/svg}rect")
            if shape.get("fill") == curves.COLOURS[0]]  # fmt: skip
    # The last square is the legend's.
    assert bars[0] == pytest.approx(3 * bars[1], rel=0.01)
