"""What every stateful stage relies on: on Prism one key is worked on in one place at a time, however slow it is."""

from __future__ import annotations

from pathlib import Path

import apache_beam as beam
import pytest

from pipeline import runners
from tests.bench import slow_key


@pytest.mark.prism
def test_a_slow_bundle_keeps_its_key_to_itself(tmp_path: Path) -> None:
    slow_key.INSIDE.clear()
    slow_key.COUNTED.clear()
    with runners.choose("PrismRunner", True, None, (), tmp_path / "prism.log", lambda _: None) as chosen:
        pipeline = beam.Pipeline(runner=chosen.runner, options=chosen.options)
        _ = (
            pipeline
            | "Numbers" >> beam.Create([("all", number) for number in range(12)])
            | "Spread" >> beam.Reshuffle()
            | "Count" >> beam.ParDo(slow_key.CountSlowly())
        )
        job = runners.Job(pipeline)
        while not job.wait(1.0):
            pass
        job.cancel()
    assert max(slow_key.INSIDE) == 1
    assert list(range(1, 13)) == slow_key.COUNTED
