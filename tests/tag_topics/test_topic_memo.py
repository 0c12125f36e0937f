"""The memo of words is cleared when it is full, perhaps while another thread scans: nothing it finds may move."""

from __future__ import annotations

import pytest

from transforms.tag import topic_match
from transforms.tag.topic_match import Matcher

TEXT = "First line ends here.\nThe second has more words.\nAnd a third."


def test_a_line_ends_also_in_a_memo_that_was_just_cleared() -> None:
    matcher = Matcher("en")
    length = matcher.scan(TEXT).length
    memo = matcher._memo
    assert memo is not None
    memo.clear()
    assert matcher.scan(TEXT).length == length


def test_a_memo_that_is_full_all_the_time_counts_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    length = Matcher("en").scan(TEXT).length
    monkeypatch.setattr(topic_match, "_MEMO_LIMIT", 1)
    assert Matcher("en").scan(TEXT).length == length
