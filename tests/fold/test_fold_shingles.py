"""Fingerprints: what counts as the same text, and what comes back from a document."""

from __future__ import annotations

import numpy as np
import pytest

from tests.fold.fold_play import text
from transforms.fold.shingles import VERSION, document, fingerprint, from_document, shared, within
from transforms.text import fold, words


def naive(written: str, width: int) -> set[tuple[str, ...]]:
    found = words(fold(written))
    if not found:
        return set()
    return {tuple(found[i : i + width]) for i in range(max(1, len(found) - width + 1))}


THAI = "คณะกรรมการท่าเรือดัลมาร์เปิดท่าเทียบเรือแห่งใหม่ทางทิศเหนือเมื่อวันจันทร์ หลังจากขุดลอกและซ่อมแซมมาตลอดสามฤดูหนาว"


@pytest.mark.parametrize(
    ("parts", "width"),
    [
        (["quay1-6"], 5), (["ferry2"], 5), (["zh1-4"], 5), (["short1"], 5), (["quay1"] * 3, 5),
        (["ja1-2"], 8), ([THAI], 12), ([f"{THAI} Dalmar Port Authority"], 12),
        (["Dalmar ท่าเรือ opens the new quay today"], 5),
    ],
)  # fmt: skip
def test_one_hash_for_each_shingle(parts: list[str], width: int) -> None:
    assert len(fingerprint(text(parts))) == len(naive(text(parts), width))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("قالت الوزارةُ إنّ الأزمة انتهت أمس", "قالت الوزاره ان الازمه انتهت امس"),
        ("Le musée « fermé » rouvrira ce soir.", "le musee ferme rouvrira ce soir"),
        ("Ещё одна ёлка стоит у моря", "еще одна елка стоит у моря"),
        ("one two\u200f three\u00a0four — five, six", "One two three four five six"),
        ("١٢ سفينة دخلت الميناء اليوم صباحا", "12 سفينة دخلت الميناء اليوم صباحا"),
    ],
)
def test_other_letters_for_the_same_words(one: str, other: str) -> None:
    assert fingerprint(one).tolist() == fingerprint(other).tolist() != []


@pytest.mark.parametrize("empty", ["", " ", "…!?", "\u200f\u0640", "\n\n"])
def test_a_text_without_words_has_none(empty: str) -> None:
    assert len(fingerprint(empty)) == 0


def test_word_order_counts() -> None:
    assert shared(fingerprint("a b c d e"), fingerprint("e d c b a")) == 0
    assert shared(fingerprint("a b c d"), fingerprint("a b c d e")) == 0


def test_hashes_are_spread_evenly() -> None:
    hashes = fingerprint(" ".join(f"word{n}" for n in range(40_000)))
    assert len(hashes) > 39_990
    counts, _ = np.histogram(hashes, 16, (0, 2**32))
    assert counts.min() > 2300
    assert counts.max() < 2700
    assert len(np.unique(hashes & 0xFFFF)) > 29_000


def test_hostile_text_is_text() -> None:
    for hostile in ("\ud800 lone surrogate in five words", "\0" * 1000, "a" * 1_000_000, "國" * 100_000):
        assert len(fingerprint(hostile)) <= 100_000


def test_shared_is_the_size_of_the_intersection() -> None:
    rng = np.random.default_rng(1)
    for _ in range(200):
        a, b = (np.unique(rng.integers(0, 300, rng.integers(0, 200), np.uint64).astype(np.uint32)) for _ in "ab")
        both = set(a.tolist()) & set(b.tolist())
        assert shared(a, b) == shared(b, a) == len(both)
        assert set(a[within(a, b)].tolist()) == both


def test_there_and_back() -> None:
    hashes = fingerprint(text(["quay1-6"]))
    assert from_document(document(hashes)).tolist() == hashes.tolist()
    assert from_document(document(hashes[:0])).tolist() == []
    with pytest.raises(ValueError, match="is not shingle5"):
        from_document({**document(hashes), "version": VERSION + 1})
