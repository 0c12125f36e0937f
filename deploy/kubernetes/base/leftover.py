"""Cancels what is left of a job on a Flink cluster: `leftover.py http://news-monitor-rest:8081 NAME`.

A pipeline that was killed leaves its job running. Two jobs of one name would fold the same articles twice, so the old
one is cancelled, with its last checkpoint retained, before the new one is submitted. Only the standard library is
needed. Exit codes: 0 nothing is left, 1 something would not end, 3 nobody answered.
"""

from __future__ import annotations

import json
import sys
import time
import urllib.error
import urllib.request
from typing import Any

OVER = {"FINISHED", "CANCELED", "FAILED", "SUSPENDED"}
ANSWER_S, END_S, AGAIN_S = 120.0, 120.0, 1.0


def ask(url: str, method: str = "GET") -> Any:
    """The JSON of an answer, None where it has none. Raises OSError."""
    request = urllib.request.Request(url, method=method)  # noqa: S310 - the address is the operator's own
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        text = answer.read()
    return json.loads(text) if text else None


def jobs(rest: str, name: str) -> list[str]:
    """The ids of the jobs of this name that are not over. Raises OSError where nobody answers."""
    return [
        job["jid"] for job in ask(f"{rest}/jobs/overview")["jobs"] if job["name"] == name and job["state"] not in OVER
    ]


def main(rest: str, name: str) -> int:
    """Cancel and wait; returns the exit code."""
    until = time.monotonic() + ANSWER_S
    while True:
        try:
            left = jobs(rest, name)
            break
        except (OSError, ValueError) as error:
            if time.monotonic() > until:
                print(f"Flink at {rest} does not answer: {error}", file=sys.stderr)
                return 3
            time.sleep(AGAIN_S)
    for job in left:
        print(f"cancelling {job}, which was left by a former pipeline")
        try:
            ask(f"{rest}/jobs/{job}?mode=cancel", "PATCH")
        except urllib.error.HTTPError as error:
            # It may have ended meanwhile; whether it did is looked at below.
            print(f"cancelling {job}: {error}", file=sys.stderr)
    until = time.monotonic() + END_S
    while left := jobs(rest, name):
        if time.monotonic() > until:
            print(f"still there: {', '.join(left)}", file=sys.stderr)
            return 1
        time.sleep(AGAIN_S)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
