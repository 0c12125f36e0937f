"""Run by the Python of the Dataflow image, with the built wheel and without a network: what the launcher gives to
Dataflow. Prints one JSON document, {"problems": […], "job": …}.

    dataflow_probe.py METADATA LAUNCHER CONFIG STAGING ARGUMENT…
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from typing import Any


def metadata_problems(text: str) -> list[str]:
    """What Dataflow's own client does not take for a template's metadata."""
    types = importlib.import_module("google.cloud.dataflow_v1beta3.types")
    json_format = importlib.import_module("google.protobuf.json_format")
    try:
        json_format.Parse(text, types.TemplateMetadata.pb(types.TemplateMetadata()))
    except json_format.ParseError as error:
        return [str(error)]
    return []


def module_of(launcher: str) -> Any:
    """The launcher, imported as a file."""
    spec = importlib.util.spec_from_file_location("launch", launcher)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["launch"] = module
    spec.loader.exec_module(module)
    return module


def job_of(launcher: str, config: str, staging: str, arguments: list[str]) -> dict[str, Any]:
    """The job as it would be sent: Beam's dry run, then the description that the client makes of it, staged locally."""
    launch = module_of(launcher)
    result = launch.submit(launch.read(config), [*arguments, "--dry_run=True", "--no_auth"], "nobody")
    from apache_beam.runners.dataflow.internal import apiclient

    job = result.job
    job.google_cloud_options.staging_location = staging
    apiclient.DataflowApplicationClient(job.options, job.root_staging_location).create_job_description(job)
    transforms = job.proto_pipeline.components.transforms
    return {
        **json.loads(job.json()),
        "labels_of_steps": sorted(one.unique_name for one in transforms.values() if one.unique_name),
        "urns": sorted({one.spec.urn for one in transforms.values()}),
        "from": launch.parts.__file__,
    }


def main(metadata: str, launcher: str, config: str, staging: str, *arguments: str) -> None:
    """Look, and print what was found."""
    with open(metadata, encoding="utf-8") as file:
        problems = metadata_problems(file.read())
    print(json.dumps({"problems": problems, "job": job_of(launcher, config, staging, list(arguments))}))


if __name__ == "__main__":
    main(*sys.argv[1:])
