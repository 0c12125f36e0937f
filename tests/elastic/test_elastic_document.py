"""What is stored of an article, and that it is read back as it was written."""

from __future__ import annotations

import pytest

from tests.index.index_samples import BLOG, NOON, OMAN, RUSSIA, WIRE, content, sources, story, tags, whole
from transforms.elastic.document import article_document, copied, country_pairs, finished, merge, placed
from transforms.elastic.mapping import analyzers, differences, mapping
from transforms.index.interface import SAME, STALE, WRITTEN
from transforms.records import Json, Version, Write

KOREA = {"id": "Q423", "name": "Korea", "type": "country", "count": 5}
TOWN = {"id": "Q1", "name": "Town", "type": "place", "count": 9}


def stored(*writes: Write, before: Json | None = None) -> Json:
    return finished(merge(before, "a", writes).source, NOON, None)


def test_what_is_written_is_read_back() -> None:
    extra = {"b": [1, {"c": None}], "a": "كلمة", "f": 1.5}
    writes = [
        *whole("a", "s1", extra=extra, language="ar"),
        Write("a", "verdict", Version(1, 1), {"verdict": {"x": 1}}),
    ]
    document = article_document(stored(*writes))
    given = {name: value for write in writes for name, value in write.fields.items() if name != "texts"}
    assert document == {**given, "id": "a"}
    assert list(document["extra"]) == ["b", "a", "f"]
    assert article_document(stored(*writes), internal=True)["texts"] == ["hash-a"]


def test_the_order_of_groups_does_not_matter() -> None:
    writes = whole("a", "s1")
    assert stored(*writes) == stored(*writes[::-1])


def test_a_group_replaces_all_of_its_fields_and_no_others() -> None:
    before = stored(*whole("a", "s1"), Write("a", "verdict", Version(1, 1), {"verdict": {"same_story": False}}))
    document = article_document(stored(Write("a", "content", Version(1, 2), {"title": "new"}), before=before))
    assert (document["title"], document["body"], document["url"], document["fingerprint"]) == ("new", "", None, None)
    assert document["story"]["id"] == "s1"
    assert document["verdict"] == {"same_story": False}
    assert document["sources"] == [WIRE]


def test_versions_decide_group_by_group_and_the_source_is_left_alone() -> None:
    before = stored(content("a", 5), tags("a", 1))
    kept = repr(before)
    merged = merge(before, "a", [content("a", 4), content("a", 5), tags("a", 2), story("a", "s1", version=1)])
    assert merged.outcomes == [STALE, SAME, WRITTEN, WRITTEN]
    assert repr(before) == kept


def test_former_texts_are_kept_when_the_revision_changes() -> None:
    before = stored(*whole("a", "s1", body="first"))
    merged = merge(before, "a", [content("a", 2, body="second", revision=1), content("a", 3, body="third", revision=2)])
    assert [(one["revision"], one["body"]) for one in merged.former] == [(0, "first"), (1, "second")]
    assert "texts" not in merged.former[0]


def test_both_stories_are_touched_when_it_moves() -> None:
    merged = merge(stored(*whole("a", "s1")), "a", [story("a", "s2", version=2, merged=("s0",))])
    assert merged.stories == {"s0", "s1", "s2"}
    assert merge(stored(*whole("a", "s1")), "a", [story("a", "s3", version=1)]).stories == {"s1"}


def test_what_ecs_and_searches_want() -> None:
    source = stored(*whole("a", "s1", at=NOON, source=BLOG, language="ar"), sources("a", WIRE, BLOG, version=2))
    assert source["@timestamp"] == "2026-09-21T14:13:20Z"
    assert source["event"]["created"] == "2026-09-21T14:14:20Z"
    assert source["url"] == {"full": "https://blog.example/a", "domain": "blog.example"}
    assert set(source["news"]["text"]) == {"ar"}
    labels = ["d:blog.example", "d:wire.example", "e:Q159", "n:россия", "s:blog", "s:wire", "t:sanctions"]
    assert source["news"]["labels"] == labels
    assert set(stored(content("a", language="eo"))["news"]["text"]) == {"other"}


def test_a_placement_alone_is_hidden() -> None:
    source = stored(story("a", "s1"), tags("a"))
    assert source["news"]["live"] is False
    assert source["@timestamp"] is None
    assert "search" not in source["news"]


def test_pairs_of_countries() -> None:
    assert country_pairs([OMAN, TOWN, RUSSIA, KOREA]) == ["Korea – Oman", "Korea – Россия", "Oman – Россия"]
    many = [{"id": str(n), "name": f"c{n}", "type": "country", "count": n} for n in range(9)]
    assert len(country_pairs(many)) == 15
    assert "c0 – c8" not in country_pairs(many)
    assert country_pairs([KOREA]) == []


def test_what_a_repost_copied() -> None:
    placement = {"role": "repost", "original_id": "o", "copied_from": [{"id": "x", "share_of_this": 0.9, "lag_s": 60}]}
    assert copied(placement, "wire") == {"source": "wire", "share": 0.9, "lag_s": 60}
    assert copied({**placement, "role": "original"}, "wire") is None


def test_a_mended_placement_keeps_version_and_words() -> None:
    before = stored(*whole("a", "s1", "repost"))
    after = placed(before, {**before["news"]["story"], "role": "unique", "original_id": None})
    assert after["news"]["versions"] == before["news"]["versions"]
    assert after["news"]["search"] == before["news"]["search"]
    assert after["news"]["copied"] is None


def test_an_unknown_group_is_an_error() -> None:
    with pytest.raises(ValueError, match="no field group 'contents'"):
        merge(None, "a", [Write("a", "contents", Version(1, 1), {})])


def test_analyzers_as_the_server_has_them() -> None:
    fitted = mapping("articles", {"arabic"})["properties"]["news"]["properties"]["text"]["properties"]
    assert fitted["ar"] == {"type": "text", "analyzer": "arabic"}
    assert fitted["de"] == {"type": "text", "analyzer": "standard"}
    assert "arabic" in analyzers()
    assert "standard" not in analyzers()


def test_mappings_are_compared_field_by_field() -> None:
    wanted = mapping("articles", set())
    assert differences(wanted, mapping("articles", {"arabic"})) == ([], [])
    present = mapping("articles", set())
    news = present["properties"]["news"]["properties"]
    del news["country_pairs"]
    news["guid"] = {"type": "text"}
    news["author"]["ignore_above"] = 8
    assert differences(wanted, present) == (["news.author", "news.country_pairs"], ["news.guid"])
