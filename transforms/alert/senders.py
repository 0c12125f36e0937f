"""From the config's channels to their senders."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial as bind
from pathlib import Path

from rich.console import Console

from transforms.alert.channels import Channel, JsonlChannel, KafkaChannel, TerminalChannel
from transforms.alert.delivery import JsonlSender, Sender, TerminalSender
from transforms.alert.webhook import WebhookSender
from transforms.feeds.guard import Guard
from transforms.kafka.specs import OutputSpec


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
        elif isinstance(channel, KafkaChannel):
            # kafka-python takes a while to load, and most newsrooms have no such channel.
            from transforms.kafka.sender import KafkaSender

            built[name] = KafkaSender(bind(_output, channel, base))
        else:
            built[name] = WebhookSender(channel, guard)
    return built


def _output(channel: KafkaChannel, base: Path) -> OutputSpec:
    return OutputSpec(tuple(channel.brokers), alerts=channel.topic, security=channel.security.options(base))
