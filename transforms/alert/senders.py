"""From the config's channels to their senders."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from transforms.alert.channels import Channel, JsonlChannel, TerminalChannel
from transforms.alert.delivery import JsonlSender, Sender, TerminalSender
from transforms.alert.webhook import WebhookSender
from transforms.feeds.guard import Guard


def build_senders(
    channels: Mapping[str, Channel], base: Path, guard: Guard, console: Console | None = None
) -> dict[str, Sender]:
    """A sender for each channel, by name. Relative paths are under `base`; webhooks go only where `guard` lets them."""
    built: dict[str, Sender] = {}
    for name, channel in channels.items():
        if isinstance(channel, TerminalChannel):
            built[name] = TerminalSender(console)
        elif isinstance(channel, JsonlChannel):
            built[name] = JsonlSender(base / channel.path)
        else:
            built[name] = WebhookSender(channel, guard)
    return built
