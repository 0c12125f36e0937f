"""Fixtures of all tests, and how they are spread over processes (`make test`)."""

from __future__ import annotations

import pytest

from tests.servers.fixtures import *  # noqa: F403 - fixtures for all tests

# Each of these keeps two cores busy, most with a Flink of their own. They go first, one after the other.
HEAVY = ("tests/kafka_elastic/test_recorded_run.py", "tests/flink/", "tests/faults/", "tests/deploy/test_deploy_run.py")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a file's tests in one process, as they share what they set up, and the heavy files in one."""
    for item in items:
        file = item.location[0]
        item.add_marker(pytest.mark.xdist_group("heavy" if file.startswith(HEAVY) else file))
    items.sort(key=lambda item: not item.location[0].startswith(HEAVY))
