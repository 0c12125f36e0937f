"""The schemas in docs/ are those of the models; `test_schemas_hold` tries them on documents."""

from __future__ import annotations

import pytest

from pipeline.schemas import DOCS, schemas, written


@pytest.mark.parametrize("name", schemas())
def test_in_step(name: str) -> None:
    assert (DOCS / name).read_text("utf-8") == schemas()[name], "run `make schemas`"


def test_every_schema_is_made() -> None:
    assert {path.name for path in DOCS.glob("*.schema.json")} == schemas().keys()


@pytest.mark.parametrize(("seconds", "text"), [(300.0, "5m"), (20.0, "20s"), (604800.0, "7d"), (5400.0, "90m")])
def test_durations_as_people_write_them(seconds: float, text: str) -> None:
    assert written(seconds) == text
