"""What can go wrong, each as a function of a trial under load that says when it struck.

A scenario sends its share of the records around its blow: part before, part while it lasts, the rest after.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.elastic_faults.fault_proxy import Exchange, operations
from tests.faults.look import wait_for
from tests.faults.trial import Broken, Trial
from tests.servers.process import Process


@dataclass(frozen=True, slots=True)
class Load:
    """How many records are sent for one scenario, and before the first; how long a pause or an absence lasts.

    On Flink moments are spread over `spread_s`: more than there is between two checkpoints, ten seconds by default.
    """

    records: int
    first: int
    pause_s: float
    away_s: float
    spread_s: float = 12.0


@contextmanager
def sending(trial: Trial, count: int, seconds: float) -> Iterator[None]:
    """Send so many records, evenly over so many seconds, meanwhile; all are handed over at the end of the block."""
    until, failed = min(trial.sender.sent + count, len(trial.news.records)), []
    over = threading.Event()

    def run() -> None:
        began, first = time.monotonic(), trial.sender.sent
        try:
            while trial.sender.sent < until:
                share = 1.0 if over.is_set() else min(1.0, (time.monotonic() - began) / seconds)
                trial.sender.send(first + round(share * count) - trial.sender.sent)
                over.wait(0.1)
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=run, name="sender", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(300)
    if failed:
        raise failed[0]


def kill_while_reading(trial: Trial, load: Load) -> str:
    """kill -9 of the pipeline at any moment while records come in."""
    with sending(trial, load.records, 6.0):
        trial.await_work()
        moment = trial.dice.uniform(0, 4.0)
        time.sleep(moment)
        behind = trial.lag()
        trial.running.kill9()
        trial.start()
    return f"{moment:.2f} s after a bulk, {behind} records not committed"


def kill_mid_bulk(trial: Trial, load: Load) -> str:
    """kill -9 of the pipeline while a bulk is at the server: none, a part or all of it is applied, nothing answered."""
    share = trial.dice.choice((0.0, trial.dice.uniform(0.1, 0.9), 1.0))
    nth, killed = trial.dice.randint(1, 3), threading.Event()
    told: list[str] = []

    def struck(exchange: Exchange) -> None:
        asked = operations(exchange.body)
        part = b"".join(lines for _, lines in asked[: round(share * len(asked))])
        if part:
            exchange.forward(part)
        trial.running.kill9()
        told.append(f"bulk {nth}, {round(share * len(asked))} of {len(asked)} documents applied")
        killed.set()
        exchange.end(reset=True)

    _kill_at_bulk(trial, load, struck, nth, killed)
    return told[0]


def kill_before_commit(trial: Trial, load: Load) -> str:
    """kill -9 of the pipeline after a bulk was answered and before its offsets are committed."""
    nth, killed = trial.dice.randint(1, 3), threading.Event()
    moment = trial.dice.uniform(0, 0.05)
    told: list[str] = []

    def struck(exchange: Exchange) -> None:
        exchange.answer(exchange.forward())
        time.sleep(moment)
        trial.running.kill9()
        told.append(f"{moment * 1000:.0f} ms after bulk {nth} was answered, {trial.lag()} records not committed")
        killed.set()

    _kill_at_bulk(trial, load, struck, nth, killed)
    return told[0]


def _kill_at_bulk(
    trial: Trial, load: Load, struck: Callable[[Exchange], None], nth: int, killed: threading.Event
) -> None:
    trial.ground.proxy.rule("POST", "/_bulk", struck, nth=nth, body="-articles-")
    with sending(trial, load.records, 10.0):
        try:
            wait_for(f"bulk {nth}", killed.is_set, 90, every=0.02)
        except TimeoutError:
            trial.running.ensure_alive()
            raise Broken(f"bulk {nth} never came\n{trial.running.text[-3000:]}") from None
        trial.start()


def kill_elasticsearch(trial: Trial, load: Load) -> str:
    """kill -9 of Elasticsearch under load, and a new start of it some seconds later."""
    return _killed(trial, load, trial.ground.elastic)


def kill_kafka(trial: Trial, load: Load) -> str:
    """kill -9 of the broker under load, and a new start of it some seconds later."""
    return _killed(trial, load, trial.ground.kafka)


def _killed(trial: Trial, load: Load, server: Process) -> str:
    with sending(trial, load.records, 8.0):
        trial.await_work()
        moment, gone = trial.dice.uniform(0, 3), trial.dice.uniform(0, 5)
        time.sleep(moment)
        server.kill9()
        time.sleep(gone)
        server.start()
    return f"{moment:.2f} s after a bulk, away for {gone:.1f} s and a start"


def pause_pipeline(trial: Trial, load: Load) -> str:
    """SIGSTOP of the pipeline and its Prism, and SIGCONT."""
    pipeline = trial.running
    return _paused(trial, load, pipeline.pause, pipeline.resume)


def pause_elasticsearch(trial: Trial, load: Load) -> str:
    """SIGSTOP of Elasticsearch, and SIGCONT."""
    return _paused(trial, load, trial.ground.elastic.pause, trial.ground.elastic.resume)


def pause_kafka(trial: Trial, load: Load) -> str:
    """SIGSTOP of the broker, and SIGCONT."""
    return _paused(trial, load, trial.ground.kafka.pause, trial.ground.kafka.resume)


def _paused(trial: Trial, load: Load, pause: Callable[[], None], resume: Callable[[], None]) -> str:
    with sending(trial, load.records, load.pause_s):
        trial.await_work()
        moment = trial.dice.uniform(0, 2)
        time.sleep(moment)
        pause()
        try:
            time.sleep(load.pause_s)
        finally:
            resume()
    return f"{moment:.2f} s after a bulk, for {load.pause_s:.0f} s"


def elasticsearch_away(trial: Trial, load: Load) -> str:
    """Elasticsearch is stopped and stays away, while records keep coming in."""
    with sending(trial, load.records, load.away_s * 0.9):
        time.sleep(3)
        trial.ground.elastic.stop()
        until = time.monotonic() + load.away_s
        while time.monotonic() < until:
            trial.running.ensure_alive()
            time.sleep(0.5)
        behind = trial.lag()
        trial.ground.elastic.start()
    return f"for {load.away_s:.0f} s, {behind} records behind at its end"


KILLS = {
    "kill -9 pipeline, reading": kill_while_reading,
    "kill -9 pipeline, mid-bulk": kill_mid_bulk,
    "kill -9 pipeline, before commit": kill_before_commit,
}
SERVERS = {
    "kill -9 Elasticsearch": kill_elasticsearch,
    "kill -9 broker": kill_kafka,
    "stop pipeline": pause_pipeline,
    "stop Elasticsearch": pause_elasticsearch,
    "stop broker": pause_kafka,
}
CHAIN: dict[str, Callable[[Trial, Load], str]] = {**KILLS, **SERVERS}
AWAY = "Elasticsearch away"
