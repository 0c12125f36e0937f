"""Several hands on one index, and processes that die between two requests."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.elastic.elastic_open import Opened, opened
from tests.index.index_samples import BLOG, NOON, alert, content, story, whole
from transforms.elastic import alerts, feeds, forget, keeper, meta, operations
from transforms.elastic.client import Server, server
from transforms.elastic.homes import Homes
from transforms.elastic.lease import VALID_S, Holder, lease, release, take
from transforms.elastic.reach import Reach
from transforms.errors import Refused
from transforms.index.interface import FORGOTTEN, IndexAway, Query
from transforms.records import Json, Poll, rfc3339

pytestmark = pytest.mark.servers


class Died(BaseException):
    """The process ends here."""


@pytest.fixture
def elastic(elastic_url: str, prefix: str) -> Iterator[Opened]:
    with opened(elastic_url, prefix) as index:
        yield index


def dies(monkeypatch: pytest.MonkeyPatch, owner: object, name: str) -> None:
    def end(*_: object, **__: object) -> None:
        raise Died

    monkeypatch.setattr(owner, name, end)


def all_stories(reach: Reach) -> dict[str, Json]:
    reach.refresh(reach.stories)
    found = reach.search(reach.stories, {"size": 100, "query": {"match_all": {}}})["hits"]["hits"]
    return {hit["_id"]: hit["_source"]["news"] for hit in found}


def wait_until(true: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


class TestKeeper:
    def test_story_documents_follow_within_seconds(self, elastic: Opened) -> None:
        elastic.index.apply([*whole("a", "s1", "original"), *whole("b", "s1", "repost", NOON + 60, source=BLOG)])
        wait_until(lambda: "s1" in all_stories(elastic.reach))
        made = all_stories(elastic.reach)["s1"]
        told = elastic.index.stories(Query())[0]
        assert {name: made[name] for name in ("title", "members", "reposts", "languages", "sources", "topics")} == {
            name: told[name] for name in ("title", "members", "reposts", "languages", "sources", "topics")
        }
        assert (made["articles"], made["spread_s"]) == (["a", "b"], 60)

    def test_refresh_makes_them_at_once_and_merged_ones_go(self, elastic: Opened) -> None:
        elastic.index.apply([*whole("a", "s1"), *whole("b", "s2")])
        elastic.index.refresh()
        assert set(all_stories(elastic.reach)) == {"s1", "s2"}
        elastic.index.apply([story("b", "s1", "repost", 2, ("s2",)), story("a", "s1", "original", 2, ("s2",))])
        elastic.index.refresh()
        made = all_stories(elastic.reach)
        assert set(made) == {"s1"}
        assert made["s1"]["story"]["merged_from"] == ["s2"]

    def test_what_a_dead_process_owed_is_made_by_the_next(
        self, elastic: Opened, elastic_url: str, prefix: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        elastic.index.apply([*whole("a", "s1"), *whole("b", "s2")])
        elastic.index.refresh()
        with monkeypatch.context() as dead:
            dead.setattr(keeper.Keeper, "touch", lambda *_: None)
            # It moves b without a word, and never gets to its stories.
            elastic.index.apply([story("b", "s3", version=2), content("a", 2, title="changed")])
        assert set(all_stories(elastic.reach)) == {"s1", "s2"}
        with opened(elastic_url, prefix) as another:
            another.index.apply(whole("c", "s9"))
            another.index.refresh()
        made = all_stories(elastic.reach)
        assert set(made) == {"s1", "s3", "s9"}
        assert made["s1"]["title"] == "changed"

    def test_the_mark_stays_behind_what_is_being_written(self, elastic: Opened) -> None:
        kept = keeper.Keeper(elastic.reach)
        with kept.writing():
            began = int(time.time())
            time.sleep(1.1)
            kept.touch(["s1"])
            kept.flush()
        mark = elastic.reach.get(elastic.reach.meta, "stories")
        assert mark is not None
        assert mark.source["ingested"] <= (rfc3339(began) or "")
        kept.close()

    def test_of_two_who_make_a_story_none_leaves_an_old_one(
        self, elastic: Opened, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        reach = elastic.reach
        elastic.index.apply(whole("a", "s1"))
        elastic.index.refresh()
        elastic.index.apply([content("a", 2, title="second")])
        real = operations.send

        def late(*given: object) -> object:
            monkeypatch.setattr(keeper, "send", real)
            elastic.index.apply([content("a", 3, title="third")])
            keeper.make(reach, ["s1"])
            return real(*given)  # type: ignore[arg-type]

        monkeypatch.setattr(keeper, "send", late)
        keeper.make(reach, ["s1"])
        assert all_stories(reach)["s1"]["title"] == "third"

    def test_a_document_that_is_as_it_was_is_not_written_again(self, elastic: Opened) -> None:
        elastic.index.apply(whole("a", "s1"))
        elastic.index.refresh()
        before = elastic.reach.get(elastic.reach.stories, "s1")
        keeper.make(elastic.reach, ["s1"])
        assert elastic.reach.get(elastic.reach.stories, "s1") == before

    def test_failures_leave_it_touched(self, elastic: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
        kept = keeper.Keeper(elastic.reach)
        monkeypatch.setattr(kept, "_thread", threading.Thread())  # it has none that would come first
        elastic.index.apply(whole("a", "s1"))
        kept.touch(["s1"])
        with monkeypatch.context() as broken:
            dies(broken, keeper, "make")
            with pytest.raises(Died):
                kept.flush()
        kept.flush()
        assert "s1" in all_stories(elastic.reach)


class TestAlerts:
    def test_two_writers_at_once_create_one(self, elastic: Opened, elastic_url: str) -> None:
        servers = (Server(elastic.spec), Server(elastic.spec))
        several = [(Reach(one), Homes(one), meta.Forgotten(Reach(one))) for one in servers]

        def create(number: int) -> bool:
            return alerts.raise_alert(*several[number % 2], alert(f"s{number // 8}", f"a{number}"), ["log"])

        with ThreadPoolExecutor(8) as pool:
            created = list(pool.map(create, range(40)))
        assert sum(created) == 5
        stored = elastic.index.alerts()
        assert sorted(len(one["history"]) for one in stored) == [8] * 5
        assert len(elastic.index.parcels(NOON)) == 5

    def test_a_story_that_nothing_was_merged_into_costs_no_search(
        self, elastic: Opened, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        elastic.index.apply(whole("a", "s1"))
        for name in ("refresh", "search", "catch_up"):
            monkeypatch.setattr(Reach, name, lambda *_, **__: pytest.fail("dear, and nothing to be found"))
        assert elastic.index.raise_alert(alert("s1", "a"), ["log"]) is True
        assert elastic.index.raise_alert(alert("s1", "a"), ["log"]) is False

    def test_a_story_that_was_merged_meanwhile_gets_no_second_alert(self, elastic: Opened) -> None:
        elastic.index.apply([*whole("a", "s1"), *whole("b", "s2")])
        elastic.index.apply([story("a", "s2", "repost", 3, ("s1",)), story("b", "s2", "original", 3, ("s1",))])
        assert elastic.index.raise_alert(alert("s2", "b", merged=("s1",)), ["log"]) is True
        assert elastic.index.raise_alert(alert("s1", "a"), ["log"]) is False, "it came late, of the former story"
        assert len(elastic.index.alerts()) == 1

    def test_a_delivered_parcel_is_not_given_again(self, elastic: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
        elastic.index.raise_alert(alert("s1", "a"), ["log", "hook"])
        monkeypatch.setattr(Reach, "refresh", lambda *_: None)  # what a search sees is old
        elastic.index.delivered("r-s1", "log", NOON)
        assert [(one.key, one.channel) for one in elastic.index.parcels(NOON)] in ([("r-s1", "hook")], [])
        monkeypatch.undo()
        assert [(one.key, one.channel) for one in elastic.index.parcels(NOON)] == [("r-s1", "hook")]

    def test_marks_of_both_channels_at_once_are_both_kept(self, elastic: Opened) -> None:
        channels = [f"c{number}" for number in range(12)]
        elastic.index.raise_alert(alert("s1", "a"), channels)
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda channel: elastic.index.delivered("r-s1", channel, NOON), channels))
        assert elastic.index.parcels(NOON) == []
        assert {one["state"] for one in elastic.index.alerts()[0]["deliveries"]} == {"delivered"}

    def test_an_article_forgotten_while_its_alert_is_raised(
        self, elastic: Opened, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        elastic.index.apply(whole("a", "s1"))
        real = Reach.put

        def late(*given: object) -> bool:
            monkeypatch.setattr(Reach, "put", real)
            forget.forget(elastic.reach, ["a"])
            return real(*given)  # type: ignore[arg-type]

        monkeypatch.setattr(Reach, "put", late)
        elastic.index.raise_alert(alert("s1", "a"), ["log"])
        assert elastic.index.alerts() == []
        assert elastic.index.parcels(NOON) == []


class TestForgetting:
    def test_a_replayed_write_is_forgotten_also_elsewhere(self, elastic: Opened, elastic_url: str, prefix: str) -> None:
        elastic.index.apply(whole("a", "s1"))
        with opened(elastic_url, prefix) as another:
            another.index.apply(whole("b", "s1", "repost"))
            elastic.index.forget(["a"])
            assert another.index.apply([content("a", 5), content("b", 2)]) == [FORGOTTEN, "written"]
            assert another.index.article("a") is None

    @pytest.mark.parametrize(
        ("where", "what"),
        [
            (meta, "_store"),
            (alerts, "forget_articles"),
            (forget, "_mend"),
            (keeper, "make"),
            (forget, "remove_articles"),
        ],
    )
    def test_what_a_dead_process_began_is_done_by_the_next(
        self, elastic: Opened, monkeypatch: pytest.MonkeyPatch, where: object, what: str
    ) -> None:
        index = elastic.index
        index.apply([*whole("a", "s1", "original"), *whole("b", "s1", "repost", NOON + 1), *whole("c", "s1", "repost")])
        index.apply([content("a", 2, revision=1)])
        index.raise_alert(alert("s1", "a", "b"), [])
        index.refresh()
        with monkeypatch.context() as dead:
            dies(dead, where, what)
            with pytest.raises(Died):
                index.forget(["a"])
        with lease(elastic.reach.server):
            index.refresh()
        assert index.forgotten()[1] == ["a"]
        assert [one["id"] for one in index.export(all_revisions=True)] == ["b", "c"]
        assert "a" not in {one["story"]["original_id"] for one in index.export()}
        assert [item["article_id"] for item in index.alerts()[0]["history"]] == ["b"]
        assert all_stories(elastic.reach)["s1"]["members"] == 2
        notes = elastic.reach.get(elastic.reach.meta, "forgetting")
        assert notes is None or notes.source == {}

    def test_many_at_once_miss_none(self, elastic: Opened) -> None:
        seen: set[str] = set()
        position = 0

        def read() -> None:
            nonlocal position
            position, more = meta.forgotten(elastic.reach, position)
            seen.update(more)

        with ThreadPoolExecutor(4) as pool:
            pending = [pool.submit(meta.remember, elastic.reach, [f"x{n}", f"y{n}"]) for n in range(20)]
            while not all(one.done() for one in pending):
                read()
        read()
        assert len(seen) == 40
        assert elastic.index.forgotten()[0] == 20


class TestFeeds:
    def test_each_poll_leaves_one_health_document(self, elastic: Opened) -> None:
        polls = [Poll("feed:a", 1, 0, {"error": None}), Poll("feed:a", 2, 0, {"error": "timeout \ud800"})]
        elastic.index.commit_polls(polls)
        elastic.index.commit_polls(polls)
        feeds.report(elastic.reach.server, {"@timestamp": rfc3339(NOON), "news": {"pipeline": {"articles": 3}}})
        elastic.reach.refresh(elastic.reach.health)
        found = elastic.reach.search(elastic.reach.health, {"size": 10, "sort": [{"news.feed.batch": "asc"}]})
        told = [hit["_source"]["news"].get("feed", {}) for hit in found["hits"]["hits"]]
        assert [one.get("error") for one in told] == [None, "timeout \ufffd", None]

    def test_a_poll_whose_commit_was_cut_off(self, elastic: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
        with monkeypatch.context() as dead:
            dies(dead, feeds, "_commit")
            with pytest.raises(Died):
                elastic.index.commit_polls([Poll("feed:a", 1, 0, {"n": 1})])
        assert elastic.index.feeds() == {}
        assert elastic.index.commit_poll("feed:a", 1, {"n": 1}) is True
        elastic.reach.refresh(elastic.reach.health)
        assert elastic.reach.count(elastic.reach.health, {"match_all": {}}) == 1

    def test_a_commit_whose_answer_was_lost_is_ours(self, elastic: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
        real = Reach.put

        def lost(*given: object) -> bool:
            monkeypatch.setattr(Reach, "put", real)
            real(*given)  # type: ignore[arg-type]
            return real(*given)  # type: ignore[arg-type]

        monkeypatch.setattr(Reach, "put", lost)
        assert elastic.index.commit_poll("feed:a", 1, {"n": 1}) is True
        assert elastic.index.counts()["polls"] == 1

    def test_only_some_are_read(self, elastic: Opened) -> None:
        long = f"feed:https://x.example/{'y' * 800}"
        for reader in ("feed:a", "feed:b", long):
            elastic.index.mark_requested(reader, 5)
        assert set(elastic.index.feeds(["feed:a", long, "feed:none"])) == {"feed:a", long}
        assert set(elastic.index.feeds()) == {"feed:a", "feed:b", long}


class TestEpochs:
    def test_many_at_once_take_different_ones(self, elastic: Opened) -> None:
        with ThreadPoolExecutor(6) as pool:
            taken = list(pool.map(lambda _: meta.start_epoch(elastic.reach), range(12)))
        assert sorted(taken) == list(range(1, 13))


class TestLease:
    def test_a_second_pipeline_is_refused_and_told_where_the_first_runs(self, elastic: Opened) -> None:
        with lease(elastic.reach.server), pytest.raises(Refused, match=f"process {os.getpid()} on "):
            take(elastic.reach, "another")
        take(elastic.reach, "another")

    def test_of_many_one_gets_it(self, elastic: Opened) -> None:
        def get(number: int) -> bool:
            try:
                take(elastic.reach, f"owner {number}")
            except Refused:
                return False
            return True

        with ThreadPoolExecutor(6) as pool:
            assert sum(pool.map(get, range(6))) == 1

    def test_it_runs_out(self, elastic: Opened) -> None:
        now = int(time.time())
        take(elastic.reach, "first", now)
        with pytest.raises(Refused):
            take(elastic.reach, "second", now + VALID_S - 1)
        take(elastic.reach, "first", now + 20)
        with pytest.raises(Refused):
            take(elastic.reach, "second", now + VALID_S)
        take(elastic.reach, "second", now + 20 + VALID_S)
        release(elastic.reach, "first")
        with pytest.raises(Refused):
            take(elastic.reach, "first", now + 20 + VALID_S)

    def test_that_of_a_dead_process_here_is_taken_over_at_once(self, elastic: Opened) -> None:
        code = "import sys; from tests.elastic.elastic_open import *; take_and_die(*sys.argv[1:])"
        arguments = [sys.executable, "-c", code, elastic.spec.urls[0], elastic.spec.prefix]
        with subprocess.Popen(arguments, cwd=os.getcwd()) as process:
            wait_until(lambda: elastic.reach.get(elastic.reach.meta, "lease") is not None, 20)
            with pytest.raises(Refused, match=f"process {process.pid}"):
                take(elastic.reach, "next")
            process.kill()
            wait_until(lambda: _takes(elastic.reach), 5)

    def test_that_of_a_job_outlives_the_process_that_began_it(self, elastic: Opened) -> None:
        job = Holder(roams=True, stays=True)
        with lease(elastic.reach.server, holder=job):
            pass
        with pytest.raises(Refused):
            take(elastic.reach, "next")
        with lease(elastic.reach.server, holder=Holder(job.owner, roams=True)):
            held = elastic.reach.get(elastic.reach.meta, "lease")
            assert held is not None
            # As if the process that prolonged it last were gone: others may prolong it, too.
            gone = {**held.source, "pid": 2**22 + 1, "began": "1"}
            assert elastic.reach.put(elastic.reach.meta, "lease", gone, held)
            with pytest.raises(Refused):
                take(elastic.reach, "next")
        take(elastic.reach, "next")

    def test_who_lost_it_can_write_no_more(self, elastic: Opened) -> None:
        asked = server(elastic.spec)
        with lease(asked, renew_s=0.3):
            held = elastic.reach.get(elastic.reach.meta, "lease")
            assert held is not None
            elastic.reach.put(elastic.reach.meta, "lease", {**held.source, "owner": "another"}, held)
            wait_until(lambda: _cut(asked) and _cut(server(elastic.spec, patient=True)))

    def test_it_is_renewed(self, elastic: Opened) -> None:
        with lease(elastic.reach.server, renew_s=0.2):
            before = elastic.reach.get(elastic.reach.meta, "lease")
            wait_until(lambda: elastic.reach.get(elastic.reach.meta, "lease") != before)


def _takes(reach: Reach) -> bool:
    try:
        take(reach, "next")
    except Refused:
        return False
    return True


def _cut(asked: Server) -> bool:
    try:
        asked.call("GET", "/_cluster/health")
    except IndexAway:
        return True
    return False
