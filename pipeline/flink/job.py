"""A job on a Flink cluster, followed by REST: it outlives the job server, a restart of the JobManager, and us.

Beam's job server 2.62 cannot cancel a job, neither attached (it forgets the job and Flink runs on) nor detached (not
implemented), so Flink is asked itself.
"""

from __future__ import annotations

import contextlib
import time
from typing import Any

import apache_beam as beam
from apache_beam.runners.runner import PipelineState

from pipeline import measured
from pipeline.flink.cluster import Cluster
from transforms.errors import Refused
from transforms.records import Json

SUBMIT_S, CANCEL_S = 120.0, 60.0
OVER = ("FINISHED", "CANCELED")


class FlinkJob:
    """Submits when made; `name` is the job's on the cluster. What `runners.Job` can do, by the cluster's word."""

    def __init__(self, pipeline: beam.Pipeline, cluster: Cluster, name: str) -> None:
        self._cluster, self._name = cluster, name
        self._before = set(cluster.jobs(name))
        self.id: str | None = None
        self.failed = False
        self._state: str | None = None
        self._result: Any = pipeline.run()
        self._submitted = time.monotonic()

    def wait(self, seconds: float) -> bool:
        """Wait so long, or until the end; True if it came. A job that failed is raised."""
        until = time.monotonic() + seconds
        while True:
            self._look()
            if self._state == "FAILED":
                self.failed = True
                raise Refused(f"the job failed: {self._cluster.trouble(self.id or '')}")
            if self._state in OVER:
                return True
            if time.monotonic() >= until:
                return False
            time.sleep(min(0.5, max(0.0, until - time.monotonic())))

    def over(self, seconds: float) -> bool:
        """Wait for the end, however it ends; True if it came."""
        try:
            return self.wait(seconds)
        except Refused:
            return True

    @property
    def running(self) -> bool:
        """Whether the cluster runs it now."""
        return self._state == "RUNNING"

    @property
    def trouble(self) -> str | None:
        """Why it does not run at this moment, in words for a person; None where it does."""
        if self.id is None or self._state in ("RUNNING", *OVER):
            return None
        if self._state is None:
            return f"Flink at {self._cluster.url} does not answer; the job goes on from its checkpoint when it does"
        why = self._cluster.trouble(self.id)
        return f"the job is {self._state}" + (f" after: {why}" if why else "")

    def metrics(self) -> Json:
        """What its stages counted, by name, as `pipeline.measured` tells it; nothing where the job server is away."""
        return measured.told_by(self._result)

    def cancel(self) -> None:
        """End it now; its retained checkpoints stay. Raises Refused where the cluster does not answer."""
        until = time.monotonic() + CANCEL_S
        while self.id is None and not self.failed and time.monotonic() < until:
            self.over(0.5)
        if self.id is not None and self._state not in (*OVER, "FAILED"):
            while not self._cluster.cancel(self.id) and time.monotonic() < until:
                time.sleep(0.5)
            if not self.over(max(1.0, until - time.monotonic())):
                raise Refused(f"the job {self.id} could not be ended at {self._cluster.url}; it goes on")
        self.leave()
        with contextlib.suppress(Exception):
            self._result.cancel()

    def how_to_end(self) -> str:
        """For a person."""
        return f"It ends by: curl -X PATCH {self._cluster.url}/jobs/{self.id}"

    def leave(self) -> None:
        """Follow it no longer."""
        self._result._state_stream = self._result._message_stream = iter(())

    def _look(self) -> None:
        if self.id is None:
            fresh = [job for job in self._cluster.jobs(self._name) if job not in self._before]
            self.id = fresh[0] if fresh else None
            if self.id is None:
                self._submitting()
                return
        self._state = self._cluster.state(self.id)

    def _submitting(self) -> None:
        """Raise what the job server failed with before there was a job."""
        with contextlib.suppress(Exception):
            state = self._result.state
            if state == PipelineState.FAILED:
                self.failed = True
        if self.failed or time.monotonic() - self._submitted > SUBMIT_S:
            self.failed = True
            raise Refused(f"the job server did not bring the job to {self._cluster.url}: {self._words()}")

    def _words(self) -> str:
        """What the job server says of it."""
        told: list[str] = []
        with contextlib.suppress(Exception):
            for message in self._result._message_stream:
                if message.HasField("message_response"):
                    told.append(message.message_response.message_text)
        return told[-1][:1000] if told else "its log tells why"
