"""Composes, configures and runs the news monitor. `graph.py` is the whole flow; `cli.py` the commands."""

import os

# gRPC's fork handlers abort, about once in forty, when a process that has used it starts Prism again (a bounded loop).
# Nothing here forks and goes on with gRPC in the child.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
