"""A Kafka and an Elasticsearch of one's own: `python -m tests.servers get | start | send TOPIC | stop | status |
flink [N] | flink-stop`.

`start` gets what is missing, starts both on their usual ports where those are free, waits until they answer and prints
what to write into the config; run again it changes nothing. `send` puts each line of the standard input into a topic
as a record. The servers outlive the command, and their data outlives them; `stop` ends those that `start` started, and
no others. `flink` starts a Flink with N TaskManagers, `flink-stop` ends it. Exit codes: 0 fine, 1 not running
(`status`), 3 a part is missing.
"""

from __future__ import annotations

import argparse
import sys

from tests.servers import developer, flink_developer
from transforms.errors import MissingPart


def main() -> int:
    """What the arguments ask for; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.servers", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("command", choices=("get", "start", "send", "stop", "status", "flink", "flink-stop"))
    parser.add_argument("which", nargs="?", help="the topic of `send` (news), or how many TaskManagers (1)")
    parser.add_argument("--quiet", action="store_true", help="say only what went wrong")
    asked = parser.parse_args()
    say = (lambda _: None) if asked.quiet else print
    try:
        if asked.command == "send":
            return developer.send(asked.which or "news", sys.stdin.buffer, say)
        if asked.command == "flink":
            return flink_developer.start(int(asked.which or 1), say)
        if asked.command == "flink-stop":
            return flink_developer.stop(say)
        return {"get": developer.get, "start": developer.start, "stop": developer.stop, "status": developer.status}[
            asked.command
        ](say)
    except MissingPart as error:
        print(error, file=sys.stderr)
        return 3


if __name__ == "__main__":
    sys.exit(main())
