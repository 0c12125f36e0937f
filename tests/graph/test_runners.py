"""The options that a job on Prism is started with, each the mending of something that was seen to fail."""

from __future__ import annotations

from pathlib import Path

import pytest
from apache_beam.options.pipeline_options import DebugOptions, PortableOptions, StandardOptions, WorkerOptions

from pipeline import runners


@pytest.mark.prism
def test_a_stream_on_prism_has_no_deadline_and_whole_bundles(tmp_path: Path) -> None:
    with runners.choose("DirectRunner", False, None, [], tmp_path / "prism.log", lambda _: None) as chosen:
        assert chosen.name == "PrismRunner"
        portable = chosen.options.view_as(PortableOptions)
        # Beam's default of 300 s ended every stream after five minutes.
        assert portable.job_server_timeout > 365 * 86_400
        assert portable.environment_type == "LOOPBACK"
        assert "prism_disable_sdf_split" in chosen.options.view_as(DebugOptions).experiments
        assert chosen.options.view_as(StandardOptions).streaming
        assert chosen.options.view_as(WorkerOptions).max_cache_memory_usage_mb > 0


@pytest.mark.prism
def test_what_a_person_asks_of_beam_is_in_force(tmp_path: Path) -> None:
    asked = ["--job_server_timeout=7", "--max_cache_memory_usage_mb=9"]
    with runners.choose("DirectRunner", True, None, asked, tmp_path / "prism.log", lambda _: None) as chosen:
        assert chosen.options.view_as(PortableOptions).job_server_timeout == 7
        assert chosen.options.view_as(WorkerOptions).max_cache_memory_usage_mb == 9
