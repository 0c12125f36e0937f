"""What a job on Dataflow leaves to a process of its own: alerts delivered from the outbox, indexes rolled over.

    python /template/attend.py [CONFIG]

It holds the index's lease, so that no other pipeline writes beside the job, until it is told to stop (SIGTERM, Ctrl-C).
It may run anywhere that reaches Elasticsearch and the channels; two cannot run at once.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Sequence

from pipeline import config, opening, servers
from pipeline.lock import only_writer
from pipeline.progress import Progress
from pipeline.run import Stop, delivering
from transforms.elastic.roll import roll
from transforms.errors import DataError, Refused
from transforms.index.interface import IndexAway

ROLL_EVERY_S, TICK_S = 3600.0, 0.5
_log = logging.getLogger("attend")


def main(arguments: Sequence[str]) -> None:
    """Attend until stopped. Raises Refused where another holds the lease, DataError for a mistake in the config."""
    ref = config.read(config.find(arguments[0] if arguments else None))
    rolled = float("-inf")
    with only_writer(ref), Stop() as stop, Progress(quiet=True) as progress:
        servers.begin(ref)
        with delivering(ref, opening.index_of(ref), progress):
            while not stop.asked:
                if time.monotonic() - rolled > ROLL_EVERY_S:
                    try:
                        for change in roll(servers.server_of(ref)):
                            _log.info("%s", change)
                    except IndexAway as away:
                        _log.warning("not rolled over now: %s", away)
                    rolled = time.monotonic()
                time.sleep(TICK_S)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    try:
        main(sys.argv[1:])
    except (DataError, Refused) as error:
        sys.exit(str(error))
