"""When a feed's progress may be stored: every record of the poll has its receipt, and none is counted twice."""

from __future__ import annotations

from transforms.feeds.commit import complete
from transforms.records import Origin, Poll, Receipt


def poll(batch: int, entries: int) -> Poll:
    return Poll("feed:a", batch, entries, {"batch": batch})


def receipt(batch: int, seq: int) -> Receipt:
    return Receipt(Origin("feed:a", batch, seq), "indexed")


def test_a_poll_waits_for_every_receipt_in_any_order() -> None:
    assert complete([poll(1, 2), receipt(1, 1)]) == ([], [poll(1, 2), receipt(1, 1)])
    assert complete([receipt(1, 0), receipt(1, 1)]) == ([], [receipt(1, 0), receipt(1, 1)])
    assert complete([receipt(1, 0), poll(1, 2), receipt(1, 1)]) == ([poll(1, 2)], [])


def test_a_receipt_given_twice_counts_once() -> None:
    items = [poll(1, 2), receipt(1, 0), receipt(1, 0)]
    assert complete(items) == ([], items)


def test_receipts_of_another_poll_do_not_count_and_what_is_newer_waits() -> None:
    items = [poll(1, 1), receipt(2, 0), receipt(1, 0), poll(2, 2)]
    assert complete(items) == ([poll(1, 1)], [receipt(2, 0), poll(2, 2)])


def test_what_an_abandoned_poll_left_goes_with_the_next_complete_one() -> None:
    assert complete([receipt(1, 0), poll(2, 1), receipt(2, 0)]) == ([poll(2, 1)], [])
