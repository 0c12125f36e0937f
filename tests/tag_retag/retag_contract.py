"""What `retag` promises, whatever store holds the articles.

A store's test module subclasses `Retagging` and gives an `index` fixture: an empty index.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1] / "index"))
from index_samples import NOON, content, sources, story

from pipeline.retag import Judge, retag
from transforms.alert.rules import load_rules
from transforms.index.interface import SAME, STALE, WRITTEN, Index, Query
from transforms.records import Json, Version, Write
from transforms.tag.entities import load_gazetteer
from transforms.tag.retag import Moves, Taggers, write
from transforms.tag.topics import load_topics

FLOODS = """
id: river_floods
names: {{en: River floods}}
description: Rivers over their banks.
threshold: 10
languages: {{en: {{patterns: {{10: [{pattern}]}}}}}}
"""
HARBOUR = "The harbour of Dalmar opened a new quay. Rufus Firefly spoke of the river burst of last year."


def taggers(folder: Path, pattern: str = "flood%", people: str = "Margaret Dumont") -> Taggers:
    """Data of its own folder: one topic and one person."""
    folder.mkdir(exist_ok=True)
    (folder / "river_floods.yaml").write_text(FLOODS.format(pattern=pattern), "utf-8")
    (folder / "mine.yaml").write_text(f"type: person\nentities: {{'person:one': {{name: {people}}}}}", "utf-8")
    return Taggers(load_gazetteer([folder / "mine.yaml"]), load_topics([folder / "river_floods.yaml"]))


def tagged(key: str, by: Taggers, version: int = 1, **fields: Any) -> list[Write]:
    """All groups of an article as the pipeline writes them, tagged by `by`."""
    text = content(key, version, **{"body": HARBOUR, **fields})
    first = by.fields(
        {**text.fields, "wire": {"agencies": ["reuters"], "evidence": []}, "tagged_by": {"agencies": "a"}}
    )
    return [text, Write(key, "tags", Version(1, version), first), sources(key), story(key, f"s-{key}")]


def everything(index: Index) -> list[Json]:
    index.refresh()
    return list(index.export())


class Retagging:
    def test_a_second_run_changes_nothing_and_says_so(self, index: Index, tmp_path: Path) -> None:
        index.apply([one for key in "abc" for one in tagged(key, taggers(tmp_path / "old"))])
        new = taggers(tmp_path / "new", "river burst", "Rufus Firefly")
        first = retag(index, new).document()
        assert (first["looked"], first["moved"], first["current"]) == (3, 3, 0)
        assert first["topics"] == {"river_floods": {"added": 3, "removed": 0, "placed": 0}}
        assert first["entities"] == {"person:one": {"name": "Rufus Firefly", "added": 3, "removed": 0, "placed": 0}}
        stored = everything(index)
        assert [topic["id"] for document in stored for topic in document["topics"]] == ["river_floods"] * 3
        assert stored[0]["tagged_by"] == {"agencies": "a", **new.versions}
        assert stored[0]["wire"]["agencies"] == ["reuters"]
        second = retag(index, new)
        assert second == Moves(looked=3, current=3)
        assert everything(index) == stored

    def test_readers_find_by_the_new_tags(self, index: Index, tmp_path: Path) -> None:
        index.apply(tagged("a", taggers(tmp_path / "old", "river burst", "Rufus Firefly")))
        index.refresh()
        assert [one["id"] for one in index.search(Query(entity="Rufus Firefly"))] == ["a"]
        assert [one["topics"] for one in index.stories(Query(topic="river_floods"))] == [
            [{"id": "river_floods", "count": 1}]
        ]
        told = retag(index, taggers(tmp_path / "new")).document()
        assert told["topics"]["river_floods"] == {"added": 0, "removed": 1, "placed": 0}
        assert index.search(Query(topic="river_floods")) == index.search(Query(entity="person:one")) == []
        assert index.stories(Query(topic="river_floods")) == []
        assert index.story("s-a")["topics"] == []

    def test_new_data_that_moves_no_tag_is_noted_once(self, index: Index, tmp_path: Path) -> None:
        index.apply(tagged("a", taggers(tmp_path / "old")))
        new = taggers(tmp_path / "new", "flood warning%")
        assert retag(index, new) == Moves(looked=1, same=1)
        assert index.article("a")["tagged_by"] == {"agencies": "a", **new.versions}
        assert retag(index, new) == Moves(looked=1, current=1)

    def test_a_dry_run_says_the_same_and_changes_nothing(self, index: Index, tmp_path: Path) -> None:
        index.apply([one for key in "ab" for one in tagged(key, taggers(tmp_path / "old"))])
        before = everything(index)
        new = taggers(tmp_path / "new", "river burst")
        told = retag(index, new, dry_run=True)
        assert everything(index) == before
        assert retag(index, new) == told

    def test_only_what_was_published_since(self, index: Index, tmp_path: Path) -> None:
        old = taggers(tmp_path / "old")
        index.apply([*tagged("a", old), *tagged("b", old, at=NOON + 10), *tagged("c", old, at=NOON + 20)])
        new = taggers(tmp_path / "new", "river burst")
        assert retag(index, new, since=NOON + 10).moved == 2
        assert [bool(document["topics"]) for document in everything(index)] == [False, True, True]

    def test_what_a_pipeline_writes_meanwhile_stands(self, index: Index, tmp_path: Path) -> None:
        old, new = taggers(tmp_path / "old"), taggers(tmp_path / "new", "river burst")
        index.apply([*tagged("a", old, 5), *tagged("b", old, 5)])
        index.refresh()
        mine = [write(one, new.fields(one.document)) for one in index.tagged()]
        # The revision of `a` comes before ours is written, that of `b` was decided before and comes after.
        revised = {"body": "The quay is closed.", "revision": 1}
        assert index.apply(tagged("a", old, 900, **revised)[:2]) == [WRITTEN, WRITTEN]
        assert index.apply(mine) == [STALE, WRITTEN]
        assert index.apply(mine) == [STALE, SAME]
        assert index.apply(tagged("b", old, 900, **revised)[:2]) == [WRITTEN, WRITTEN]
        for key in "ab":
            assert index.article(key)["topics"] == []
            assert index.article(key)["tagged_by"]["topics"] == old.topics.version
        assert retag(index, new) == Moves(looked=2, same=2)

    def test_a_forgotten_article_does_not_come_back(self, index: Index, tmp_path: Path) -> None:
        index.apply(tagged("a", taggers(tmp_path / "old")))
        index.refresh()
        new = taggers(tmp_path / "new", "river burst")
        mine = [write(one, new.fields(one.document)) for one in index.tagged()]
        index.forget(["a"])
        assert index.apply(mine) == ["forgotten"]
        assert index.article("a") is None

    def test_more_articles_than_a_page(self, index: Index, tmp_path: Path) -> None:
        old = taggers(tmp_path / "old")
        index.apply([one for n in range(450) for one in tagged(f"k{n:03}", old, at=NOON + n % 7)])
        looked: list[int] = []
        moves = retag(
            index, taggers(tmp_path / "new", "river burst"), progress=lambda so_far: looked.append(so_far.looked)
        )
        assert (moves.looked, moves.moved) == (450, 450)
        assert looked == [200, 400, 450]

    def test_alerts_are_raised_only_when_asked_and_once(self, index: Index, tmp_path: Path) -> None:
        rules = tmp_path / "rules.yaml"
        rules.write_text("rules:\n  - {id: floods, name: Floods, severity: high, any_topic: [river_floods]}\n", "utf-8")
        judge = Judge(index, load_rules(rules, channels=["desk"]), ())
        index.apply([one for key in "ab" for one in tagged(key, taggers(tmp_path / "old"))])
        retag(index, taggers(tmp_path / "new", "river burst"))
        assert index.alerts() == []
        retag(index, taggers(tmp_path / "newer", "river <1> burst"), judge=judge)
        raised = {alert["story_id"]: len(alert["history"]) for alert in index.alerts()}
        assert raised == {"s-a": 1, "s-b": 1}
        retag(index, taggers(tmp_path / "newest", "river <2> burst"), judge=judge)
        assert {alert["story_id"]: len(alert["history"]) for alert in index.alerts()} == raised
