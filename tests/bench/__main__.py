"""`python -m tests.bench`."""

from __future__ import annotations

import logging
import os
import sys


def main() -> int:
    # Prism is started again and again in one process here. With gRPC's own care for forks about one such start in
    # forty ends in an abort of the child, once channels were open; the child is another program at once, needing none.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    # Beam warns on import of cloud libraries that are not here.
    logging.getLogger().setLevel(logging.ERROR)
    from tests.bench.session import run

    return run()


if __name__ == "__main__":
    sys.exit(main())
