"""The courier on a real embedded index and a real receiver."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from transforms.alert.channels import WebhookChannel
from transforms.alert.delivery import DELIVERED, JsonlSender, Outcome, Sender
from transforms.alert.outbox import Courier, backoff
from transforms.alert.webhook import WebhookSender
from transforms.feeds.guard import Guard
from transforms.index.embedded import EmbeddedIndex
from transforms.index.interface import Parcel


class Recorder:
    """A sender that answers as it is told."""

    max_attempts = 3

    def __init__(self, answer: Callable[[Parcel], Outcome] = lambda _parcel: DELIVERED) -> None:
        self.answer, self.keys = answer, list[str]()
        self.at_once, self.most_at_once = 0, 0

    def deliver(self, parcel: Parcel) -> Outcome:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.keys.append(parcel.key)
        try:
            return self.answer(parcel)
        finally:
            self.at_once -= 1


@pytest.fixture
def index(tmp_path: Path) -> Iterator[EmbeddedIndex]:
    index = EmbeddedIndex(str(tmp_path / "news.db"))
    yield index
    index.close()


def fill(index: EmbeddedIndex, number: int, channels: list[str], created: int | None = None) -> None:
    at = int(time.time()) - 10 if created is None else created
    for n in range(number):
        article = [{"article_id": f"a{n}", "at": "2026-03-02T10:00:00Z"}]
        alert = {
            "rule": "r",
            "story_id": f"s{n}",
            "created": at,
            "severity": "high",
            "title": f"T{n}",
            "history": article,
        }
        assert index.raise_alert(alert, channels)


def states(index: EmbeddedIndex) -> Counter[tuple[str, str]]:
    return Counter((d["channel"], d["state"]) for alert in index.alerts() for d in alert["deliveries"])


def run(index: EmbeddedIndex, senders: Mapping[str, Sender], until: Callable[[], bool], **more: Any) -> Courier:
    courier = Courier(index, senders, poll_s=0.02, **more)
    courier.start()
    end = time.monotonic() + 10
    while not until() and time.monotonic() < end:
        time.sleep(0.01)
    assert until(), courier.counts
    courier.stop(1)
    return courier


def test_delivers_each_once_in_order_and_one_at_a_time(index: EmbeddedIndex) -> None:
    fill(index, 50, ["a", "b"])
    senders = {"a": Recorder(), "b": Recorder()}
    courier = run(index, senders, lambda: states(index)["a", "delivered"] + states(index)["b", "delivered"] == 100)
    oldest_first = [parcel["id"] for parcel in sorted(index.alerts(), key=lambda alert: int(alert["story_id"][1:]))]
    for sender in senders.values():
        assert sender.keys == oldest_first
        assert sender.most_at_once == 1
    assert courier.counts == {"delivered": 100}


def test_stop_drains_what_is_due(index: EmbeddedIndex) -> None:
    fill(index, 45, ["a"])
    courier = Courier(index, {"a": Recorder()}, poll_s=30)
    courier.start()
    assert courier.stop(drain_s=10)
    assert states(index) == {("a", "delivered"): 45}


def test_stop_does_not_wait_for_a_hanging_channel_or_for_later(index: EmbeddedIndex) -> None:
    fill(index, 3, ["hangs", "fails"])
    gate = threading.Event()
    hanging = Recorder(lambda _p: (gate.wait(10), DELIVERED)[1])
    failing = Recorder(lambda _p: Outcome(False, "busy", again=True, after_s=500))
    courier = Courier(index, {"hangs": hanging, "fails": failing}, poll_s=0.02)
    courier.start()
    begin = time.monotonic()
    assert not courier.stop(drain_s=0.3)
    assert time.monotonic() - begin < 3
    gate.set()


def test_wake_spares_the_wait(index: EmbeddedIndex) -> None:
    sender = Recorder()
    courier = Courier(index, {"a": sender}, poll_s=30)
    courier.start()
    time.sleep(0.1)
    fill(index, 1, ["a"])
    courier.wake()
    end = time.monotonic() + 5
    while not sender.keys and time.monotonic() < end:
        time.sleep(0.01)
    courier.stop(1)
    assert len(sender.keys) == 1


def test_a_channel_that_hangs_does_not_hold_up_the_others(index: EmbeddedIndex) -> None:
    # More parcels of the hanging channel than any first look takes, and all older than the other's.
    fill(index, 300, ["hangs"], created=1_000)
    article = [{"article_id": "late", "at": "2026-03-02T10:00:00Z"}]
    index.raise_alert({"rule": "r", "story_id": "late", "created": 2_000, "history": article}, ["a"])
    gate = threading.Event()
    senders = {"hangs": Recorder(lambda _p: (gate.wait(10), DELIVERED)[1]), "a": Recorder()}
    run(index, senders, lambda: states(index)["a", "delivered"] == 1)
    assert len(senders["hangs"].keys) == 1
    gate.set()


def test_failure_is_kept_with_its_reason_and_others_go_on(index: EmbeddedIndex) -> None:
    fill(index, 3, ["a"])
    bad = index.alerts()[0]["id"]
    sender = Recorder(lambda parcel: Outcome(False, "the receiver answered 404") if parcel.key == bad else DELIVERED)
    run(index, {"a": sender}, lambda: states(index) == {("a", "delivered"): 2, ("a", "failed"): 1})
    kept = next(alert for alert in index.alerts() if alert["id"] == bad)
    assert kept["deliveries"][0]["reason"] == "the receiver answered 404"
    assert Counter(sender.keys)[bad] == 1


def test_unknown_channel_is_shown_as_failed(index: EmbeddedIndex) -> None:
    fill(index, 1, ["gone"])
    run(index, {"a": Recorder()}, lambda: states(index)["gone", "failed"] == 1)
    assert "no channel of this name" in index.alerts()[0]["deliveries"][0]["reason"]


def test_a_sender_that_raises_is_tried_again_and_given_up_in_the_end(index: EmbeddedIndex) -> None:
    fill(index, 1, ["a"])

    def broken(_parcel: Parcel) -> Outcome:
        raise KeyError("a bug")

    now = [time.time()]

    def clock() -> float:
        now[0] += 30
        return now[0]

    sender = Recorder(broken)
    run(index, {"a": sender}, lambda: states(index)["a", "failed"] == 1, clock=clock)
    assert len(sender.keys) == sender.max_attempts


def test_retry_after_is_honoured_by_the_whole_channel(index: EmbeddedIndex) -> None:
    fill(index, 5, ["a"])
    now = [time.time()]
    answers = iter([Outcome(False, "busy", again=True, after_s=120)])
    sender = Recorder(lambda _p: next(answers, DELIVERED))
    courier = Courier(index, {"a": sender}, clock=lambda: now[0], poll_s=0.02)
    courier.start()
    time.sleep(0.4)
    assert len(sender.keys) == 1
    now[0] += 119
    time.sleep(0.2)
    assert len(sender.keys) == 1
    now[0] += 3
    end = time.monotonic() + 5
    while states(index)["a", "delivered"] < 5 and time.monotonic() < end:
        time.sleep(0.02)
    courier.stop(1)
    assert states(index) == {("a", "delivered"): 5}
    assert len(sender.keys) == 6


def test_a_mark_that_fails_does_not_send_again(index: EmbeddedIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(index, 1, ["a"])
    mark, failures = index.delivered, [3]

    def locked(*args: Any) -> None:
        if failures[0]:
            failures[0] -= 1
            raise OSError("locked")
        mark(*args)

    monkeypatch.setattr(index, "delivered", locked)
    sender = Recorder()
    run(index, {"a": sender}, lambda: states(index)["a", "delivered"] == 1)
    assert len(sender.keys) == 1


def test_an_outbox_that_fails_is_asked_again(index: EmbeddedIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(index, 1, ["a"])
    look, failures = index.parcels, [2]

    def locked(*args: Any) -> list[Parcel]:
        if failures[0]:
            failures[0] -= 1
            raise OSError("locked")
        return look(*args)

    monkeypatch.setattr(index, "parcels", locked)
    run(index, {"a": Recorder()}, lambda: states(index)["a", "delivered"] == 1)


def test_webhook_outage_heals(index: EmbeddedIndex, receiver: Any) -> None:
    fill(index, 3, ["hook"])
    receiver.answer = lambda n: (500, {}) if n < 2 else (204, {})
    channel = WebhookChannel.model_validate({"kind": "webhook", "url": receiver.url})
    sender = WebhookSender(channel, Guard(["127.0.0.0/8"]))
    run(index, {"hook": sender}, lambda: states(index)["hook", "delivered"] == 3, rng=lambda: 0.0)
    assert len(receiver.keys) == 5
    assert set(receiver.keys) == {alert["id"] for alert in index.alerts()}


def test_backoff_grows_to_its_cap_and_is_jittered() -> None:
    assert [backoff(n, 60, lambda: 1.0) for n in (1, 2, 3, 7, 100)] == [1, 2, 4, 60, 60]
    assert backoff(3, 60, lambda: 0.0) == 2
    assert len({backoff(5, 60) for _ in range(20)}) > 1


def test_kill_repeats_at_most_one_per_channel(tmp_path: Path, receiver: Any) -> None:
    database, file, kills = str(tmp_path / "news.db"), tmp_path / "alerts.jsonl", 4
    index = EmbeddedIndex(database)
    fill(index, 400, ["hook", "file"])
    receiver.delay_s = 0.004
    chance = random.Random(7)
    for kill in range(kills + 1):
        before = len(receiver.keys)
        child = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("courier_child.py")), database, receiver.url, str(file)],
            cwd=Path(__file__).parents[2], env={"PYTHONPATH": str(Path(__file__).parents[2])},
        )  # fmt: skip
        end = time.monotonic() + 30
        last = kill == kills
        wanted = 800 if last else 0
        while time.monotonic() < end:
            done = sum(count for (_, state), count in states(index).items() if state == "delivered")
            if (last and done >= wanted) or (not last and len(receiver.keys) > before + chance.randrange(5, 40)):
                break
            time.sleep(0.01)
        child.kill()
        child.wait()
    assert states(index) == {("hook", "delivered"): 400, ("file", "delivered"): 400}
    keys = [json.loads(line)["key"] for line in file.read_bytes().splitlines()]
    repeats = len(receiver.keys) - len(set(receiver.keys))
    print(f"distinct keys {len(set(receiver.keys))}, raw repeats {repeats}, kills {kills}")
    assert len(set(receiver.keys)) == 400
    assert repeats <= kills
    assert sorted(keys) == sorted(set(keys))
    assert len(keys) == 400
    index.close()


def test_file_channel_through_the_courier(index: EmbeddedIndex, tmp_path: Path) -> None:
    fill(index, 2, ["file"])
    path = tmp_path / "out.jsonl"
    run(index, {"file": JsonlSender(path)}, lambda: states(index)["file", "delivered"] == 2)
    assert [json.loads(line)["title"] for line in path.read_text().splitlines()] == ["T0", "T1"]


def test_what_another_courier_serves_is_left_to_it(index: EmbeddedIndex) -> None:
    fill(index, 30, ["screen", "a"])
    run(index, {"a": Recorder()}, lambda: states(index)["a", "delivered"] == 30, others={"screen"})
    assert states(index)["screen", "failed"] == 0
    run(index, {"screen": Recorder()}, lambda: states(index)["screen", "delivered"] == 30, others={"a"})
