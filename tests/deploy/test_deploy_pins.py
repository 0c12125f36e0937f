"""A rename of a step, of state, or of what state carries is a conscious act: docs/upgrade.md tells what it costs."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
import yaml

from tests.deploy.pins import PINS, pins
from transforms.fold import journal
from transforms.fold.sharded import SCHEMA, _filed
from transforms.kafka.progress import Progress


@pytest.fixture(scope="module")
def present() -> dict[str, Any]:
    return pins()


PARTS = (
    "steps", "steps with shards", "steps on Flink alone", "steps not on Flink", "state", "state with shards",
    "state on Flink alone", "schemas", "carried",
)  # fmt: skip


@pytest.mark.parametrize("part", PARTS)
def test_what_a_savepoint_holds_on_to_is_as_pinned(part: str, present: dict[str, Any]) -> None:
    pinned = yaml.safe_load(PINS.read_text("utf-8"))
    remedy = "savepoints of the last release are lost: read docs/upgrade.md, then `python -m tests.deploy.pins`"
    assert present[part] == pinned[part], remedy


def test_no_label_hangs_on_a_line_of_beams_own_source(present: dict[str, Any]) -> None:
    """Such a label changes with Beam's version. Files are read once, so nothing of them is resumed."""
    steps = present["steps"] + present["steps on Flink alone"]
    streaming = [step for step in steps if not step.startswith("ReadFiles/")]
    assert [step for step in streaming if "lambda" in step] == []


def test_a_record_of_another_schema_is_passed_over() -> None:
    part = np.arange(3, dtype=np.uint32).tobytes()
    ours, former = pickle.dumps((SCHEMA, "a", 7, part)), pickle.dumps(("b", 7, part))
    newer = pickle.dumps((SCHEMA + 1, "c", 7, part))
    assert list(_filed([former, ours, newer])) == [("a", 7, part)]
    assert journal.latest([pickle.dumps((journal.SCHEMA - 1, (1, 1), "a", (), b""))]) == []


def test_progress_of_another_schema_is_refused() -> None:
    """It says what was committed, so it must not be taken for nothing."""
    stored = bytes(Progress(5))
    assert Progress.of(stored).next == 5
    with pytest.raises(ValueError, match="schema 9"):
        Progress.of(bytes([9]) + stored[1:])
