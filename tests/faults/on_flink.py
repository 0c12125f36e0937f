"""What can go wrong on a Flink cluster, each as a function of a trial under load that says when it struck, and what the
job went on from."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx

from tests.faults.look import wait_for
from tests.faults.scenarios import Load, sending
from tests.faults.trial import Broken, Trial

# Records still come in so long after the last of the moments that are possible.
AFTER_S = 3.0
GOES_ON_S = 300.0


def kill_taskmanager(trial: Trial, load: Load) -> str:
    """kill -9 of a TaskManager that works, with its SDK worker, at any moment; it is started again seconds later."""
    with sending(trial, load.records, load.spread_s + AFTER_S):
        moment = _work_a_while(trial, load)
        number, behind, struck = trial.dice.choice(trial.flink.working()), trial.lag(), time.time()
        trial.flink.kill_taskmanager(number)
        gone = trial.dice.uniform(0, 5)
        time.sleep(gone)
        trial.flink.start_taskmanager(number)
        told = goes_on(trial, struck)
    return f"{moment:.1f} s after a bulk, {behind} records not committed, away for {gone:.1f} s; {told}"


def kill_jobmanager(trial: Trial, load: Load) -> str:
    """kill -9 of the JobManager at any moment; the next takes the job up by what ZooKeeper knows."""
    with sending(trial, load.records, load.spread_s + AFTER_S):
        moment = _work_a_while(trial, load)
        behind, struck = trial.lag(), time.time()
        trial.flink.kill_jobmanager()
        gone = trial.dice.uniform(0, 5)
        time.sleep(gone)
        trial.flink.start_jobmanager()
        told = goes_on(trial, struck)
    return f"{moment:.1f} s after a bulk, {behind} records not committed, away for {gone:.1f} s; {told}"


def savepoint(trial: Trial, load: Load) -> str:
    """The job is cancelled with a savepoint, and a new one begins from it."""
    with sending(trial, load.records, load.spread_s + AFTER_S):
        moment = _work_a_while(trial, load)
        behind, job = trial.lag(), trial.flink.running()
        path = trial.flink.savepoint(job, cancel=True)
        told = _anew(trial, f"--savepoint_path={path}")
    return f"{moment:.1f} s after a bulk, {behind} records not committed; {told}"


def checkpoint(trial: Trial, load: Load) -> str:
    """The job is cancelled, and a new one begins from the last checkpoint that was retained."""
    with sending(trial, load.records, load.spread_s + AFTER_S):
        moment = _work_a_while(trial, load)
        behind, job = trial.lag(), trial.flink.running()
        if not trial.flink.checkpoints(job)["latest"]["completed"]:
            trial.flink.await_checkpoint(job)
        trial.flink.cancel(job)
        # Asked for now: while the job ran, the next one may have taken the place of the last.
        latest = trial.flink.checkpoints(job)["latest"]["completed"]
        told = _anew(trial, f"--savepoint_path={latest['external_path']}")
    return f"{moment:.1f} s after a bulk, {behind} records not committed; {told}"


def anew(trial: Trial, load: Load) -> str:
    """The job is cancelled, its state thrown away, and a new one begins, seeded from the index."""
    with sending(trial, load.records, load.spread_s + AFTER_S):
        moment = _work_a_while(trial, load)
        behind = trial.lag()
        trial.flink.cancel(trial.flink.running())
        told = _anew(trial)
    return f"{moment:.1f} s after a bulk, {behind} records not committed; {told}"


def _work_a_while(trial: Trial, load: Load) -> float:
    """Until a moment of the dice's, under load; the seconds from the first bulk."""
    trial.flink.running(GOES_ON_S)
    trial.await_work(timeout=GOES_ON_S)
    moment = trial.dice.uniform(0, load.spread_s)
    time.sleep(moment)
    return moment


def _anew(trial: Trial, *options: str) -> str:
    """Who followed the job has ended, and gave the index back; the next life."""
    code = trial.running.process.wait(60)
    if code != 0:
        raise Broken(f"`run` ended with {code} after its job was cancelled:\n{trial.running.text[-3000:]}")
    struck = time.time()
    trial.start(*options)
    told = goes_on(trial, struck)
    if options and told == NOTHING:
        raise Broken(f"{options[0]} was not taken up")
    return told


NOTHING = "went on without state"


def goes_on(trial: Trial, since: float) -> str:
    """Wait until the job runs that began anew after this moment (seconds of the epoch); what it went on from."""
    found: list[Any] = []

    def runs() -> bool:
        with suppress(httpx.HTTPError, TimeoutError):
            job = trial.flink.running(1.0)
            if trial.flink.ask("GET", f"/jobs/{job}")["timestamps"]["RUNNING"] > since * 1000:
                found.append(trial.flink.checkpoints(job)["latest"]["restored"])
        return bool(found)

    try:
        took = wait_for("the job runs again", runs, GOES_ON_S, trial.running.ensure_alive)
    except TimeoutError as late:
        raise Broken(f"{late}\n{trial.flink.jobmanager.last_words()}") from None
    restored = found[0]
    if restored is None:
        return NOTHING
    name = restored["external_path"].rstrip("/").rpartition("/")[2]
    told = f"checkpoint {restored['id']}" if name.startswith("chk-") else "the savepoint"
    return f"went on from {told} after {took:.0f} s"


TASKMANAGER = "kill -9 TaskManager"
OTHERS: dict[str, Callable[[Trial, Load], str]] = {
    "kill -9 JobManager": kill_jobmanager,
    "cancel with savepoint, resume": savepoint,
    "cancel, resume from checkpoint": checkpoint,
    "cancel, start without state": anew,
}
ON_FLINK: dict[str, Callable[[Trial, Load], str]] = {TASKMANAGER: kill_taskmanager, **OTHERS}
