"""A process that delivers until it is killed: DATABASE URL FILE."""

from __future__ import annotations

import sys
import time

from transforms.alert.channels import WebhookChannel
from transforms.alert.delivery import JsonlSender
from transforms.alert.outbox import Courier
from transforms.alert.webhook import WebhookSender
from transforms.feeds.guard import Guard
from transforms.index.embedded import EmbeddedIndex


def main() -> None:
    database, url, file = sys.argv[1:]
    channel = WebhookChannel.model_validate({"kind": "webhook", "url": url})
    senders = {"hook": WebhookSender(channel, Guard(["127.0.0.0/8"])), "file": JsonlSender(file)}
    Courier(EmbeddedIndex(database), senders, poll_s=0.05).start()
    time.sleep(60)


main()
