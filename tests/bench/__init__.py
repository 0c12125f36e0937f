"""What the pipeline costs: see `python -m tests.bench --help`."""

import logging
import os

# Prism is started again and again in one process here. With gRPC's own care for forks about one such start in forty
# ends in an abort of the child, once channels were open; the child is another program at once and needs none.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
# Beam warns on import of cloud libraries that are not here.
logging.getLogger().setLevel(logging.ERROR)
