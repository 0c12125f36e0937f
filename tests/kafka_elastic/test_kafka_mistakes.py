"""Mistakes about Kafka that only a run can find end it with their key and remedy, and exit code 2."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.running import command, configure

pytestmark = [pytest.mark.servers, pytest.mark.prism, pytest.mark.slow]


@pytest.mark.parametrize(
    ("mistake", "told"),
    [
        ({"start": "committed"}, "has committed nothing"),
        ({"security": {"ca": "no-such.pem"}}, "security.ca"),
    ],
)
def test_a_run_says_what_to_mend(
    mistake: dict[str, Any], told: str, kafka_brokers: str, topic: Callable[..., str], tmp_path: Path
) -> None:
    name = topic()
    source = {"kind": "kafka", "brokers": [kafka_brokers], "topics": [name], "group": name, **mistake}
    done = command(configure(tmp_path, [source]), "run", "--quiet", fails=2)
    assert told in done.stderr.splitlines()[-1], "what to mend is the last that is said"
