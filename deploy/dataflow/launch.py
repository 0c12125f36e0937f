"""The flex template's launcher: builds the graph of a config, gives it to Dataflow, and ends.

It does not wait for the job: the template's launch is over when this is. Alerts are delivered, and indexes rolled over,
by a worker of the job.
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions

from pipeline import config, google_secrets, graph, parts
from pipeline.config import ElasticsearchIndex, Ref, resolve
from pipeline.lock import only_writer
from pipeline.run import check_data
from pipeline.servers import server_of
from pipeline.tuning import STATE_CACHE_MB
from transforms.alert.channels import TerminalChannel
from transforms.elastic.lease import Holder
from transforms.elastic.reach import Reach
from transforms.errors import DataError, Refused
from transforms.yamls import read_yaml

# Where the image has the config, and what it names. A config from elsewhere is taken to stand there.
HOME = "/etc/news-monitor"
ALWAYS = (
    "--runner=DataflowRunner",
    "--streaming",
    # The image holds the package: nothing of this process's `__main__` goes along.
    "--no_save_main_session",
    "--beam_plugin=pipeline.google_secrets",
    f"--max_cache_memory_usage_mb={STATE_CACHE_MB}",
    # One process a machine: pollers, pullers and the memory of folding are each one in a process.
    "--experiments=no_use_multiple_sdk_containers",
    "--experiments=disable_logging_submission_environment",
    # Streaming Engine keeps state outside of the machines, so that an update or a lost machine moves none.
    "--enable_streaming_engine",
)


class LaunchOptions(PipelineOptions):
    """What the template asks for beside Beam's own."""

    @classmethod
    def _add_argparse_args(cls, parser: Any) -> None:
        parser.add_argument("--config", default=f"{HOME}/config.yaml", help="The config: a file, or gs://…")


def read(path: str) -> Ref:
    """The config at `path`, as one that stands at HOME if it is from a bucket. Raises DataError."""
    if not path.startswith("gs://"):
        return config.read(Path(path))
    with tempfile.TemporaryDirectory() as folder, FileSystems.open(path) as file:
        copy = Path(folder, "config.yaml")
        copy.write_bytes(file.read())
        raw = read_yaml(copy, path)
    if not isinstance(raw, dict):
        raise DataError(path, "", "not a mapping of keys", "begin with sources:")
    return Ref(json.dumps(raw, ensure_ascii=False, default=str), HOME, path)


def holder_of(ref: Ref, update: bool) -> Holder:
    """Who is to hold the index: the new job, or, where it takes the place of a running one, that one's holder. Raises
    DataError for what no job on other machines can have."""
    for name, channel in resolve(ref).alerts.channels.items():
        if isinstance(channel, TerminalChannel):
            problem = "a job that nobody follows has no terminal"
            raise DataError(ref.file, f"alerts.channels.{name}", problem, "name another kind")
    if update and isinstance(resolve(ref).index, ElasticsearchIndex):
        reach = Reach(server_of(ref))
        held = reach.get(reach.meta, "lease")
        if held is not None:
            return Holder(held.source["owner"], roams=True)
    return Holder(roams=True)


def submit(ref: Ref, arguments: Sequence[str], owner: str) -> Any:
    """Give the graph of `ref` to Dataflow; returns Beam's result, without waiting for the job's end."""
    check_data(ref)
    assembled = parts.assemble(ref, once=False, owner=owner)
    if assembled.bounded:
        raise DataError(ref.file, "sources", "end by themselves", "add a feed or a Kafka topic, or run it elsewhere")
    # Ours first: of an argument that is given twice the later is in force.
    pipeline = beam.Pipeline(options=PipelineOptions([*ALWAYS, *arguments]))
    graph.build(pipeline, assembled)
    return pipeline.run()


def main(arguments: Sequence[str]) -> None:
    """One launch. Raises DataError for a config that cannot run there, Refused where another pipeline runs."""
    options = PipelineOptions(list(arguments))
    google_secrets.load(options.view_as(google_secrets.SecretOptions).secrets)
    ref = read(options.view_as(LaunchOptions).config)
    holder = holder_of(ref, options.view_as(GoogleCloudOptions).update)
    with only_writer(ref, holder):
        submit(ref, arguments, holder.owner)
        # The job's workers hold the index from here on.
        holder.stays = True


if __name__ == "__main__":
    logging.getLogger().setLevel(logging.INFO)
    try:
        main(sys.argv[1:])
    except (DataError, Refused) as error:
        sys.exit(str(error))
