"""Judgements are obeyed, and stories stay a function of the set of members and judgements, whatever the order."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest

from tests.fold.fold_families import family
from tests.fold.fold_play import Play, article, expected, owner
from transforms.fold import journal
from transforms.fold.shingles import Hashes, fingerprint
from transforms.records import Article, Json

SEEDS = range(10)
WHEN = "2026-11-27T10:00:00Z"
Step = tuple[Article, Hashes] | Json


def entry(number: int, kind: str, *articles: str, others: list[str] | None = None, **more: Any) -> Json:
    told = {"number": number, "kind": kind, "articles": list(articles), "others": others or [], "story": "s"}
    return {**told, "by": "Amal", "at": WHEN, "note": "", **more}


def played(steps: list[Step]) -> Play:
    play = Play()
    for step in steps:
        if isinstance(step, tuple):
            play.deliver(*step)
        else:
            play.judge([step])
        play.check()
    return play


def judged(seed: int, items: list[tuple[Article, Hashes]]) -> list[Json]:
    """A log of judgements about the stories of these articles, as a person would make one after the other."""
    dice, log = random.Random(seed), []
    play = played(list(items))
    while len(log) < 12:
        number, stories = len(log) + 1, play.result()
        large = [name for name, (members, _, _) in stories.items() if len(members) > 1]
        kind = dice.choice(["split", "merge", "original", "undo"])
        name = dice.choice(large)
        others = sorted(stories[name][0] - {name})
        if kind == "merge":
            log.append(entry(number, "merge", name, dice.choice([n for n in stories if n not in stories[name][0]])))
        elif kind == "undo" and log:
            log.append({"number": number, "kind": "undo", "of": dice.choice(log)["number"], "by": "Amal", "at": WHEN})
        elif kind != "undo":
            log.append(entry(number, kind, name, others=others))
        if log:
            play.judge(log[-1:])
    return log


def told(play: Play) -> dict[str, Any]:
    """All that a placement says, but for ids of stories."""
    return {name: (d["story"]["copied_from"], d["story"]["verdict"]) for name, d in play.shelf.documents().items()}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_articles_and_judgements_does_not_matter(seed: int) -> None:
    items = family(seed, 60)
    log = judged(seed, items)
    first = played([*items, *log])
    assert first.result() != played(list(items)).result()
    for again in range(4):
        steps: list[Step] = [*items, *log]
        random.Random(seed * 10 + again).shuffle(steps)
        other = played(steps)
        assert other.result() == first.result()
        assert told(other) == told(first)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("source", ["index", "journal"])
def test_a_memory_that_is_read_again_decides_alike(seed: int, source: str) -> None:
    items = family(seed, 80)
    log = judged(seed, items[:40])
    kept = played([*items[:40], *log])
    again = Play(epoch=2, shelf=copy.deepcopy(kept.shelf))
    again.memory.book.judgements.add(random.Random(seed).sample(log, len(log)))
    if source == "index":
        again.memory.load(journal.from_seed(one, owner) for one in kept.shelf.seeds())
    else:
        serial = kept.memory.clock.next()
        again.memory.load(journal.latest(journal.dump(one, serial) for one in kept.memory.members.values()))
    again.check()
    again.shelf.apply(again.memory.heal(again.memory.book.judgements.named))
    assert again.result() == kept.result()
    for item, text in items[40:]:
        kept.deliver(item, text)
        again.deliver(item, text)
        again.check()
    assert again.result() == kept.result()
    assert told(again) == told(kept)


def quay(name: str, at: str, *text: str, **more: Any) -> Article:
    return article({"id": name, "at": at, "text": list(text or ("quay1-6",)), **more})


def story(*others: Article) -> Play:
    play = Play()
    for one in (quay("first", "0m"), quay("second", "10m"), quay("third", "20m"), *others):
        play.deliver(one)
    return play


def verdict(play: Play, name: str) -> Json:
    return play.shelf.document(name)["story"]["verdict"]


SPLIT = entry(1, "split", "second", others=["first", "third"], story="s1", note="another quay")
UNDO = {"number": 2, "kind": "undo", "of": 1, "by": "Badr", "at": WHEN, "note": ""}


def test_what_is_split_leaves_and_says_whose_judgement_it_is() -> None:
    play = story()
    play.judge([SPLIT])
    assert play.result() == expected([["first", "third"], ["second"]])
    assert verdict(play, "second") == {
        "reason_code": "person", "judgement": 1, "rules_version": verdict(play, "first")["rules_version"],
        "text": "no repost of story s1, set by Amal on 2026-11-27: another quay",
    }  # fmt: skip
    assert [one["id"] for one in play.shelf.document("second")["story"]["copied_from"]] == ["first"]


def test_an_original_that_is_split_leaves_its_reposts_to_the_next() -> None:
    play = story()
    play.judge([entry(1, "split", "first", others=["second", "third"])])
    assert play.result() == expected([["first"], ["second", "third"]])


def test_what_is_split_stays_out_when_it_is_revised_and_when_a_better_original_comes() -> None:
    play = story()
    play.judge([entry(1, "split", "first", others=["second", "third"])])
    play.deliver(quay("first", "40m", "quay1-6", "portal1"))
    assert play.outcomes[-1] == "revision"
    play.deliver(quay("wire", "50m", agency="reuters"))
    assert play.result() == expected([["wire", "second", "third"], ["first"]])


def test_an_undo_brings_back_what_the_text_says() -> None:
    play = story()
    before = told(play)
    play.judge([SPLIT])
    play.judge([UNDO])
    assert play.result() == story().result()
    assert told(play) == before
    play.judge([entry(3, "split", "third", others=["first", "second"])])
    ids = [play.shelf.document(name)["story"]["id"] for name in ("first", "third")]
    assert ids[0] != ids[1]


def test_merged_stories_are_one_and_go_on_growing() -> None:
    play = story(quay("other", "5m", "lamp1-6"))
    play.judge([entry(1, "merge", "third", "other", note="one event")])
    assert play.result() == expected([["first", "second", "third", "other"]])
    assert verdict(play, "other")["text"] == "one story with first, set by Amal on 2026-11-27: one event"
    assert verdict(play, "second")["reason_code"] == "copied"
    play.deliver(quay("late", "60m", "lamp1-6"))
    assert play.result() == expected([["first", "second", "third", "other", "late"]])
    assert verdict(play, "late")["judgement"] == 1
    play.judge([{**UNDO, "of": 1}])
    assert play.result() == expected([["first", "second", "third"], ["other", "late"]])


def test_a_merge_waits_for_the_article_that_has_not_come() -> None:
    play = story()
    play.judge([entry(1, "merge", "third", "other")])
    assert play.result() == expected([["first", "second", "third"]])
    play.deliver(quay("other", "5m", "lamp1-6"))
    assert play.result() == expected([["first", "second", "third", "other"]])


def test_a_chosen_original_moves_nobody_and_beats_an_agencys_own() -> None:
    play = story()
    play.judge([entry(1, "original", "third", others=["first", "second"], note="its own reporting")])
    assert play.result() == expected([["third", "first", "second"]])
    assert verdict(play, "third")["text"] == "the original of its story, set by Amal on 2026-11-27: its own reporting"
    assert [one["id"] for one in play.shelf.document("first")["story"]["copied_from"]] == ["third"]
    assert play.shelf.document("third")["story"]["copied_from"] == []
    play.deliver(quay("wire", "50m", agency="reuters"))
    assert play.result() == expected([["third", "wire", "first", "second"]])
    play.judge([entry(2, "original", "second", others=["first", "third"])])
    assert play.result() == expected([["second", "third", "wire", "first"]])


def test_of_two_that_contradict_each_other_the_later_holds() -> None:
    play = story(quay("other", "5m", "lamp1-6"))
    merge = entry(2, "merge", "second", "first")
    play.judge([entry(1, "split", "second", others=["first", "third"]), merge])
    assert play.result() == expected([["first", "second", "third"], ["other"]])
    play.judge([entry(3, "split", "second", others=["first", "third"])])
    assert play.result() == expected([["first", "third"], ["second"], ["other"]])


def test_a_judgement_about_what_is_forgotten_harms_nobody() -> None:
    play = story()
    play.judge([entry(1, "original", "third", others=["first", "second"]), entry(2, "merge", "second", "gone")])
    play.forget(["third"])
    assert play.result() == expected([["first", "second"]])


@pytest.mark.parametrize("seed", range(3))
def test_in_a_story_larger_than_a_look_up_all_are_linked_to_the_chosen_original(seed: int) -> None:
    items = [quay(f"a{n:03}", f"{n}m", "quay1-6", f"number{n} of many") for n in range(120)]
    log = [entry(1, "original", "a070", others=["a000"]), entry(2, "split", "a050", others=["a000", "a001", "a070"])]
    steps: list[Step] = [*((item, fingerprint(item.body)) for item in items), *log]
    first = played(steps)
    random.Random(seed).shuffle(steps)
    other = played(steps)
    assert other.result() == first.result()
    # Which articles of other stories share text is looked up for a few dozen only; in its own story all is exact.
    for play in (first, other):
        links = {name: d["story"]["copied_from"][:1] for name, d in play.shelf.documents().items()}
        assert {name for name, copies in links.items() if [one["id"] for one in copies] != ["a070"]} == {"a050", "a070"}
    verdicts = [{name: verdict for name, (_, verdict) in told(play).items()} for play in (first, other)]
    assert verdicts[0] == verdicts[1]
