"""Fixtures of all tests, and how they are spread over processes (`make test`)."""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

from tests.servers.fixtures import *  # noqa: F403 - fixtures for all tests

# Each of these keeps two cores busy, most with a Flink of their own. They go first, one after the other.
HEAVY = ("tests/kafka_elastic/test_recorded_run.py", "tests/flink/", "tests/faults/", "tests/deploy/test_deploy_run.py")


class ByFile(LoadFileScheduling):
    """A file's tests stay in one process, as they share what they set up, and all heavy files in one."""

    def _split_scope(self, nodeid: str) -> str:
        return "heavy" if nodeid.startswith(HEAVY) else str(super()._split_scope(nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """How tests are handed out."""
    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Heavy files first: what is long and comes last is waited for."""
    items.sort(key=lambda item: not item.nodeid.startswith(HEAVY))
