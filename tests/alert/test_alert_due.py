"""Which alerts decisions raise: of each article that comes, and again of those whose story it changed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.fold.fold_families import family, hashes
from tests.fold.fold_play import NOON, Play, made
from tests.running import meeting
from transforms.alert.due import due
from transforms.alert.rules import Rules, load_rules
from transforms.alert.stage import Raise
from transforms.fold import journal
from transforms.fold.decision import Decision
from transforms.index.embedded import EmbeddedIndex
from transforms.records import Article, Json, replace

RULES = """
rules:
  - {id: any, any_topic: coup}
  - {id: two, any_topic: coup, min_sources: 2}
  - {id: three, any_topic: coup, min_sources: 3}
  - {id: first, any_topic: coup, roles: original}
  - {id: said, query: 'topic:coup AND role:original'}
"""
TEXT, OTHER = (hashes(random.Random(seed), 80) for seed in (1, 2))


@pytest.fixture
def rules(tmp_path: Path) -> Rules:
    (tmp_path / "rules.yaml").write_text(RULES)
    return load_rules(tmp_path / "rules.yaml")


class Desk:
    """A play whose decisions are judged, and what was raised: rule and story."""

    def __init__(self, rules: Rules) -> None:
        self.rules, self.play = rules, Play()
        self.raised: list[tuple[str, str, str]] = []
        self.asked: list[str] = []

    def read(self, ids: Sequence[str]) -> list[Json]:
        self.asked += ids
        known = self.play.shelf.documents()
        return [known[name] for name in ids if name in known]

    def judge(self, decisions: Sequence[Decision]) -> list[tuple[str, str]]:
        """The rules with the articles that meet them now."""
        found = list(due(self.rules, decisions, self.read, NOON))
        self.raised += [(alert["rule"], alert["story_id"], alert["history"][0]["article_id"]) for alert in found]
        return [(alert["rule"], alert["history"][0]["article_id"]) for alert in found]

    def deliver(self, item: Article, text: object) -> list[tuple[str, str]]:
        return self.judge([self.play.deliver(item, text)])


@pytest.fixture
def desk(rules: Rules) -> Desk:
    return Desk(rules)


def one(name: str, coup: bool, at: int = 0, source: str = "") -> Article:
    item = made(name, NOON + at)
    of = replace(item.source, id=source or item.source.id)
    return replace(item, source=of, topics=({"id": "coup", "evidence": []},) if coup else ())


def test_a_second_source_that_meets_nothing_itself_makes_the_number_full(desk: Desk) -> None:
    assert desk.deliver(one("a", coup=True), TEXT) == [("any", "a")]
    raised = desk.deliver(one("b", coup=False, at=60), TEXT)
    assert set(raised) == {("two", "a"), ("first", "a"), ("said", "a")}
    assert desk.deliver(one("c", coup=False, at=120, source="s-b"), TEXT) == [], "the same two sources"
    assert desk.deliver(one("d", coup=False, at=180), TEXT) == [("three", "a")]
    asked = len(desk.asked)
    assert desk.deliver(one("e", coup=False, at=240), TEXT) == []
    assert len(desk.asked) == asked, "no rule waits for a fourth source, and nobody's role changed"


def test_nothing_is_read_where_nothing_changed_for_others(desk: Desk) -> None:
    for number in range(5):
        desk.deliver(one(f"a{number}", coup=True, at=number), hashes(random.Random(number + 9), 80))
    assert desk.asked == []


def test_stories_that_meet_have_the_sources_of_both(desk: Desk) -> None:
    desk.deliver(one("a", coup=True), TEXT)
    desk.deliver(one("b", coup=False, at=60), OTHER)
    met = desk.deliver(one("b", coup=False, at=120, source="s-b"), OTHER)
    assert met == []
    revised = replace(one("b", coup=False, at=180), body="told anew")
    assert ("two", "a") in desk.deliver(revised, TEXT)


def test_what_parts_from_an_alerted_story_is_alerted_itself(desk: Desk) -> None:
    for at, name in enumerate("abc"):
        desk.deliver(one(name, coup=True, at=at), TEXT)
    before = {story for _, story, _ in desk.raised}
    desk.play.judge([{"number": 1, "kind": "split", "articles": ["c"], "others": ["a", "b"], "by": "ed"}])
    parted = desk.play.shelf.document("c")["story"]["id"]
    assert parted not in before
    # Owed placements go with whatever is decided next.
    raised = desk.deliver(one("x", coup=False, at=60), OTHER)
    assert ("any", "c") in raised
    assert ("any", parted, "c") in desk.raised


def test_a_sighting_by_an_excerpt_has_the_whole_text_judged(desk: Desk) -> None:
    desk.deliver(one("a", coup=True), TEXT)
    seen = replace(one("a", coup=False, at=60, source="portal"), body="but a part")
    assert ("two", "a") in desk.deliver(seen, TEXT[:40])
    assert desk.play.outcomes == ["new", "sighting"]


ALL = {("any", "a"), ("two", "a"), ("first", "a"), ("said", "a")}


def restarted(former: Desk, state: list[bytes]) -> Desk:
    """A desk over what is in the index, and in a checkpoint."""
    again = Desk(former.rules)
    again.play = Play(epoch=2, shelf=former.play.shelf)
    again.play.memory.load(journal.latest(state))
    again.play.memory.load(journal.from_seed(seed, lambda *_: None) for seed in former.play.shelf.seeds())
    return again


def checkpoint(desk: Desk) -> list[bytes]:
    memory = desk.play.memory
    return [journal.dump(member, memory.clock.next()) for member in memory.members.values()]


def test_after_a_start_a_record_that_comes_again_has_its_story_judged_once(desk: Desk) -> None:
    """The process died when all was in the index, and no alert."""
    items = [one("a", coup=True), one("b", coup=False, at=60), one("c", coup=True, at=120, source="s-b")]
    for item in items:
        desk.play.deliver(item, TEXT)
    again = restarted(desk, [])
    assert set(again.deliver(items[1], TEXT)) >= ALL
    asked = len(again.asked)
    for item in items:
        again.deliver(item, TEXT)
    assert len(again.asked) == asked


def test_after_a_start_a_record_that_was_revised_meanwhile_has_its_story_judged(desk: Desk) -> None:
    desk.play.deliver(one("a", coup=True), TEXT)
    desk.play.deliver(one("b", coup=False, at=60), TEXT)
    again = restarted(desk, [])
    assert set(again.deliver(replace(one("b", coup=False, at=90), body="told anew"), TEXT)) == ALL


def test_what_the_index_has_beyond_the_checkpoint_is_judged(desk: Desk) -> None:
    """Flink restores what was committed; what an attempt wrote after that may not have been alerted."""
    desk.deliver(one("a", coup=True), TEXT)
    desk.deliver(one("b", coup=False, at=60, source="s-a"), TEXT)
    state = checkpoint(desk)
    seen = one("b", coup=False, at=90, source="portal")
    desk.play.deliver(seen, TEXT)
    assert ("two", "a") in restarted(desk, state).deliver(seen, TEXT)


def test_a_large_story_is_judged_once_after_a_start(desk: Desk) -> None:
    items = [one(f"a{number:03d}", coup=True, at=number) for number in range(60)]
    for item in items:
        desk.play.deliver(item, TEXT)
    again = restarted(desk, [])
    raised = [len(again.deliver(item, TEXT)) for item in items]
    assert sum(raised) < 10 * len(items)
    assert len(again.asked) <= len(items)


def test_the_stage_raises_once_and_gives_a_receipt_for_each(rules: Rules, tmp_path: Path) -> None:
    index, play = EmbeddedIndex(str(tmp_path / "news.db")), Play()
    stage = Raise(lambda: index, lambda: rules, ("desk",))
    for name, coup, at in (("a", True, 0), ("b", False, 60), ("b", False, 60)):
        decision = play.deliver(one(name, coup, at), TEXT)
        index.apply(decision.writes)
        gone = Decision(one("gone", coup=True), "forgotten")
        told = stage.settle([decision, gone])
        assert [receipt.article_id for receipt in told] == [name, "gone"]
        assert [receipt.outcome for receipt in told] == [
            "known" if decision.outcome == "known" else "indexed",
            "forgotten",
        ]
    assert sorted(alert["rule"] for alert in index.alerts()) == ["any", "first", "said", "two"]
    assert {delivery["channel"] for alert in index.alerts() for delivery in alert["deliveries"]} == {"desk"}
    index.close()


def test_an_article_that_the_index_does_not_have_is_passed_over(desk: Desk) -> None:
    desk.deliver(one("a", coup=True), TEXT)
    decision = desk.play.deliver(one("b", coup=False, at=60), TEXT)
    del desk.play.shelf.groups["a"]
    assert desk.judge([decision]) == []


@pytest.mark.parametrize("seed", range(16))
def test_each_story_that_meets_a_rule_in_the_end_was_alerted(seed: int, rules: Rules) -> None:
    """In any order, in batches of any size: what is alerted beside it was so for a time."""
    dice, desk = random.Random(seed), Desk(rules)
    items = [(replace(item, topics=({"id": "coup", "evidence": []},) if dice.random() < 0.4 else ()), text)
             for item, text in family(seed, 120)]  # fmt: skip
    dice.shuffle(items)
    while items:
        size = dice.choice((1, 1, 3, 20))
        part, items = items[:size], items[size:]
        desk.judge([desk.play.deliver(item, text) for item, text in part])
    documents = desk.play.shelf.documents()
    merged = {one["story"]["id"]: one["story"]["merged_from"] for one in documents.values()}
    alerted = {(rule, story) for rule, story, _ in desk.raised}
    met = meeting(rules, documents)
    for rule, story in met:
        assert alerted & {(rule, name) for name in (story, *merged[story])}, (rule, story)
    assert len(met) > 40
