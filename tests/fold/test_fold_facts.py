"""Figures and names by their place: what agrees however it is written, and what tells two events apart."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from transforms.errors import DataError
from transforms.fold import facts
from transforms.fold.facts import KEPT, Agreement, agreement, slots
from transforms.fold.verdict import OTHER, SAME, UNSAID, Overlap


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The board sold 41,882 tonnes of barley.", "The board sold 41 882 tonnes of barley."),
        ("ارتفع مؤشر السوق 17ر1 نقطة", "ارتفع مؤشر السوق 1.17 نقطة"),
        ("بلغت القروض حتى نهاية العام 2014م مبلغا", "بلغت القروض حتى نهاية العام ٢٠١٤ مبلغا"),
        ("وصلت إلى المطار الطائرة الرابعة أمس", "وصلت إلى المطار الطائره الرابعه أمس"),
        ("It was met by President Anna Torvik at noon.", "It was met by Anna Torvik at noon."),
    ],
)
def test_the_same_written_otherwise_agrees(one: str, other: str) -> None:
    found = agreement(slots(one), slots(other))
    assert found.common >= 1
    assert found.against == 0


@pytest.mark.parametrize(
    ("one", "other", "wanted"),
    [
        ("the plane brought 38 tonnes", "the plane brought 54 tonnes", Agreement(1, 1, 0, 0)),
        ("They unloaded plane no. 4 at dawn", "They unloaded plane no. 6 at dawn", Agreement(1, 2, 0, 0, 1)),
        ("the fourth relief plane has landed", "the sixth relief plane has landed", Agreement(1, 2, 0, 0, 1)),
        ("أفرغوا حمولة الطائرة رقم 4 فجرا", "أفرغوا حمولة الطائرة رقم 6 فجرا", Agreement(1, 2, 0, 0, 1)),
        ("a cable to President Torvik of it", "a cable to President Malek of it", Agreement(0, 0, 1, 1)),
        ("هنأ الملك رئيس أورسا اليوم", "هنأ الملك رئيس كارسك اليوم", Agreement(0, 0, 1, 1)),
        ("the plane brought 38 tonnes", "the lorry took 54 tonnes", Agreement(0, 0, 0, 0)),
        ("", "the plane brought 38 tonnes", Agreement(0, 0, 0, 0)),
    ],
)
def test_what_stands_in_the_same_place(one: str, other: str, wanted: Agreement) -> None:
    assert agreement(slots(one), slots(other)) == wanted
    assert agreement(slots(other), slots(one)) == wanted


def test_a_place_filled_twice_tells_nothing() -> None:
    assert len(slots("the plane brought 38 tonnes and the plane brought 54 more")) == 0
    assert len(slots("the plane brought 38 tonnes, yes, the plane brought 38 tonnes")) == 1


def test_slots_are_few_sorted_and_alike_in_like_texts() -> None:
    words = [f"word{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(200)]
    text = " ".join(f"{one} {other} {n}" for n, (one, other) in enumerate(itertools.pairwise(words)))
    kept = slots(text)
    assert len(kept) == KEPT
    assert kept.tolist() == sorted(set(kept.tolist()))
    found = agreement(kept, slots(text + " and a last line with 7 eggs"))
    assert found.common >= KEPT - 1
    assert found.against == 0


@pytest.mark.parametrize(
    "hostile", ["7" * 100_000, "7 " * 50_000, "رقم " * 20_000, "A b C " * 20_000, "\ud800 no. 4", "."]
)
def test_hostile_texts_end_soon(hostile: str) -> None:
    assert len(slots(hostile)) <= KEPT


@pytest.mark.parametrize(
    ("shared", "sizes", "found", "lag_h", "wanted"),
    [
        (70, (100, 100), Agreement(3, 0, 1, 0), 1, SAME),
        (70, (100, 100), Agreement(0, 0, 6, 0), 1, UNSAID),
        (70, (100, 100), Agreement(3, 0, 0, 0), 1, UNSAID),
        (70, (100, 100), Agreement(3, 2, 4, 0), 1, OTHER),
        (70, (100, 160), Agreement(3, 2, 4, 0), 1, UNSAID),
        (70, (100, 100), Agreement(4, 2, 4, 0), 1, UNSAID),
        (70, (100, 100), Agreement(0, 0, 9, 3), 1, OTHER),
        (70, (100, 100), Agreement(0, 0, 10, 3), 1, UNSAID),
        (70, (100, 100), Agreement(2, 1, 0, 0), 17, UNSAID),
        (70, (100, 100), Agreement(2, 1, 0, 0), 19, OTHER),
        (70, (100, 100), Agreement(2, 1, 0, 0), -19, OTHER),
        (70, (100, 130), Agreement(2, 1, 0, 0), 19, UNSAID),
    ],
)
def test_what_they_say(shared: int, sizes: tuple[int, int], found: Agreement, lag_h: int, wanted: int) -> None:
    weighed = Overlap(shared, *sizes).weighed(found, lag_h * 3600)
    assert weighed.facts == wanted
    assert weighed.turned().facts == wanted
    assert weighed.linked is (wanted != OTHER)


@pytest.mark.parametrize(("shared", "linked"), [(49, False), (50, True), (60, True)])
def test_agreement_carries_down_to_half_and_no_further(shared: int, linked: bool) -> None:
    overlap = Overlap(shared, 100, 200)
    assert overlap.in_doubt is (shared >= 50)
    assert overlap.weighed(Agreement(4, 0, 0, 0), 0).linked is linked


def test_other_events_are_no_passage_of_each_other() -> None:
    overlap = Overlap(90, 100, 100).weighed(Agreement(3, 3, 0, 0), 0)
    assert (overlap.linked, overlap.passage) == (False, False)


def test_broken_data_is_told_with_its_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "slots.yaml").write_text("signs: [no]\nordinals: {}\nheralds: []\n", "utf-8")
    monkeypatch.setattr(facts, "DATA", tmp_path)
    with pytest.raises(DataError, match=r"slots\.yaml.*signs\.0.*correct the value"):
        facts.vocabulary.__wrapped__()
