"""`news-monitor-worker`: Beam's SDK worker, from the installed package alone.

It keeps the contract of Beam's containers (`--id`, `--provision_endpoint` and so on), so that it can be the command of
a PROCESS environment, or the `--container_executable` of a worker pool. Nothing is staged to it: no pickled main
session, no package; what a job does is in this package, which is installed where it runs.
"""

from __future__ import annotations

import argparse
import gc
import os
import signal
import sys
import threading
from collections.abc import Sequence
from typing import Any

from pipeline.tuning import COLLECT_AFTER

PROVISION_S = 30.0
# After the runner let go of it: what the exit still writes (story documents) is made anew by the next start.
END_S = 15.0


def main(argv: Sequence[str] | None = None) -> None:
    """Work for the runner named in the arguments until it hangs up."""
    parser = argparse.ArgumentParser(prog="news-monitor-worker", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--id", required=True, help="the worker's name")
    parser.add_argument("--provision_endpoint", required=True, help="host:port where it asks for all else")
    for name in ("logging", "artifact", "control"):
        parser.add_argument(f"--{name}_endpoint", help="of old runners, which do not tell it there")
    asked, _ = parser.parse_known_args(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    os.environ.update(environment(asked, provisioned(asked.id, asked.provision_endpoint)))
    from apache_beam.runners.worker import sdk_worker_main

    gc.set_threshold(*COLLECT_AFTER)
    try:
        sdk_worker_main.main([])
    finally:
        # A thread that waits for a server must not keep alive what nobody works with any more.
        last = threading.Timer(END_S, os._exit, (0,))
        last.daemon = True
        last.start()


def provisioned(worker: str, endpoint: str) -> Any:
    """What the runner tells a worker of this name (`ProvisionInfo`). Raises grpc.RpcError where it does not answer."""
    import grpc
    from apache_beam.portability.api import beam_provision_api_pb2 as api
    from apache_beam.portability.api import beam_provision_api_pb2_grpc as api_grpc

    with grpc.insecure_channel(endpoint) as channel:
        grpc.channel_ready_future(channel).result(PROVISION_S)
        asked = api.GetProvisionInfoRequest()
        stub = api_grpc.ProvisionServiceStub(channel)
        return stub.GetProvisionInfo(asked, metadata=[("worker_id", worker)], timeout=PROVISION_S).info


def environment(asked: argparse.Namespace, info: Any) -> dict[str, str]:
    """The variables that `sdk_worker_main` reads."""
    from google.protobuf import json_format

    found = {
        "WORKER_ID": asked.id,
        "PIPELINE_OPTIONS": json_format.MessageToJson(info.pipeline_options),
        "RUNNER_CAPABILITIES": " ".join(info.runner_capabilities),
    }
    for name in ("logging", "control", "status"):
        url = getattr(info, f"{name}_endpoint").url or getattr(asked, f"{name}_endpoint", None)
        if url:
            found[f"{name.upper()}_API_SERVICE_DESCRIPTOR"] = f'url: "{url}"'
    return found


if __name__ == "__main__":
    main()
