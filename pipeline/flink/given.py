"""What the command line says of a cluster. Beam is not needed."""

from __future__ import annotations

from collections.abc import Sequence


def given(beam_args: Sequence[str]) -> dict[str, str]:
    """The options on the command line that have a value, by name."""
    return dict(word[2:].split("=", 1) for word in beam_args if word.startswith("--") and "=" in word)


def remote(beam_args: Sequence[str]) -> bool:
    """Whether the workers are other processes than the one that submits."""
    return given(beam_args).get("environment_type", "PROCESS") != "LOOPBACK"
