"""Reading Elasticsearch gives what reading the embedded index gives, after the same writes."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.elastic.elastic_family import NARROWINGS, QUERIES, Family, tell
from tests.elastic.elastic_open import Opened, opened
from tests.index.index_samples import NOON, alert, content, story, tags, whole
from transforms.elastic import feeds, meta, scan, search, stories
from transforms.elastic.client import Answer, ElasticSpec, Server
from transforms.elastic.reach import Reach, Unexpected
from transforms.errors import Refused
from transforms.index.embedded import EmbeddedIndex
from transforms.index.interface import Query
from transforms.index.query import parse
from transforms.records import Json

pytestmark = pytest.mark.servers


@pytest.fixture
def elastic(elastic_url: str, prefix: str) -> Iterator[Opened]:
    with opened(elastic_url, prefix) as index:
        yield index


def in_order(documents: Any) -> list[str]:
    return sorted(json.dumps(document, sort_keys=True) for document in documents)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_same_writes_give_the_same_answers(elastic: Opened, tmp_path: Path, seed: int) -> None:
    embedded, index = EmbeddedIndex(str(tmp_path / "news.db")), elastic.index
    family, again = Family(seed), Family(seed)
    outcomes = [embedded.apply(batch) for batch in family.batches()]
    assert [index.apply(batch) for batch in again.batches()] == outcomes
    _compare(embedded, index, family, random.Random(seed))
    assert tell(index, seed, family.ids) == tell(embedded, seed, family.ids)
    assert index.alerts() == embedded.alerts()
    assert index.parcels(NOON + 99, 100) == embedded.parcels(NOON + 99, 100)
    assert index.feeds() == embedded.feeds()
    assert sorted(index.forgotten()[1]) == sorted(embedded.forgotten()[1])
    _compare(embedded, index, family, random.Random(seed))
    embedded.close()


def _compare(embedded: EmbeddedIndex, index: Any, family: Family, dice: random.Random) -> None:
    index.refresh()
    assert list(index.export()) == list(embedded.export())
    assert list(index.export(all_revisions=True)) == list(embedded.export(all_revisions=True))
    assert index.counts() == embedded.counts()
    assert sorted(index.ids_before(NOON + 30)) == sorted(embedded.ids_before(NOON + 30))
    assert in_order(one.document for one in index.seed(NOON + 5, NOON + 50)) == in_order(
        one.document for one in embedded.seed(NOON + 5, NOON + 50)
    )
    for key in (*family.ids, *(f"s{number}" for number in range(16)), "https://blog.example/a01", "none"):
        assert index.story(key) == embedded.story(key), key
        assert index.article(key) == embedded.article(key), key
    together = [(text, narrow) for text in QUERIES for narrow in NARROWINGS]
    asked = [*((text, {}) for text in QUERIES), *((None, narrow) for narrow in NARROWINGS), *dice.sample(together, 25)]
    for text, narrow in asked:
        query = Query(text, limit=1000, **narrow)
        found, expected = index.search(query), embedded.search(query)
        assert in_order(found) == in_order(expected), query
        if text is None or not parse(text).wanted:
            assert [one["id"] for one in found] == [one["id"] for one in expected], query
        assert index.stories(query) == embedded.stories(query), query
    assert index.stories(Query(limit=3)) == embedded.stories(Query(limit=3))
    assert index.search(Query(limit=7, lang="ar")) == embedded.search(Query(limit=7, lang="ar"))


def test_the_best_come_first_and_a_limit_cuts_the_rest(elastic: Opened) -> None:
    index = elastic.index
    index.apply([content(f"b{number:02d}", at=NOON + number, body="words of a lighthouse") for number in range(30)])
    index.apply([content("titled", title="Lighthouse", body="nothing"), content("other", body="nothing")])
    found = [one["id"] for one in index.search(Query("lighthouse", limit=4))]
    assert found == ["titled", "b29", "b28", "b27"]


def test_pages_are_read_to_the_end(elastic: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    index = elastic.index
    index.apply([one for number in range(25) for one in whole(f"a{number:02d}", f"s{number:02d}", at=NOON + number)])
    monkeypatch.setattr(scan, "_PAGE", 4)
    monkeypatch.setattr(scan, "_PAGE_WITH_TEXT", 4)
    monkeypatch.setattr(scan, "_BUCKETS", 4)
    ids = [f"a{number:02d}" for number in range(25)]
    assert [one["id"] for one in index.export()] == ids
    assert [one.document["id"] for one in index.seed(0)] == ids
    assert [one["id"] for one in index.search(Query("harbour", limit=11))] == ids[:-12:-1]
    assert [one["id"] for one in index.stories(Query("harbour", limit=20))] == [f"s{n:02d}" for n in range(24, 4, -1)]
    assert len(index.story("s03")["members"]) == 1


def test_a_reading_stands_while_others_write(elastic: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    index = elastic.index
    index.apply([content(f"a{number}") for number in range(9)])
    monkeypatch.setattr(scan, "_PAGE_WITH_TEXT", 2)
    reading = index.export()
    ids = [next(reading)["id"], next(reading)["id"]]
    index.apply([content("a5", 2, title="changed"), content("a35")])
    index.forget(["a7"])
    rest = list(reading)
    assert ids + [one["id"] for one in rest] == [f"a{number}" for number in range(9)]
    assert {one["title"] for one in rest} == {f"Title of a{number}" for number in range(2, 9)}


def test_a_lost_point_in_time_is_opened_anew(elastic: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    index = elastic.index
    index.apply([content(f"a{number}") for number in range(9)])
    monkeypatch.setattr(scan, "_PAGE_WITH_TEXT", 2)
    points: list[str] = []
    real = Reach.open_point
    monkeypatch.setattr(Reach, "open_point", lambda *given: points.append(real(*given)) or points[-1])
    reading = index.export()
    ids = [next(reading)["id"] for _ in range(2)]
    elastic.reach.close_point(points[0])
    index.apply([content("a35"), content("a05")])
    index.refresh()
    assert ids + [one["id"] for one in reading] == ["a0", "a1", "a2", "a3", "a35", "a4", "a5", "a6", "a7", "a8"]
    assert len(points) == 2


def test_more_stories_than_one_question_takes(elastic: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    index = elastic.index
    index.apply(
        [one for n in range(23) for one in (content(f"a{n:02d}", at=NOON + n), story(f"a{n:02d}", f"s{n:02d}"))]
    )
    monkeypatch.setattr(stories, "_AT_ONCE", 5)
    monkeypatch.setattr(stories, "_READ_AT_ONCE", 3)
    monkeypatch.setattr(stories, "_MOST", 7)
    assert index.counts()["stories"] == 23
    monkeypatch.setattr(stories, "_MOST", 100)
    assert [one["id"] for one in index.stories(Query("harbour", limit=9))] == [f"s{n:02d}" for n in range(22, 13, -1)]


def test_all_indices_of_the_series_are_read(elastic: Opened, elastic_url: str, prefix: str) -> None:
    elastic.index.apply([*whole("a", "s1", "original"), *whole("c", "s2", at=NOON + 20)])
    assert elastic.reach.server.call("POST", f"/{prefix}-articles-write/_rollover").status == 200
    with opened(elastic_url, prefix) as another:
        index = another.index
        index.apply([*whole("b", "s1", "repost", NOON + 30), content("a", 2, title="changed")])
        assert [one["id"] for one in index.export()] == ["a", "b", "c"]
        assert [one["id"] for one in index.search(Query(limit=2))] == ["b", "c"]
        assert [one.document["id"] for one in index.seed(0)] == ["a", "c", "b"]
        told = index.stories(Query("changed"))
        assert [(one["id"], one["title"], one["members"]) for one in told] == [("s1", "changed", 2)]
        assert (index.counts()["articles"], index.counts()["stories"]) == (3, 2)
        assert index.forget(["a", "b"]) == 2
        assert [one["id"] for one in index.export()] == ["c"]


def test_what_cannot_be_read_now_is_asked_for_again(elastic: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    elastic.index.start_epoch()
    real = Server.call
    broken = [{"_id": "epoch", "error": {"type": "no_shard_available_action_exception", "reason": "starting"}}]

    def call(server: Server, method: str, path: str, *rest: Any, **more: Any) -> Answer:
        answer = real(server, method, path, *rest, **more)
        return Answer(200, {"docs": [broken.pop()]}) if path.endswith("_mget") and broken else answer

    monkeypatch.setattr(Server, "call", call)
    assert elastic.index.start_epoch() == 2
    assert not broken


def test_an_entity_is_found_by_a_name_that_another_article_gives_it(elastic: Opened) -> None:
    index = elastic.index
    named = [{"id": "Q159", "name": name, "type": "country", "count": 1, "spans": []} for name in ("Россия", "Russia")]
    index.apply([content("a"), tags("a", entities=named[:1]), content("b"), tags("b", entities=named[1:])])
    assert sorted(one["id"] for one in index.search(Query(entity="RUSSIA"))) == ["a", "b"]
    assert index.search(Query(entity="Rus")) == []


def test_what_was_merged_is_known_without_the_article_that_told(elastic: Opened) -> None:
    index = elastic.index
    index.apply([*whole("a", "s1"), content("b"), story("b", "s1", "repost", 2, ("s2",))])
    index.raise_alert(alert("s2", "a"), [])
    index.forget(["b"])
    assert (index.story("s2") or {})["merged_from"] == ["s2"]
    assert index.raise_alert(alert("s1", "a"), []) is False


def test_an_index_that_is_not_there_is_said_to_be_so(elastic_url: str, prefix: str) -> None:
    reach = Reach(Server(ElasticSpec((elastic_url,), prefix)))
    for ask in (lambda: search.articles(reach, Query()), lambda: meta.start_epoch(reach), lambda: feeds.read(reach)):
        with pytest.raises(Refused, match="index setup"):
            ask()
    with pytest.raises(Unexpected, match="alias"):
        feeds.report(reach.server, {})


def test_many_words_and_long_ones(elastic: Opened) -> None:
    index = elastic.index
    index.apply([content("a", body="one lighthouse"), content("b", body="w199 alone")])
    many = " OR ".join(f"w{number}" for number in range(200))
    assert [one["id"] for one in index.search(Query(many))] == ["b"]
    assert index.search(Query("x" * 5000)) == []
    assert index.search(Query(source="x" * 100_000)) == []


class TestQueries:
    @pytest.mark.parametrize(
        ("text", "wanted", "unwanted"),
        [("quay", 1, 0), ("quay -talks", 1, 1), ('a OR "b c" d*', 2, 0), ("-a -b", 0, 1), ("a AND b", 2, 0)],
    )
    def test_each_group_must_match(self, text: str, wanted: int, unwanted: int) -> None:
        made: Any = search.matching(parse(text))
        assert (len(made["bool"]["must"]), len(made["bool"]["must_not"])) == (wanted, unwanted)

    def test_nothing_is_asked_of_a_text_without_words(self) -> None:
        assert search.matching(parse('*** "" -')) is None

    def test_repeated_words_are_asked_for_once(self) -> None:
        made: Json = search.any_of(parse("a OR a OR a").wanted[0])
        assert made == search.any_of(parse("a").wanted[0])
