"""What we ask of Flink where nobody asks for something else.

All our defaults are here, each with its reason; docs/flink.md has them as a table. An option on the command line wins.
"""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path

from apache_beam.options.pipeline_options import PipelineOptions

from pipeline.tuning import STATE_CACHE_MB

# What decides is one key, so one subtask decides; two let the rest (cleaning, tags) use a second core beside it.
PARALLELISM = 2
# How far parallelism can ever be raised with state kept: it is fixed by the first start. 128 is what Flink itself takes
# for up to 85; a higher one costs a little memory for each operator.
MAX_PARALLELISM = 128
# What is done again after a failure is what came since the last checkpoint: ten seconds of news, which the index
# knows again by id and version. Nothing that a reader sees waits for a checkpoint, so it need not be shorter.
CHECKPOINT_EVERY_MS = 10_000
# The state backend must have time for something else than checkpoints when these take long.
CHECKPOINT_PAUSE_MS = 5_000
# A checkpoint is declined for good only when something hangs: a store that is away for minutes must not fail a job.
CHECKPOINT_TIMEOUT_MS = 600_000
# News never end, and a store that is away comes back: a job starts again for ever, at this distance.
RETRIES, RETRY_AFTER_MS = 2_147_483_647, 5_000
# A bounded run reads anew from its beginning when it fails, so it should not do so without end.
BOUNDED_RETRIES = 3
# A bundle that is not full ends after this time (Flink's default is 1,000 ms), at each of the stages between a feed and
# an alert, and so often a source is come back to; below 100 ms round trips to the worker cost more than the articles.
BUNDLE_MS = 200
# So many elements at most in a bundle: Beam's default for streams, which is where batches to the index are full.
BUNDLE_ELEMENTS = 1_000
WORKER = "news-monitor-worker"


def options(beam_args: Sequence[str], bounded: bool) -> PipelineOptions:
    """Beam's options for a run on Flink: those given, and our defaults for those that are not."""
    named = {word.split("=", 1)[0] for word in beam_args if word.startswith("--")}
    if "--environment_type" in named:
        named.add("--environment_config")
    return PipelineOptions([*(word for word in defaults(bounded) if word.split("=", 1)[0] not in named), *beam_args])


def defaults(bounded: bool) -> list[str]:
    """What we ask of Flink. The state backend is the cluster's: see docs/flink.md."""
    common = [
        # By its name the job is found on the cluster.
        f"--job_name=news-monitor-{uuid.uuid4().hex[:8]}",
        f"--parallelism={PARALLELISM}",
        f"--max_parallelism={MAX_PARALLELISM}",
        f"--max_cache_memory_usage_mb={STATE_CACHE_MB}",
        f"--max_bundle_size={BUNDLE_ELEMENTS}",
        f"--max_bundle_time_mills={BUNDLE_MS}",
        f"--execution_retry_delay={RETRY_AFTER_MS}",
        # The version that is tested, of those that Beam could fetch a job server for.
        "--flink_version=1.19",
        # The worker of this environment, on the TaskManager's machine. Elsewhere: EXTERNAL, or PROCESS with a path.
        "--environment_type=PROCESS",
        f"--environment_config={json.dumps({'command': worker()})}",
    ]
    if bounded:
        return [*common, f"--number_of_execution_retries={BOUNDED_RETRIES}"]
    return [
        *common,
        "--streaming",
        f"--number_of_execution_retries={RETRIES}",
        f"--checkpointing_interval={CHECKPOINT_EVERY_MS}",
        f"--min_pause_between_checkpoints={CHECKPOINT_PAUSE_MS}",
        f"--checkpoint_timeout_millis={CHECKPOINT_TIMEOUT_MS}",
        # A record must not be decided twice within one attempt; at least once would let state run ahead of the source.
        "--checkpointing_mode=EXACTLY_ONCE",
        # What is on its way between two stages goes on before the checkpoint and is not stored in it: what a stage
        # learnt from the index ("not known yet") would be old after a restore. For the same reason checkpoints stay
        # aligned, which is Flink's default.
        "--finish_bundle_before_checkpointing",
        # A job that is cancelled, or whose cluster is gone, can go on from its last checkpoint.
        "--externalized_checkpoints_enabled",
        "--retain_externalized_checkpoints_on_cancellation",
    ]


def worker() -> str:
    """The worker's program in this environment."""
    return str(Path(sys.executable).with_name(WORKER))
