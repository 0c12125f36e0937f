"""A Kafka and an Elasticsearch of one's own: `python -m tests.servers get | start | stop | status`.

`start` gets what is missing, starts both on their usual ports where those are free, waits until they answer and prints
what to write into the config; run again it changes nothing. They outlive the command; `stop` ends those that `start`
started, and no others. Their data stays. Exit codes: 0 fine, 1 not running (`status`), 3 a part is missing.
"""

from __future__ import annotations

import argparse
import sys

from tests.servers import developer
from transforms.errors import MissingPart


def main() -> int:
    """What the arguments ask for; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.servers", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("command", choices=("get", "start", "stop", "status"))
    parser.add_argument("--quiet", action="store_true", help="say only what went wrong")
    asked = parser.parse_args()
    say = (lambda _: None) if asked.quiet else print
    try:
        return {"get": developer.get, "start": developer.start, "stop": developer.stop, "status": developer.status}[
            asked.command
        ](say)
    except MissingPart as error:
        print(error, file=sys.stderr)
        return 3


if __name__ == "__main__":
    sys.exit(main())
