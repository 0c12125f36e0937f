"""What every `Index` must do, whatever store is behind it.

A store's test module subclasses each class as `Test...` and gives an `index` fixture: an empty index.
Searches are cases in files: articles, and queries with the ids that they must find.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml
from index_samples import BLOG, NOON, OMAN, WIRE, alert, content, sources, story, tags, whole

from transforms.index.interface import FORGOTTEN, MARK_END, MARK_START, MENDED, SAME, STALE, WRITTEN, Index, Query
from transforms.records import Poll, Version, Write, replace, rfc3339

CASES = sorted((Path(__file__).parent / "cases").glob("search_*.yaml"))


def found(index: Index, text: str | None = None, **narrow: object) -> list[str]:
    index.refresh()
    return sorted(document["id"] for document in index.search(Query(text, **narrow)))  # type: ignore[arg-type]


class Writing:
    def test_groups_merge_into_one_document_with_every_field(self, index: Index) -> None:
        assert index.apply(whole("a", "s1")) == [WRITTEN] * 4
        document = index.article("a")
        assert document == index.article("https://www.wire.example/a")
        assert document["wire"]["agencies"] == ["reuters"]
        assert document["story"]["id"] == "s1"
        assert document["published"] == "2026-09-21T14:13:20Z"
        assert "texts" not in document

    def test_missing_groups_are_empty(self, index: Index) -> None:
        index.apply([content("a")])
        document = index.article("a")
        assert document["wire"] == {"agencies": [], "evidence": []}
        assert (document["entities"], document["topics"], document["tagged_by"]) == ([], [], {})
        assert document["story"] is None
        assert document["verdict"] is None

    def test_order_of_versions_decides_not_order_of_arrival(self, index: Index) -> None:
        index.apply([content("a", version=5, title="new")])
        assert index.apply([content("a", version=4, title="old")]) == [STALE]
        assert index.apply([content("a", version=5, title="again")]) == [SAME]
        assert index.article("a")["title"] == "new"
        later_start = Write("a", "content", Version(2, 0), content("a", title="next start").fields)
        assert index.apply([later_start]) == [WRITTEN]
        assert index.article("a")["title"] == "next start"

    def test_each_group_has_its_own_version(self, index: Index) -> None:
        index.apply([content("a", version=9)])
        assert index.apply([tags("a", version=1), story("a", "s1", version=1)]) == [WRITTEN, WRITTEN]

    def test_one_batch_may_write_a_group_twice(self, index: Index) -> None:
        writes = [content("a", 1, title="one"), content("a", 3, title="three"), content("a", 2, title="two")]
        assert index.apply(writes) == [WRITTEN, WRITTEN, STALE]
        assert index.article("a")["title"] == "three"
        assert index.counts()["articles"] == 1

    def test_a_placement_before_its_content_is_kept_and_hidden(self, index: Index) -> None:
        index.apply([story("a", "s1"), tags("a")])
        assert index.article("a") is None
        assert found(index) == []
        assert index.story("s1") is None
        assert list(index.export()) == []
        assert index.counts()["articles"] == index.counts()["stories"] == 0
        index.apply([content("a")])
        assert index.article("a")["story"]["id"] == "s1"
        assert found(index, topic="sanctions") == ["a"]
        assert index.counts()["stories"] == 1

    def test_a_persons_verdict_stays_when_the_placement_changes(self, index: Index) -> None:
        index.apply([*whole("a", "s1"), Write("a", "verdict", Version(1, 1), {"verdict": {"same_story": False}})])
        index.apply([story("a", "s2", version=2)])
        assert index.article("a")["verdict"] == {"same_story": False}
        assert index.article("a")["story"]["id"] == "s2"

    def test_an_unknown_group_is_an_error(self, index: Index) -> None:
        with pytest.raises(ValueError, match="no field group 'contents'"):
            index.apply([Write("a", "contents", Version(1, 1), {})])

    def test_a_changed_revision_keeps_the_former_text(self, index: Index) -> None:
        index.apply([*whole("b", "s2"), *whole("a", "s1", body="first text")])
        index.apply([content("a", 2, body="second text", revision=1)])
        index.apply([content("a", 3, body="second text", revision=1), sources("a", WIRE, BLOG, version=2)])
        index.apply([content("a", 4, body="third text", revision=2), content("a", 5, body="fourth text", revision=3)])
        assert [(d["id"], d["body"][:6]) for d in index.export()] == [("a", "fourth"), ("b", "The ha")]
        every = [(d["id"], d["revision"], d["body"].split()[0]) for d in index.export(all_revisions=True)]
        assert every == [("a", 0, "first"), ("a", 1, "second"), ("a", 2, "third"), ("a", 3, "fourth"), ("b", 0, "The")]
        assert index.counts()["revisions"] == 3
        assert set(next(index.export(all_revisions=True))) == set(next(index.export()))
        assert found(index, "first") == found(index, "second") == []
        assert found(index, "fourth") == ["a"]

    def test_export_is_ordered_by_id(self, index: Index) -> None:
        index.apply([content(key) for key in ("c", "a", "b")])
        assert [document["id"] for document in index.export()] == ["a", "b", "c"]

    def test_epochs_only_rise(self, index: Index) -> None:
        assert index.start_epoch() < index.start_epoch() < index.start_epoch()


class Seeding:
    def test_seeds_come_in_order_of_publication_within_the_bounds(self, index: Index) -> None:
        index.apply([content("c", at=NOON + 20), content("a", at=NOON), content("b", at=NOON + 10), story("b", "s1")])
        assert [seed.document["id"] for seed in index.seed(NOON, NOON + 20)] == ["a", "b"]
        assert [seed.document["id"] for seed in index.seed(NOON + 1)] == ["b", "c"]

    def test_a_seed_has_what_folding_needs(self, index: Index) -> None:
        index.apply([*whole("a", "s1"), content("b")])
        first, second = index.seed(0)
        assert (first.content, first.story) == (Version(1, 1), Version(1, 1))
        assert second.story is None
        assert first.document["texts"] == ["hash-a"]
        assert first.document["fingerprint"]["data"] == "AAAA"
        assert first.document["wire"]["agencies"] == ["reuters"]
        assert "body" not in first.document


class SearchCases:
    @pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
    def test_queries_find_the_articles(self, index: Index, path: Path) -> None:
        case = yaml.safe_load(path.read_text(encoding="utf-8"))
        for number, article in enumerate(case["articles"]):
            key, tagged = article.pop("id"), article.pop("tags", {})
            index.apply([content(key, at=NOON + 10 * number, **article)])
            index.apply([tags(key, **{"entities": [], "topics": [], **tagged})])
        wrong = []
        for expected in case["queries"]:
            query = dict(expected["query"])
            if "since" in query:
                query["since"] += NOON
            if (ids := found(index, query.pop("text", None), **query)) != sorted(expected["finds"]):
                wrong.append((expected, ids))
        assert not wrong


class Searching:
    @pytest.fixture(autouse=True)
    def _articles(self, index: Index) -> None:
        index.apply([
            *whole("ar", "s1", at=NOON, body="قالت الوزارة إن المفاوضات والعقوبات الجديدة قيد البحث", language="ar"),
            *whole("en", "s2", at=NOON + 10, title="Quay opens", body="Talks on sanctions ended. New talks begin."),
            *whole("fr", "s3", at=NOON + 20, language="fr", body="Le port de Dalmar a rouvert"),
        ])  # fmt: skip

    def test_newest_first_and_limited(self, index: Index) -> None:
        assert [d["id"] for d in index.search(Query(limit=2))] == ["fr", "en"]
        assert index.search(Query(limit=0)) == []
        assert index.search(Query("talks", limit=0)) == []

    def test_a_title_counts_more_than_a_body(self, index: Index) -> None:
        index.apply([content("body", body="words and a lighthouse")])
        index.apply([content("title", title="The lighthouse", body="words")])
        assert [d["id"] for d in index.search(Query("lighthouse"))] == ["title", "body"]

    def test_highlight_marks_the_words_as_written(self, index: Index) -> None:
        (arabic,) = index.search(Query("عقوبات"))
        assert f"{MARK_START}والعقوبات{MARK_END} الجديدة" in arabic["highlight"]
        (english,) = index.search(Query("quay"))
        assert english["highlight"] == f"{MARK_START}Quay{MARK_END} opens"
        assert "highlight" not in index.search(Query())[0]

    def test_highlight_holds_nothing_that_moves_a_terminal(self, index: Index) -> None:
        index.apply([content("x", body=f"\x1b[2J zebra{MARK_START}\u202e crossing\r\n" * 20)])
        highlight = index.search(Query("zebra"))[0]["highlight"]
        assert highlight.isprintable()
        assert highlight.count(MARK_START) == highlight.count(MARK_END) > 1

    def test_changed_tags_and_sources_are_found_and_old_ones_not(self, index: Index) -> None:
        index.apply([tags("en", 2, entities=[OMAN], topics=[]), sources("en", WIRE, BLOG, version=2)])
        assert found(index, entity="Q842") == ["en"]
        assert found(index, topic="sanctions") == ["ar", "fr"]
        assert found(index, source="blog.example") == ["en"]
        assert index.article("en")["sources"] == [WIRE, BLOG]
        index.apply([sources("en", version=3)])
        assert found(index, source="blog.example") == []
        assert found(index, source="wire") == ["ar", "en", "fr"]  # where it was seen first
        index.apply([sources("en", BLOG, version=4), content("en", 4, source=BLOG), sources("en", BLOG, version=5)])
        assert found(index, source="wire") == ["ar", "fr"]
        assert found(index, source="blog") == ["en"]

    @pytest.mark.parametrize(
        "text",
        [
            '"', '""', '"a', "a AND", "NOT", "OR OR OR", "(((((", "a NEAR/3 b", "{title}: x", "^a", "a + b", "*", "-",
            "'; DROP TABLE x", "-*", '-"', "\0", "a\0b", "\ud800", "%", "_", "a:b:c", "\\", "title : a", "\u202e",
            "NEAR(a b, 2)", "a" * 100_000, "a " * 5000, "a OR " * 3000, "-a " * 3000, '"' * 3001, "x* " * 500,
            '"*"', "😀", "ـــ",
        ],
    )  # fmt: skip
    def test_hostile_queries_are_queries(self, index: Index, text: str) -> None:
        index.search(Query(text))
        index.stories(Query(text))
        for narrow in ("lang", "topic", "entity", "source"):
            assert index.search(Query(**{narrow: text})) == []  # type: ignore[arg-type]
        assert index.article(text) is None
        assert index.story(text) is None


class Hostile:
    def test_content_is_mended(self, index: Index) -> None:
        body = "before\0after \ud800 lone \ud83d\ude00 pair"
        deep: dict[str, object] = {}
        for _ in range(400):
            deep = {"x": deep}
        extra = {"k\0": "v\udfff", "nan": float("nan"), "list": [float("inf"), "ok"], "said": "\\u0000", "deep": deep}
        assert index.apply([content("a", title="t\0", body=body, extra=extra), content("b")]) == [WRITTEN, WRITTEN]
        document = index.article("a")
        assert document["body"] == "before\ufffdafter \ufffd lone 😀 pair"
        assert document["title"] == "t\ufffd"
        assert document["extra"]["nan"] is None
        assert document["extra"]["list"] == [None, "ok"]
        assert document["extra"]["k\ufffd"] == "v\ufffd"
        assert document["extra"]["said"] == "\\u0000"
        str(document).encode()
        assert found(index, "pair") == ["a"]

    def test_a_body_of_a_megabyte_and_a_word_of_one(self, index: Index) -> None:
        long = "كلمات طويلة جدا، " * 40_000
        index.apply([content("a", body=long), content("b", body="x" * 1_000_000 + " needle")])
        index.apply([content("c", body="國" * 300_000)])
        assert len(index.article("a")["body"]) == len(long)
        assert found(index, "needle") == ["b"]
        assert found(index, "طويله") == ["a"]
        assert found(index, "國") == ["c"]
        index.apply([content("a", 2, body="short"), content("b", 2, body="short"), content("c", 2, body="short")])
        assert found(index, "needle") == found(index, "طويله") == found(index, "國") == []


class Stories:
    def _three(self, index: Index) -> None:
        index.apply([
            *whole("a", "s1", "original", NOON, title="The original"),
            *whole("b", "s1", "repost", NOON + 60, source=BLOG, language="ar"),
            *whole("c", "s2", "unique", NOON + 30),
        ])  # fmt: skip

    def test_a_story_tells_of_its_members(self, index: Index) -> None:
        self._three(index)
        index.refresh()
        first, second = index.stories(Query())
        assert (first["id"], second["id"]) == ("s1", "s2")
        assert (first["title"], first["original_id"]) == ("The original", "a")
        assert (first["members"], first["reposts"]) == (2, 1)
        assert first["languages"] == ["en", "ar"]
        assert [source["id"] for source in first["sources"]] == ["wire", "blog"]
        assert first["agencies"] == ["reuters"]
        assert first["topics"] == [{"id": "sanctions", "count": 2}]
        assert first["entities"] == [{"id": "Q159", "name": "Россия", "type": "country", "count": 2}]
        assert (first["first_published"], first["latest"]) == ("2026-09-21T14:13:20Z", "2026-09-21T14:14:20Z")
        assert (second["original_id"], second["title"]) == (None, "Title of c")

    def test_counts(self, index: Index) -> None:
        self._three(index)
        none = {"revisions": 0, "alerts": 0, "polls": 0, "failed_polls": 0}
        assert index.counts() == {"articles": 3, "stories": 2, "reposts": 1, **none}

    @pytest.mark.parametrize("key", ["s1", "a", "b", "https://blog.example/b"])
    def test_found_by_its_id_or_an_article(self, index: Index, key: str) -> None:
        self._three(index)
        assert [member["id"] for member in index.story(key)["members"]] == ["a", "b"]

    def test_narrowed_by_what_any_article_holds(self, index: Index) -> None:
        self._three(index)
        index.refresh()
        for query, ids in (
            (Query(source="blog"), ["s1"]), (Query("dalmar"), ["s1", "s2"]), (Query("title -original"), ["s1", "s2"]),
            (Query(lang="ar", topic="sanctions"), ["s1"]), (Query(since=NOON + 31), ["s1"]), (Query(limit=1), ["s1"]),
            (Query("***"), []),
        ):  # fmt: skip
            assert [found["id"] for found in index.stories(query)] == ids, query

    def test_a_merged_story_is_found_under_its_old_id(self, index: Index) -> None:
        self._three(index)
        index.apply([story("c", "s1", "repost", 2, ("s2",)), story("a", "s1", "original", 2, ("s2",))])
        merged = index.story("s2")
        assert (merged["id"], merged["merged_from"], merged["reposts"]) == ("s1", ["s2"], 2)
        assert index.counts()["stories"] == 1
        index.apply([story(key, "s0", "repost", 3, ("s1", "s2")) for key in "abc"])
        assert index.story("s2")["id"] == index.story("s1")["id"] == "s0"
        assert index.story("s0")["merged_from"] == ["s1", "s2"]

    def test_merges_in_a_circle_end(self, index: Index) -> None:
        index.apply([content("a"), story("a", "s1", merged=("s2",)), story("b", "s2", merged=("s1",))])
        assert index.story("s2")["id"] == "s1"

    def test_while_relinking_is_under_way_both_stories_stand(self, index: Index) -> None:
        self._three(index)
        index.apply([story("a", "s2", "original", 2, ("s1",))])
        assert index.story("s1")["members"][0]["id"] == "b"
        assert index.counts()["stories"] == 2


class Forgetting:
    def test_all_of_an_article_goes_and_does_not_come_back(self, index: Index) -> None:
        index.apply([*whole("a", "s1", body="unmistakable words"), *whole("b", "s1", "repost")])
        index.apply([content("a", 2, body="other words", revision=1)])
        assert index.forget(["a", "never-seen"]) == 1
        assert index.article("a") is None
        assert index.article("https://www.wire.example/a") is None
        assert [document["id"] for document in index.export(all_revisions=True)] == ["b"]
        assert found(index, "words") == []
        assert found(index, topic="sanctions") == ["b"]
        assert [seed.document["id"] for seed in index.seed(0)] == ["b"]
        assert index.apply([content("a", 9), story("a", "s1", version=9), tags("never-seen"), content("c")]) == [
            FORGOTTEN, FORGOTTEN, FORGOTTEN, WRITTEN,
        ]  # fmt: skip
        counts = index.counts()
        assert (counts["articles"], counts["stories"], counts["reposts"], counts["revisions"]) == (2, 1, 0, 0)

    def test_placements_do_not_name_the_forgotten(self, index: Index) -> None:
        for key, name, role, at, copied in (
            ("a", "s1", "original", 0, ()), ("b", "s1", "repost", 1, "a"), ("c", "s1", "repost", 2, "ab"),
            ("d", "s2", "unique", 3, "ac"), ("e", "s3", "original", 4, ()), ("f", "s3", "repost", 5, "e"),
            ("g", "s4", "unique", 6, "e"),
        ):  # fmt: skip
            placed = story(key, name, role)
            fields = placed.fields["story"]
            if name == "s3":
                fields["original_id"] = "e"
            fields["copied_from"] = [{"id": other, "lag_s": 60} for other in copied]
            fields["verdict"] = {"reason_code": "told", "text": f"of {copied}", "rules_version": 3}
            index.apply([*whole(key, name, role, at=NOON + at), replace(placed, version=Version(1, 5))])
        untouched = index.article("g")
        index.forget(["a", "f"])
        told = {document["id"]: document["story"] for document in index.export()}
        assert {key: (one["role"], one["original_id"]) for key, one in told.items()} == {
            "b": ("original", "b"), "c": ("repost", "b"), "d": ("unique", None), "e": ("unique", None),
            "g": ("unique", None),
        }  # fmt: skip
        copied_from = {key: [entry["id"] for entry in one["copied_from"]] for key, one in told.items()}
        assert copied_from == {"b": [], "c": ["b"], "d": ["c"], "e": [], "g": ["e"]}
        assert {key: one["verdict"]["reason_code"] for key, one in told.items()} == {
            **dict.fromkeys("bcde", MENDED), "g": "told",
        }  # fmt: skip
        assert index.article("g") == untouched
        assert "of a" not in str(told)
        assert index.counts()["reposts"] == 1
        assert index.apply([story("b", "s1", "unique", version=5)]) == [SAME]
        assert index.apply([story("b", "s1", "unique", version=6)]) == [WRITTEN]

    def test_a_story_without_articles_is_gone(self, index: Index) -> None:
        index.apply(whole("a", "s1"))
        index.forget(["a"])
        assert index.story("s1") is None
        assert index.stories(Query()) == []

    def test_positions(self, index: Index) -> None:
        start, ids = index.forgotten()
        assert ids == []
        index.forget(["x", "y"])
        middle, ids = index.forgotten(start)
        assert sorted(ids) == ["x", "y"]
        index.forget(["y", "z"])
        assert index.forgotten(middle)[1] == ["z"]
        end = index.forgotten(middle)[0]
        assert index.forgotten(end) == (end, [])

    def test_ids_before(self, index: Index) -> None:
        index.apply([content("a", at=NOON), content("b", at=NOON + 1), content("c", at=NOON + 2), tags("hidden")])
        assert sorted(index.ids_before(NOON + 2)) == ["a", "b"]

    def test_more_ids_than_a_statement_takes(self, index: Index) -> None:
        ids = [f"id{number}" for number in range(1200)]
        index.apply([content(key) for key in ids])
        assert index.forget(iter(ids)) == 1200
        assert index.counts()["articles"] == 0
        assert len(index.forgotten()[1]) == 1200

    def test_a_number_is_not_used_for_the_words_of_another(self, index: Index) -> None:
        index.apply([content("a", body="oldword")])
        index.forget(["a"])
        index.apply([content("b", body="newword")])
        assert found(index, "oldword") == []
        assert found(index, "newword") == ["b"]


class Reposts:
    def test_each_repost_comes_with_the_original_of_its_story(self, index: Index) -> None:
        index.apply([write for key in ("b", "c") for write in whole(key, "s1", "repost", at=NOON + 600, source=BLOG)])
        index.apply([*whole("a", "s1", "original", extra={"x": 1}), *whole("d", "s2"), story("e", "s1", "repost")])
        told = [(repost["id"], original["id"]) for repost, original in index.reposts()]
        assert told == [("b", "a"), ("c", "a")]
        repost, original = next(iter(index.reposts(NOON + 600)))
        assert (repost["source"], original["source"]["id"]) == (BLOG, "wire")
        assert (repost["wire"]["agencies"], repost["published_effective"]) == (["reuters"], rfc3339(NOON + 600))
        assert (repost["story"]["role"], original["url"]) == ("repost", "https://www.wire.example/a")
        assert list(index.reposts(NOON + 601)) == []

    def test_more_than_a_page_of_them(self, index: Index) -> None:
        for part in range(0, 1200, 400):
            told = [whole(f"r{n}", "s1", "repost", source=BLOG) for n in range(part, part + 400)]
            index.apply([write for writes in told for write in (writes[0], writes[3])])
        index.apply(whole("a", "s1", "original"))
        assert len({repost["id"] for repost, original in index.reposts() if original["id"] == "a"}) == 1200


class Judging:
    def test_entries_are_numbered_and_read_behind_a_position(self, index: Index) -> None:
        assert index.judgements() == (0, [])
        entries = [{"kind": "split", "articles": [key], "note": "مقالة أخرى"} for key in "abc"]
        numbered = [index.judge(entry) for entry in entries]
        assert numbered == [{**entry, "number": at} for at, entry in enumerate(entries, start=1)]
        assert index.judgements() == (3, numbered)
        assert index.judgements(2) == (3, numbered[2:])
        assert index.judgements(3) == (3, [])

    def test_many_at_once_leave_no_gap(self, index: Index) -> None:
        with ThreadPoolExecutor(4) as pool:
            told = list(pool.map(lambda n: index.judge({"kind": "split", "note": str(n)}), range(20)))
        assert sorted(one["number"] for one in told) == list(range(1, 21))
        assert index.judgements(5) == (20, sorted(told, key=lambda one: one["number"])[5:])

    def test_what_cannot_be_stored_is_mended_and_forgetting_leaves_the_log(self, index: Index) -> None:
        index.apply(whole("a", "s1"))
        index.judge({"kind": "split", "articles": ["a"], "note": "no\0 \ud800"})
        index.forget(["a"])
        assert index.judgements()[1] == [{"kind": "split", "articles": ["a"], "note": "no\ufffd \ufffd", "number": 1}]

    def test_seeds_by_id_are_those_of_the_whole_reading(self, index: Index) -> None:
        index.apply([*whole("a", "s1"), content("b", version=3), story("c", "s1")])
        index.apply([story("a", "s2", version=7)])
        every = {seed.document["id"]: seed for seed in index.seed(0)}
        found = {seed.document["id"]: seed for seed in index.seeds(["b", "a", "c", "gone"])}
        assert found == every
        assert (found["a"].story, found["b"].content, found["b"].story) == (Version(1, 7), Version(1, 3), None)


class Alerting:
    def test_created_once(self, index: Index) -> None:
        assert index.raise_alert(alert("s1", "a"), ["log", "hook"]) is True
        assert index.raise_alert(alert("s1", "a"), ["log", "hook"]) is False
        assert index.raise_alert(alert("s1", "a", rule="other"), []) is True
        assert index.counts()["alerts"] == 2
        assert len(index.parcels(NOON)) == 2

    def test_history_grows_by_new_articles(self, index: Index) -> None:
        index.raise_alert(alert("s1", "a"), [])
        index.raise_alert(alert("s1", "b"), [])
        index.raise_alert(alert("s1", "b", "c"), [])
        (stored,) = index.alerts()
        assert [item["article_id"] for item in stored["history"]] == ["a", "b", "c"]
        assert [item["article_id"] for item in stored["evidence"]] == ["a"]

    def test_a_merged_story_does_not_alert_again(self, index: Index) -> None:
        index.raise_alert(alert("s2", "a"), ["log"])
        assert index.raise_alert(alert("s1", "b", merged=("s2",)), ["log"]) is False
        (stored,) = index.alerts()
        assert (stored["id"], stored["story_id"], stored["merged_from"]) == ("r-s2", "s1", ["s2"])
        assert index.raise_alert(alert("s1", "c"), ["log"]) is False
        assert index.raise_alert(alert("s2", "d"), ["log"]) is False
        (stored,) = index.alerts()
        assert [item["article_id"] for item in stored["history"]] == ["a", "b", "c", "d"]

    def test_a_merge_that_only_the_index_knows_of(self, index: Index) -> None:
        index.apply([*whole("a", "s2"), content("b")])
        index.raise_alert(alert("s2", "a"), [])
        index.apply([story("a", "s1", version=2, merged=("s2",))])
        assert index.raise_alert(alert("s1", "b"), []) is False

    def test_two_alerted_stories_that_merge_keep_both(self, index: Index) -> None:
        index.raise_alert(alert("s1", "a"), [])
        index.raise_alert(alert("s2", "b"), [])
        assert index.raise_alert(alert("s1", "c", merged=("s2",)), []) is False
        assert {item["story_id"]: len(item["history"]) for item in index.alerts()} == {"s1": 2, "s2": 1}

    def test_many_threads_create_it_once(self, index: Index) -> None:
        with ThreadPoolExecutor(8) as pool:
            created = list(pool.map(lambda n: index.raise_alert(alert("s1", f"a{n}"), ["log"]), range(40)))
        assert sum(created) == 1
        assert len(index.alerts()[0]["history"]) == 40

    def test_newest_first(self, index: Index) -> None:
        for number in range(3):
            index.raise_alert({**alert(f"s{number}", "a"), "created": f"2026-01-0{number + 1}T00:00:00Z"}, [])
        assert [item["story_id"] for item in index.alerts()] == ["s2", "s1", "s0"]
        assert [item["story_id"] for item in index.alerts(limit=1)] == ["s2"]
        assert [item["story_id"] for item in index.alerts(since=1_767_312_000)] == ["s2", "s1"]

    def test_parcels_until_delivered(self, index: Index) -> None:
        index.raise_alert(alert("s1", "a"), ["log", "hook"])
        assert index.parcels(NOON - 1) == []
        first, second = index.parcels(NOON)
        assert first.key == second.key
        assert (first.channel, first.alert["id"], first.attempts) == ("log", "r-s1", 0)
        assert len(index.parcels(NOON, limit=1)) == 1
        index.delivered(first.key, "log", NOON)
        index.undelivered(second.key, "hook", "refused", NOON + 60)
        assert index.parcels(NOON + 59) == []
        (again,) = index.parcels(NOON + 60)
        assert (again.key, again.channel, again.attempts) == (second.key, "hook", 1)
        index.undelivered(second.key, "hook", "refused for good", None)
        assert index.parcels(NOON + 10**9) == []
        states = {item["channel"]: (item["state"], item["reason"]) for item in index.alerts()[0]["deliveries"]}
        assert states == {"log": ("delivered", None), "hook": ("failed", "refused for good")}

    def test_a_late_failure_does_not_undo_a_delivery(self, index: Index) -> None:
        index.raise_alert(alert("s1", "a"), ["log"])
        index.delivered("r-s1", "log", NOON)
        index.undelivered("r-s1", "log", "timeout", NOON)
        assert index.parcels(NOON + 10) == []

    def test_forgetting_takes_evidence_and_history_of_the_article(self, index: Index) -> None:
        index.apply([*whole("a", "s1"), *whole("b", "s1")])
        index.raise_alert(alert("s1", "a", "b"), ["log"])
        index.forget(["a"])
        (stored,) = index.alerts()
        assert (stored["evidence"], [item["article_id"] for item in stored["history"]]) == ([], ["b"])
        assert len(index.parcels(NOON)) == 1

    def test_an_alert_does_not_tell_of_the_forgotten(self, index: Index) -> None:
        index.apply([*whole("a", "s1"), *whole("b", "s1"), *whole("c", "s1")])
        told = {"title": "Title of a", "url": "https://www.wire.example/a", "reason": "a word of a"}
        index.raise_alert({**alert("s1", "a", "b", "c"), **told}, ["log"])
        index.forget(["b"])
        assert {name: index.alerts()[0][name] for name in told} == told
        index.forget(["a"])
        (stored,) = index.alerts()
        assert (stored["title"], stored["url"]) == ("Title of c", "https://www.wire.example/c")
        assert "forgotten" in stored["reason"]
        assert "word of a" not in str(index.parcels(NOON))

    def test_an_alert_with_nothing_left_is_not_sent_and_not_raised_anew(self, index: Index) -> None:
        index.apply([*whole("a", "s1"), *whole("b", "s1")])
        index.raise_alert(alert("s1", "a"), ["log"])
        index.forget(["a"])
        assert index.alerts() == []
        assert index.parcels(NOON) == []
        assert index.counts()["alerts"] == 0
        assert index.raise_alert(alert("s1", "a"), ["log"]) is False
        assert index.alerts() == []
        assert index.raise_alert(alert("s1", "b"), ["log"]) is False
        assert [item["article_id"] for item in index.alerts()[0]["history"]] == ["b"]
        assert index.counts()["alerts"] == 1

    def test_alerts_of_a_story_without_articles_go(self, index: Index) -> None:
        index.apply(whole("a", "s1"))
        index.raise_alert({**alert("s1", "a"), "title": "of a"}, ["log"])
        index.forget(["a"])
        assert index.alerts() == []
        assert index.parcels(NOON) == []

    def test_no_alert_about_what_was_forgotten(self, index: Index) -> None:
        index.forget(["a"])
        assert index.raise_alert(alert("s1", "a"), ["log"]) is False
        assert index.counts()["alerts"] == 0

    def test_hostile_texts(self, index: Index) -> None:
        index.raise_alert({**alert("s1", "a"), "reason": "\0\ud800"}, ["log"])
        assert index.alerts()[0]["reason"] == "\ufffd\ufffd"
        index.undelivered("r-s1", "log", "\ud800", NOON)


class Feeds:
    def test_progress(self, index: Index) -> None:
        assert index.feeds() == {}
        index.mark_requested("feed:a", 1_000)
        assert index.feeds()["feed:a"]["requested_ms"] == 1_000
        assert index.commit_poll("feed:a", 1, {"etag": 'W/"x"', "requested_ms": 5}) is True
        assert index.feeds() == {"feed:a": {"etag": 'W/"x"', "requested_ms": 1_000, "batch": 1}}

    def test_an_older_poll_does_not_replace_a_newer(self, index: Index) -> None:
        assert index.commit_poll("feed:a", 5, {"n": 5}) is True
        assert index.commit_poll("feed:a", 5, {"n": 55}) is False
        assert index.commit_poll("feed:a", 4, {"n": 4}) is False
        assert index.feeds()["feed:a"]["n"] == 5
        index.commit_polls([Poll("feed:a", 4, 0, {"n": 4}), Poll("feed:c", 7, 0, {"n": 7})])
        assert (index.feeds()["feed:a"]["n"], index.feeds()["feed:c"]["n"]) == (5, 7)
        assert index.commit_poll("feed:b", 0, {}) is True

    def test_polls_are_counted(self, index: Index) -> None:
        index.commit_poll("feed:a", 1, {"error": None})
        index.commit_poll("feed:a", 2, {"error": "timeout: 30 s"})
        index.commit_poll("feed:a", 2, {"error": "timeout: 30 s"})
        assert (index.counts()["polls"], index.counts()["failed_polls"]) == (2, 1)
