"""A memory read from a real index: what a restart must not change, and what is older than any memory."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fold.fold_families import family
from tests.fold.fold_play import DAY, NOON, TTL, Outcome, article, owner, result
from transforms.fold import journal
from transforms.fold.decision import Decision
from transforms.fold.memory import Memory
from transforms.fold.seed import recall, seed
from transforms.fold.shingles import fingerprint
from transforms.index.interface import MENDED, Index
from transforms.index.open import open_index
from transforms.records import Article, replace, rfc3339


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    found = open_index("embedded", str(tmp_path / "news.db"))
    yield found
    found.close()


class Desk:
    """A memory over an index, as the keyed stage has it."""

    def __init__(self, index: Index, since: int = 0) -> None:
        self.index = index
        self.memory = Memory(TTL, index.start_epoch())
        self.memory.forgotten.update(index.forgotten(0)[1])
        self.since = since
        self.owed = seed(self.memory, index, owner, since)
        index.apply(self.owed)

    def expire(self, watermark: int) -> int:
        self.since = max(self.since, watermark - 2 * TTL)
        return self.memory.expire(watermark)

    def deliver(self, item: Article, hashes: object = None) -> Decision:
        if item.arrived - 2 * TTL < self.since:
            # As the keyed stage does for what comes behind the watermark.
            self.index.apply(seed(self.memory, self.index, owner, item.arrived - 2 * TTL, self.since))
            self.since = item.arrived - 2 * TTL
        self.index.apply(recall(self.memory, self.index, owner, item.id))
        found = fingerprint(item.body) if hashes is None else hashes
        decision = self.memory.decide(item, found, owner(item.url, item.source))
        self.index.apply(decision.writes)
        return decision


def told(index: Index) -> Outcome:
    return result({document["id"]: document for document in index.export()})


def told_reasons(index: Index) -> dict[str, str]:
    return {document["id"]: document["story"]["verdict"]["reason_code"] for document in index.export()}


def whole(index: Index) -> dict[str, object]:
    """All of the documents but what is made by the clock."""
    return {d["id"]: (d["story"], d["sources"], d["first_seen"], d["revision"], d["body"]) for d in index.export()}


@pytest.mark.parametrize("seed_", range(4))
def test_a_restart_changes_nothing(index: Index, tmp_path: Path, seed_: int) -> None:
    """Against a memory that never ends: each start reads only what is in reach of its first article."""
    other = open_index("embedded", str(tmp_path / "other.db"))
    desk, steady = Desk(index), Desk(other)
    items = family(seed_, 160, spread_s=8 * TTL)
    for number, (item, text) in enumerate(items):
        if number % 20 == 19:
            desk = Desk(index, item.arrived - 2 * TTL)
            assert desk.owed == []
        desk.deliver(item, text)
        steady.deliver(item, text)
    assert told(index) == told(other)
    assert whole(index) == whole(other)


@pytest.mark.parametrize("seed_", [1, 5, 7, 9])
def test_a_watermark_far_ahead_changes_nothing(index: Index, tmp_path: Path, seed_: int) -> None:
    """What was let go of is read again when an article comes that can be folded with it, and then looked up in full,
    also where the watermark lets go of it once more. Only which of two merged stories' ids goes on may differ: that
    hangs on who founded them, also where he left."""
    other = open_index("embedded", str(tmp_path / "other.db"))
    desk, steady, dice, gone = Desk(index), Desk(other), random.Random(seed_), 0
    for number, (item, text) in enumerate(family(seed_, 160, spread_s=3 * TTL)):
        if number % 6 == 5:
            gone += desk.expire(item.arrived + dice.randrange(3 * TTL))
        desk.deliver(item, text)
        steady.deliver(item, text)
    assert gone > 500
    assert told(index) == told(other)
    assert told_reasons(index) == told_reasons(other)


def test_a_copy_of_a_copys_words_keeps_its_story_over_a_restart(index: Index) -> None:
    desk = Desk(index)
    desk.deliver(article({"id": "wire", "at": 0, "text": ["quay1-4"]}))
    desk.deliver(article({"id": "portal", "at": "1d", "text": ["quay1-4", "portal1-3"]}))
    desk.deliver(article({"id": "blog", "at": "8d", "text": ["portal1-3", "quay4"]}))
    again = Desk(index, NOON + 2 * DAY)
    assert again.owed == []
    assert set(again.memory.members) == {"wire", "portal", "blog"}
    again.deliver(article({"id": "late", "at": "9d", "text": ["portal1-3", "quay4"]}))
    assert {name: role[1:] for name, role in told(index).items()} == {
        "wire": ("original", "wire"), "portal": ("repost", "wire"),
        "blog": ("original", "blog"), "late": ("repost", "blog"),
    }  # fmt: skip


@pytest.mark.parametrize("journalled", [False, True])
def test_a_start_knows_what_brought_the_present_text(index: Index, journalled: bool) -> None:
    """All that a restart may read again, and the page that cannot be had then."""
    desk = Desk(index)
    page = article({"id": "a", "source": "desk", "at": 0, "method": "page", "text": ["quay1-6"]})
    changed = article({"id": "a", "source": "desk", "at": "1h", "method": "page", "text": ["quay1-5", "ferry1"]})
    failed = article({"id": "a", "source": "desk", "at": "2h", "method": "summary", "title": "X", "text": ["quay1"]})
    desk.deliver(page)
    desk.deliver(changed)

    def restarted() -> Desk:
        again = Desk(index)
        if journalled:
            serial = desk.memory.clock.next()
            records = [journal.dump(member, serial) for member in desk.memory.members.values()]
            again.memory = Memory(TTL, index.start_epoch())
            again.memory.load(journal.latest(records))
        return again

    for item in (page, changed, failed):
        assert restarted().deliver(replace(item, arrived=NOON + DAY)).outcome == "known"
    document = index.article("a")
    assert document is not None
    assert (document["body"], document["revision"]) == (changed.body, 1)
    assert "texts" not in document
    assert restarted().deliver(replace(page, origin=replace(page.origin, batch=NOON + DAY))).outcome == "revision"


def test_texts_of_an_index_of_before(index: Index) -> None:
    """Which record brought the present text is not known: a former one is not believed."""
    desk = Desk(index)
    first = article({"id": "a", "at": 0, "text": ["quay1-6"]})
    desk.deliver(first)
    decision = desk.deliver(article({"id": "a", "at": "1h", "text": ["quay1-5"], "title": "B"}))
    content = next(write for write in decision.writes if write.group == "content")
    texts = [*content.fields["texts"][:-1], content.fields["texts"][-1][0]]
    index.apply([replace(content, fields={**content.fields, "texts": texts}, version=desk.memory.clock.next())])
    later = replace(first, arrived=NOON + DAY, origin=replace(first.origin, batch=NOON + DAY))
    assert Desk(index).deliver(later).outcome == "known"


def test_an_article_older_than_memory_is_known_again(index: Index) -> None:
    desk = Desk(index)
    old = article({"id": "old", "source": "desk", "at": 0, "text": ["quay1-6"]})
    desk.deliver(old)
    desk.deliver(article({"id": "copy", "at": "1h", "text": ["quay1-6"]}))
    before = whole(index)
    again = Desk(index, NOON + 60 * DAY)
    assert again.memory.members == {}
    assert again.deliver(replace(old, arrived=NOON + 70 * DAY)).outcome == "known"
    assert whole(index) == before
    sighted = replace(old, arrived=NOON + 70 * DAY, source=replace(old.source, id="mail"))
    assert again.deliver(sighted).outcome == "sighting"
    body = old.body.replace("Monday", "Sunday")
    revised = replace(old, arrived=NOON + 71 * DAY, published=NOON + 71 * DAY, body=body)
    assert again.deliver(revised).outcome == "revision"
    document = index.article("old")
    assert document is not None
    assert (document["first_seen"], document["published_effective"], document["revision"]) == (
        rfc3339(NOON), rfc3339(NOON), 1,
    )  # fmt: skip
    assert [source["id"] for source in document["sources"]] == ["desk", "mail"]
    assert told(index)["copy"] == (frozenset({"old", "copy"}), "repost", "old")


def test_an_article_that_memory_let_go_of_is_known_again(index: Index) -> None:
    desk = Desk(index)
    old = article({"id": "old", "at": 0, "text": ["quay1-6"]})
    desk.deliver(old)
    desk.deliver(article({"id": "copy", "at": "1h", "text": ["quay1-6"]}))
    before = whole(index)
    desk.memory.expire(NOON + 30 * DAY)
    assert desk.memory.members == {}
    assert desk.deliver(replace(old, arrived=NOON + 30 * DAY)).outcome == "known"
    assert whole(index) == before


def test_what_was_forgotten_while_nothing_ran(index: Index) -> None:
    desk = Desk(index)
    desk.deliver(article({"id": "wire", "at": 0, "text": ["quay1-6"]}))
    desk.deliver(article({"id": "blog", "at": "1h", "text": ["quay1-5"]}))
    desk.deliver(article({"id": "portal", "at": "2h", "text": ["quay1-6"]}))
    index.forget(["wire"])
    assert told(index)["portal"] == (frozenset({"blog", "portal"}), "repost", "blog")
    assert told_reasons(index) == {"blog": MENDED, "portal": MENDED}
    again = Desk(index)
    assert {write.id for write in again.owed} == {"blog", "portal"}
    assert told_reasons(index) == {"blog": "first_published", "portal": "copied"}
    assert told(index)["portal"] == (frozenset({"blog", "portal"}), "repost", "blog")
    assert again.deliver(article({"id": "wire", "at": "3h", "text": ["quay1-6"]})).outcome == "forgotten"
    assert "wire" not in told(index)
    assert Desk(index).owed == []


def test_a_late_agency_original_after_a_restart(index: Index) -> None:
    Desk(index).deliver(article({"id": "blog", "at": 0, "text": ["quay1-6"]}))
    late = {"id": "wire", "at": "1d", "agency": "reuters", "text": ["quay1-6"]}
    Desk(index, NOON - TTL).deliver(article(late))
    assert told(index)["blog"] == (frozenset({"blog", "wire"}), "repost", "wire")
    # The agency is known again from the document, so another start does not turn it round.
    Desk(index, NOON - TTL).deliver(article({"id": "portal", "at": "2d", "text": ["quay1-6"]}))
    assert told(index)["portal"] == (frozenset({"blog", "wire", "portal"}), "repost", "wire")


def test_another_fingerprint_is_known_by_id_and_folds_with_nothing(index: Index) -> None:
    desk = Desk(index)
    decision = desk.deliver(article({"id": "a", "at": 0, "text": ["quay1-6"]}))
    content = next(write for write in decision.writes if write.group == "content")
    strange = {**content.fields, "fingerprint": {**content.fields["fingerprint"], "version": 99}}
    version = replace(content.version, counter=content.version.counter + 1)
    index.apply([replace(content, fields=strange, version=version)])
    again = Desk(index)
    assert again.deliver(article({"id": "a", "at": "1h", "text": ["quay1-6"]})).outcome == "known"
    decision = again.deliver(article({"id": "b", "at": "1h", "text": ["quay1-6"]}))
    assert decision.story is not None
    assert decision.story["role"] == "unique"


def test_one_old_article_does_not_read_all_of_memory(index: Index) -> None:
    """Recall costs what it brings, not what is there."""
    import time

    desk = Desk(index)
    texts = [f"lone words number {n} and {n * 7} of no matter" for n in range(40)]
    old = [article({"id": f"old{n}", "at": n, "text": [text]}) for n, text in enumerate(texts)]
    for item in old:
        desk.deliver(item)
    desk.memory.expire(NOON + 60 * DAY)
    for item, text in family(1, 3000, spread_s=TTL):
        moved = replace(item, arrived=item.arrived + 60 * DAY, published=None)
        desk.memory.decide(moved, text[: random.Random(item.id).randrange(20, 60)], None)
    began = time.process_time()
    outcomes = [desk.deliver(replace(item, arrived=NOON + 61 * DAY)).outcome for item in old]
    assert outcomes == ["known"] * 40
    assert (time.process_time() - began) / 40 < 0.02
