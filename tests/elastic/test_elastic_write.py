"""Writing articles to a real Elasticsearch: one article is one document, whatever happens in between."""

from __future__ import annotations

import logging
import multiprocessing
import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from tests.elastic.elastic_open import Opened, opened
from tests.index.index_samples import BLOG, NOON, content, story, tags, whole
from transforms.elastic.client import Answer, ElasticSpec, Lost, Server
from transforms.elastic.index import ElasticIndex
from transforms.elastic.setup import roll, setup
from transforms.errors import DataError, Refused
from transforms.index.interface import FORGOTTEN, REJECTED, SAME, STALE, WRITTEN, Rejection
from transforms.index.open import open_index
from transforms.records import Json

pytestmark = pytest.mark.servers


@pytest.fixture
def elastic(elastic_url: str, prefix: str) -> Iterator[Opened]:
    with opened(elastic_url, prefix) as index:
        yield index


def homes(elastic: Opened) -> list[tuple[str, str]]:
    """(id, number of the index) of every article document there is."""
    elastic.reach.refresh(elastic.reach.articles)
    found = elastic.reach.search(elastic.reach.articles, {"size": 100, "sort": ["news.id"]})["hits"]["hits"]
    return [(hit["_id"], hit["_index"][-1]) for hit in found]


def source(elastic: Opened, key: str) -> Json:
    return dict(elastic.index._homes.read([key])[key].source)


def lost_after(elastic: Opened, applied: bool, then: Callable[[], Any] = lambda: None) -> None:
    """The answer to the next bulk request is lost: after it was applied, or before."""
    server = elastic.index.server
    attempt = server.attempt

    def faulty(method: str, path: str, *rest: Any, **more: Any) -> Answer:
        if path != "/_bulk":
            return attempt(method, path, *rest, **more)
        server.attempt = attempt  # type: ignore[method-assign]
        if applied:
            attempt(method, path, *rest, **more)
        then()
        raise Lost("no answer", refused=False)

    server.attempt = faulty  # type: ignore[method-assign]


@pytest.mark.parametrize("applied", [True, False])
def test_a_lost_answer_then_a_rollover_is_one_document(elastic: Opened, applied: bool) -> None:
    def rolled() -> None:
        elastic.reach.refresh(elastic.reach.articles)
        assert roll(Server(elastic.spec), replace(elastic.spec, rollover_age_s=0))
        elastic.index._homes.look_again()

    elastic.index.apply(whole("old", "s1"))
    lost_after(elastic, applied, rolled)
    before = elastic.index.server.stats()
    assert elastic.index.apply([*whole("a", "s1"), *whole("b", "s2")]) == [WRITTEN] * 8
    assert homes(elastic) == [("a", "1"), ("b", "1"), ("old", "1")]
    assert elastic.index.apply([content("a"), content("a", 2), *whole("c", "s3")]) == [SAME, *[WRITTEN] * 5]
    fresh = ElasticIndex(replace(elastic.spec, timeout_s=29))  # as after a restart
    assert fresh.apply([content("a", 2), content("a", 1), content("b", 3)]) == [SAME, STALE, WRITTEN]
    fresh.close()
    assert homes(elastic) == [("a", "1"), ("b", "1"), ("c", "2"), ("old", "1")]
    after = elastic.index.server.stats()
    told = {name: after[name] - before[name] for name in ("written", "retries", "conflicts", "rejected")}
    assert told == {"written": 4, "retries": 0 if applied else 2, "conflicts": 0, "rejected": 0}


def test_what_the_server_refuses_is_told_once_and_holds_up_nothing(elastic: Opened) -> None:
    writes = [content("a"), tags("a"), content("b", published="no date"), content("c"), tags("", version=1)]
    outcomes = elastic.index.apply(writes)
    assert outcomes == [WRITTEN, WRITTEN, REJECTED, WRITTEN, REJECTED]
    assert isinstance(outcomes[2], Rejection)
    assert "news.published" in outcomes[2].reason
    assert elastic.index.server.stats()["rejected"] == 2
    assert elastic.index.known("abc") == {"a", "c"}
    (again,) = elastic.index.apply([content("d", unmapped=1)])
    assert "unmapped" in again.reason
    names = elastic.reach.articles
    more = {"properties": {"news": {"properties": {"unmapped": {"type": "integer"}}}}}
    assert elastic.index.server.call("PUT", f"/{names}/_mapping", more).status == 200
    assert elastic.index.apply([content("d", unmapped=1)]) == [WRITTEN]
    assert elastic.index.apply([content("d", unmapped=1)]) == [SAME]


def test_many_threads_write_the_same_articles(elastic: Opened) -> None:
    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(lambda n: elastic.index.apply([content("a", n), tags("b", n)]), range(1, 31)))
    assert all(set(pair) <= {WRITTEN, STALE} for pair in outcomes)
    assert source(elastic, "a")["news"]["versions"] == {"content": [1, 30]}
    assert len(homes(elastic)) == 2


def test_two_processes_write_the_same_article(elastic: Opened) -> None:
    other = ElasticIndex(replace(elastic.spec, timeout_s=29), patient=True)
    indices = (elastic.index, other)
    with ThreadPoolExecutor(2) as pool:
        for n in range(1, 40, 2):
            list(pool.map(lambda at, n=n: indices[at].apply([content("a", n + at), tags("a", n + at)]), (0, 1)))  # type: ignore[misc]
    other.close()
    assert source(elastic, "a")["news"]["versions"] == {"content": [1, 40], "tags": [1, 40]}
    assert len(homes(elastic)) == 1


def test_a_repost_names_the_source_of_its_original(elastic: Opened) -> None:
    elastic.index.apply(whole("o", "s1", "original", source=BLOG))
    fresh = ElasticIndex(replace(elastic.spec, timeout_s=29))
    placement = story("r", "s1", "repost")
    placement.fields["story"] |= {"original_id": "o", "copied_from": [{"id": "o", "share_of_this": 0.5, "lag_s": -60}]}
    fresh.apply([content("r"), placement])
    fresh.close()
    told = {"source": "blog", "share": 0.5, "lag_s": -60}
    assert source(elastic, "r")["news"]["copied"] == told
    elastic.index.apply([content("r", 2)])
    assert source(elastic, "r")["news"]["copied"] == told


def test_one_that_is_forgotten_while_it_is_written_stays_forgotten(elastic: Opened) -> None:
    lost_after(elastic, False, lambda: elastic.index.forget(["a"]))
    assert elastic.index.apply([content("a"), content("b")]) == [FORGOTTEN, WRITTEN]
    assert homes(elastic) == [("b", "1")]


def test_hostile_content_is_stored(elastic: Opened) -> None:
    deep: dict[str, object] = {}
    for _ in range(2000):
        deep = {"x": deep}
    writes = [
        content("deep", extra={"deep": deep}), content("long", title="x" * 100_000, body="字" * 400_000),
        content("wide", extra={"y" * 40_000: "z"}, author="a" * 40_000, guid="g" * 40_000, language="l" * 40_000),
        content("nul", title="\0", extra={"\ud800": "\0"}), content("link", url="http://[::1", source=BLOG),
    ]  # fmt: skip
    outcomes = elastic.index.apply(writes)
    assert [getattr(outcome, "reason", outcome) for outcome in outcomes] == [WRITTEN] * 5
    assert elastic.index.article("wide")["extra"] == {"y" * 40_000: "z"}
    assert elastic.index.article("nul")["extra"] == {"\ufffd": "\ufffd"}
    elastic.index.refresh()
    assert len(list(elastic.index.export())) == 5


def test_setup_changes_nothing_the_second_time(elastic: Opened, caplog: pytest.LogCaptureFixture) -> None:
    server = Server(elastic.spec)
    with caplog.at_level(logging.WARNING):
        assert setup(server, elastic.spec) == []
    assert "has no analyzer arabic, cjk" in caplog.text
    assert "no lifecycle management" in caplog.text
    narrower = replace(elastic.spec, shards=2)
    changes = [f"index template {elastic.spec.prefix}-articles", f"index template {elastic.spec.prefix}-health"]
    assert setup(server, narrower, dry_run=True) == setup(server, narrower) == changes
    assert setup(server, narrower, dry_run=True) == []


def test_setup_mends_mappings_and_aliases_and_names_what_clashes(elastic_url: str, prefix: str) -> None:
    spec = ElasticSpec((elastic_url,), prefix)
    server = Server(spec)
    partly = {"mappings": {"properties": {"@timestamp": {"type": "date"}}}}
    server.call("PUT", f"/{prefix}-articles-000007", partly)
    server.call("PUT", f"/{prefix}-alerts", {"mappings": {"properties": {"@timestamp": {"type": "keyword"}}}})
    with pytest.raises(DataError, match=f"{prefix}-alerts: has @timestamp with another type"):
        setup(server)
    server.call("DELETE", f"/{prefix}-alerts")
    setup(server)
    assert setup(server) == []
    index = ElasticIndex(spec)
    assert index.apply([content("a")]) == [WRITTEN]
    assert index._homes.indices() == [f"{prefix}-articles-000007"]
    index.close()


def test_old_indices_go_with_all_that_stems_from_them(elastic: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    server, index = Server(elastic.spec), elastic.index
    index.apply([*whole("a", "s1"), *whole("b", "s2", at=NOON + 10**8)])
    index.apply([content("a", 2, body="new", revision=1)])
    index.raise_alert({"id": "r", "rule": "r", "story_id": "s1", "created": NOON, "evidence": [], "history": []}, [])
    index.refresh()
    assert roll(server, replace(elastic.spec, retention_s=10**10)) == []
    assert roll(server, replace(elastic.spec, rollover_age_s=0))
    index._homes.look_again()
    index.apply(whole("c", "s3"))
    all_old = replace(elastic.spec, retention_s=-(10**10))
    assert not any("is deleted" in change for change in roll(server, all_old, dry_run=True))
    monkeypatch.setattr("transforms.elastic.roll._QUIET_S", -60)
    changes = roll(server, all_old)
    assert any("000001 is deleted" in change for change in changes)
    index._homes.look_again()
    index.refresh()
    assert [document["id"] for document in index.export(all_revisions=True)] == ["c"]
    assert index.alerts() == []


def test_an_index_that_is_not_there(elastic_url: str, prefix: str) -> None:
    index = ElasticIndex(ElasticSpec((elastic_url,), prefix))
    with pytest.raises(Refused, match="index setup"):
        index.known(["a"])
    index.close()


def _child(spec_of: tuple[str, str], expected: object) -> None:
    spec = ElasticSpec((spec_of[0],), spec_of[1])
    index = open_index("elasticsearch", spec=spec, patient=True)
    assert index is not expected
    assert index.apply([content("child")]) == [WRITTEN]
    index.close()


def test_opened_once_per_process_and_patience(elastic: Opened) -> None:
    spec = elastic.spec
    index = open_index("elasticsearch", spec=spec, patient=True)
    assert open_index("elasticsearch", spec=spec, patient=True) is index
    assert open_index("elasticsearch", spec=spec) is not index
    assert index.apply([content("parent")]) == [WRITTEN]
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(index)
    child = multiprocessing.get_context("fork").Process(target=_child, args=((spec.urls[0], spec.prefix), index))
    child.start()
    child.join(30)
    assert child.exitcode == 0
    assert index.known(["parent", "child"]) == {"parent", "child"}
    index.close()
