"""A minute of fifty feeds, read every two seconds on Prism, that nothing disturbs."""

from __future__ import annotations

import os

import pytest

from tests.running import answer
from tests.stream.feeds import gives_validators
from tests.stream.figures import GROUPS, WITHIN_S, delays, table, too_soon
from tests.stream.plan import FEEDS, INTERVAL_S, LATE, SILENT, WHOLE_S
from tests.stream.watch import Outcome, letters
from transforms.index.interface import Query

pytestmark = [pytest.mark.prism, pytest.mark.slow]
STOP_S = 20.0


def test_it_ran_on_prism_and_a_ctrl_c_ends_it(undisturbed: Outcome) -> None:
    assert "Runner: PrismRunner, streaming" in undisturbed.said
    assert "Traceback" not in undisturbed.said
    print(f"\nended {undisturbed.stopped_s:.1f} s after Ctrl-C")
    assert undisturbed.stopped_s <= STOP_S


def test_every_item_is_found_in_time(undisturbed: Outcome) -> None:
    print(f"\n{table(undisturbed)}\nload of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    found = delays(undisturbed)
    assert found.keys() == undisturbed.plan.first_shown().keys()
    late = {url: round(took, 1) for url, (_, took) in found.items() if took > INTERVAL_S + WITHIN_S}
    assert not late


def test_every_item_is_found_once(undisturbed: Outcome) -> None:
    assert not undisturbed.watcher.twice
    for url, word in undisturbed.plan.words().items():
        assert [d["url"] for d in undisturbed.watcher.index.search(Query(text=word))] == [url]
    asked = [url for url, (_, feed) in undisturbed.plan.first_shown().items() if feed in (LATE, 14)][:3]
    for url in asked:
        found = answer(undisturbed.config, "search", undisturbed.plan.words()[url])
        assert [document["url"] for document in found] == [url]


def test_every_feed_is_asked_at_most_once_an_interval_and_conditionally(undisturbed: Outcome) -> None:
    assert not too_soon(undisturbed)
    for feed in range(FEEDS):
        requests = undisturbed.feeds.of(feed)
        unconditional = sum(not request.conditional for request in requests)
        assert unconditional == (1 if gives_validators(feed) else len(requests)), feed
    # A feed that hangs or fails holds up no other: each of these is asked almost as often as can be.
    often = [len(undisturbed.feeds.of(feed)) for feed in (*GROUPS["well"], SILENT, LATE)]
    assert min(often) > 0.6 * WHOLE_S / INTERVAL_S


def test_it_is_what_was_planned(undisturbed: Outcome) -> None:
    plan, documents = undisturbed.plan, undisturbed.documents
    ids = {name: document["url"] for name, document in documents.items()}
    members: dict[str, set[str]] = {}
    for document in documents.values():
        members.setdefault(document["story"]["id"], set()).add(document["url"])
    placed = {
        d["url"]: (frozenset(members[d["story"]["id"]]), d["story"]["role"], ids.get(d["story"]["original_id"]))
        for d in documents.values()
    }
    assert placed == plan.expected()
    assert {d["url"]: d["revision"] for d in documents.values() if d["revision"]} == plan.revised
    assert {d["url"]: {s["id"] for s in d["sources"]} for d in documents.values()} == plan.feeds_of()
    assert letters(undisturbed.config) == ["the item has neither an address nor a guid"]


def test_every_alert_is_created_and_sent_once(undisturbed: Outcome) -> None:
    alerted = undisturbed.alerted()
    assert len(alerted) == len(set(alerted))
    assert set(alerted) == undisturbed.plan.alerts()
    assert sorted(undisturbed.hook.keys) == sorted(alert["id"] for alert in undisturbed.alerts)
