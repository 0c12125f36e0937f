"""Which offset may be committed: never beyond a record that lacks a receipt, whatever the order of what comes."""

from __future__ import annotations

import random

import pytest

from transforms.kafka.progress import Progress
from transforms.kafka.spans import Spans
from transforms.records import Extent, Origin, Receipt

READER = "kafka:k:news:0"


def receipt(offset: int, seq: int = 0) -> Receipt:
    return Receipt(Origin(READER, offset, seq), "indexed")


def fed(progress: Progress, items: list[Extent | Receipt]) -> Progress:
    for item in items:
        if isinstance(item, Extent):
            progress.add_extent(item)
        else:
            progress.add_receipt(item)
    return progress


def partition(dice: random.Random) -> tuple[int, list[Extent], dict[int, int]]:
    """A stretch of a partition: its start, the extents it was read in, and how many receipts each record has."""
    start = at = dice.randrange(1000)
    extents, counts = [], {}
    for _ in range(dice.randrange(1, 8)):
        end = at + dice.randrange(1, 30)
        own = {offset: dice.choice((0, 1, 1, 1, 3)) for offset in range(at, end) if dice.random() < 0.8}
        extents.append(Extent(READER, at, end, own))
        counts |= own
        at = end
    return start, extents, counts


def expected(start: int, extents: list[Extent], counts: dict[int, int], came: set[tuple[int, int]]) -> int:
    """By going over the offsets one by one."""
    covered = {offset for extent in extents for offset in range(extent.start, extent.end)}
    at = start
    while at in covered and all((at, seq) in came for seq in range(counts.get(at, 0))):
        at += 1
    return at


@pytest.mark.parametrize("seed", range(60))
def test_the_prefix_is_that_of_a_walk_after_each_step_in_any_order(seed: int) -> None:
    dice = random.Random(seed)
    start, extents, counts = partition(dice)
    items: list[Extent | Receipt] = [*extents]
    items += [receipt(offset, seq) for offset, count in counts.items() for seq in range(count)]
    items += dice.sample(items, len(items) // 3)
    dice.shuffle(items)
    progress, seen_extents, came = Progress(start), [], set()
    for item in items:
        fed(progress, [item])
        if isinstance(item, Extent):
            seen_extents.append(item)
        else:
            came.add((item.origin.batch, item.origin.seq))
        if dice.random() < 0.3:
            progress = Progress.of(bytes(progress))
        assert progress.advance() == expected(start, seen_extents, counts, came)
    assert progress.advance() == extents[-1].end
    assert bytes(progress) == bytes(Progress(extents[-1].end)), "nothing is kept of what is done"


@pytest.mark.parametrize("seed", range(20))
def test_parts_gathered_apart_and_merged_are_the_same_as_all_at_once(seed: int) -> None:
    dice = random.Random(seed)
    start, extents, counts = partition(dice)
    items: list[Extent | Receipt] = [*extents]
    items += [receipt(o, seq) for o, count in counts.items() for seq in range(count) if dice.random() < 0.9]
    dice.shuffle(items)
    whole, merged = fed(Progress(start), items), Progress(start)
    parts = [fed(Progress(), items[at::3]) for at in range(3)]
    for part in [*parts, parts[0]]:
        merged.merge(Progress.of(bytes(part)))
    assert merged.advance() == whole.advance()
    assert bytes(merged) == bytes(whole)


def test_nothing_is_said_until_the_beginning_is_known() -> None:
    progress = fed(Progress(), [Extent(READER, 10, 12, {10: 1, 11: 1}), receipt(10), receipt(11)])
    assert progress.advance() is None
    progress.begin(5)
    assert progress.advance() == 5, "from 5 to 10 was not read yet"
    fed(progress, [Extent(READER, 5, 10, {})])
    assert progress.advance() == 12


def test_a_later_beginning_wins_and_an_earlier_changes_nothing() -> None:
    progress = Progress(10)
    progress.begin(20)
    progress.begin(15)
    fed(progress, [Extent(READER, 5, 25, {n: 1 for n in range(5, 25)}), *map(receipt, range(5, 22))])
    assert progress.advance() == 22


def test_five_thousand_records_in_order_take_few_bytes() -> None:
    progress = fed(Progress(0), [Extent(READER, 0, 5000, {n: 1 for n in range(5000)}), *map(receipt, range(1, 5000))])
    assert progress.advance() == 0
    assert len(bytes(progress)) < 60


def test_a_state_of_another_schema_is_refused() -> None:
    with pytest.raises(ValueError, match="schema 9"):
        Progress.of(b"\x09[]")


@pytest.mark.parametrize("seed", range(30))
def test_spans_are_sets(seed: int) -> None:
    dice, spans, plain = random.Random(seed), Spans(), set[int]()
    for _ in range(60):
        start = dice.randrange(60)
        end = start + dice.randrange(6)
        spans.add(start, end)
        plain |= set(range(start, end))
        if dice.random() < 0.1:
            floor = dice.randrange(30)
            spans.cut_below(floor)
            plain = {n for n in plain if n >= floor}
        assert {n for n in range(70) if n in spans} == plain
        assert all(
            left[1] < right[0]
            for left, right in zip(list(spans.stretches()), list(spans.stretches())[1:], strict=False)
        )
        for n in range(70):
            reach = spans.end_of(n)
            assert (reach is None) == (n not in plain)
            assert reach is None or (set(range(n, reach)) <= plain and reach not in plain)
