"""Serve the sample newsroom alone: `python -m pipeline.newsroom [--day SECONDS]`."""

from __future__ import annotations

import argparse
import time

from pipeline.newsroom.server import Newsroom


def main() -> None:
    """Serve until interrupted, and print where."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.newsroom", description="Serve the sample newsroom alone.")
    parser.add_argument("--day", type=float, default=0.0, metavar="SECONDS", help="squeeze the day into so many")
    options = parser.parse_args()
    with Newsroom(day_s=options.day) as newsroom:
        print(f"http://{newsroom.address}/ lists every feed and article; ctrl-c ends it")
        for source in newsroom.sources:
            here = f"http://{newsroom.address}/{source['url'].removeprefix('http://')}"
            print(f"{source['id']:14} {source['url']:40} {here}")
        domain, address = next(iter(newsroom.hosts.items()))
        print(f"by name: curl --connect-to {domain}:80:{address} http://{domain}/robots.txt", flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    main()
