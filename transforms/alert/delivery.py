"""What a channel's sender is and answers; the senders for terminal and file."""

from __future__ import annotations

import errno
import fcntl
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rich.console import Console
from rich.text import Text

from transforms.alert.inert import plain, web_address
from transforms.index.interface import Parcel
from transforms.records import Json

_TAIL_BYTES = 1 << 20
# How each line begins that is written here.
_BEGINS = b'{"key":"'
_STYLES = {"critical": "bold white on red", "high": "bold red", "medium": "yellow", "low": "cyan", "info": "dim"}
_FIRST_STRONG, _POP = "\u2068", "\u2069"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt: `delivered`, or not for `reason` (a sentence without secrets).

    `again` says whether another attempt makes sense, not before `after_s` seconds from now.
    """

    delivered: bool
    reason: str = ""
    again: bool = False
    after_s: int = 0


DELIVERED = Outcome(delivered=True)


class Sender(Protocol):
    """Delivers parcels of one channel. Called from one thread; expected failures are outcomes."""

    max_attempts: int

    def deliver(self, parcel: Parcel) -> Outcome:
        """Try once."""


def line(alert: Json) -> Text:
    """An alert as one line for a terminal, with no code of the content's own.

    Title and source are each isolated (FSI … PDI), so that an Arabic title neither turns the line round nor is turned.
    """
    severity = plain(str(alert.get("severity") or "info"), 10)
    history = alert.get("history") or [{}]
    text = Text(no_wrap=False, overflow="fold")
    text.append(f"{severity.upper():8}", _STYLES.get(severity, ""))
    text.append(f" {plain(str(alert.get('rule_name') or alert.get('rule') or ''), 80)}: ", "bold")
    text.append(f"{_FIRST_STRONG}{plain(alert.get('title'), 200) or '(no title)'}{_POP}")
    source = plain(str(history[0].get("source") or ""), 60)
    if source:
        text.append(f" · {_FIRST_STRONG}{source}{_POP}", "dim")
    if reason := plain(alert.get("reason"), 400):
        text.append(f" · {_FIRST_STRONG}{reason}{_POP}", "dim")
    if url := web_address(alert.get("url")):
        text.append(f" {url}", "blue")
    return text


class TerminalSender:
    """Prints each alert on a console of rich (share it with whatever else draws there)."""

    max_attempts = 1000

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console()

    def deliver(self, parcel: Parcel) -> Outcome:
        """Print the line. A closed terminal is tried again."""
        try:
            self._console.print(line(parcel.alert), soft_wrap=True, highlight=False, markup=False, emoji=False)
        except (OSError, ValueError) as error:
            return Outcome(
                delivered=False, reason=f"the terminal cannot be written to ({type(error).__name__})", again=True
            )
        return DELIVERED


class JsonlSender:
    """Appends each alert to a file, once: a key that is in the file's last megabyte is not written again."""

    max_attempts = 1000

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)

    def deliver(self, parcel: Parcel) -> Outcome:
        """Append the line and sync it to the disk. A full or missing disk is tried again."""
        document = {"key": parcel.key, **parcel.alert}
        # JSON escapes every control character, so a line stays a line and a pager stays unharmed.
        data = json.dumps(document, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fd = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX)
                self._append(fd, parcel.key, data)
            finally:
                os.close(fd)
        except OSError as error:
            return Outcome(delivered=False, reason=f"the file cannot be written ({error.strerror})", again=True)
        return DELIVERED

    @staticmethod
    def _append(fd: int, key: str, data: bytes) -> None:
        size = os.fstat(fd).st_size
        tail = os.pread(fd, _TAIL_BYTES, max(0, size - _TAIL_BYTES))
        if _holds(tail, key):
            # It may have been written but not synced when the last process died.
            os.fsync(fd)
            return
        if torn := _torn(tail):
            # Its alert was never marked as delivered, so it comes again: whoever reads the file meets whole lines only.
            size -= torn
            os.ftruncate(fd, size)
        elif tail and not tail.endswith(b"\n"):
            data = b"\n" + data
        written = os.write(fd, data)
        if written != len(data):
            os.ftruncate(fd, size)
            raise OSError(errno.ENOSPC, "the disk took only a part of the line")
        os.fsync(fd)


def _torn(tail: bytes) -> int:
    """How many bytes at the end are the beginning of a line of ours, cut short: a kill can end a write at a page."""
    last = tail[tail.rfind(b"\n") + 1 :]
    if not last or last[: len(_BEGINS)] != _BEGINS[: len(last)]:
        return 0
    try:
        json.loads(last)
    except ValueError:
        return len(last)
    return 0


def _holds(tail: bytes, key: str) -> bool:
    """Whether a whole line with this key is in the tail; a title that quotes the key is not taken for it."""
    quoted = json.dumps(key).encode()
    if quoted not in tail:
        return False
    for raw in tail.splitlines():
        if quoted in raw:
            try:
                document = json.loads(raw)
            except ValueError:
                continue
            if isinstance(document, dict) and document.get("key") == key:
                return True
    return False
