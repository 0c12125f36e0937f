"""What a person sees while the graph runs: one live line of counts, and a line for each thing worth telling."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.text import Text

from pipeline import logs
from pipeline.show import isolate
from transforms.index.interface import Index, Query
from transforms.logs import about

PLAIN_EVERY_S, LOGGED_EVERY_S = 5.0, 60.0
SHOWN_AT_ONCE = 3
_log = logging.getLogger(__name__)
KNOWN = 1000


class Progress:
    """Progress on stderr: a live line on a terminal, a line every few seconds elsewhere, nothing when `quiet`."""

    def __init__(self, quiet: bool = False, console: Console | None = None) -> None:
        self.console = console or logs.console()
        self._every_s = LOGGED_EVERY_S if logs.is_json() else PLAIN_EVERY_S
        self.quiet = quiet
        self._live: Live | None = None
        self._began = time.monotonic()
        self._shown_plain = 0.0
        self._last = self._runner = ""
        self._folded: dict[str, int] = {}
        self._waiting, self._next = False, 0.0
        # Set by whoever runs the graph: why nothing moves, if so, and what else is to be told of the moment.
        self.trouble: Callable[[], str | None] = lambda: None
        self.more: Callable[[], str] = str
        self._broken: dict[str, str] = {}

    def __enter__(self) -> Progress:
        if not self.quiet and self.console.is_terminal:
            self._live = Live(Text(""), console=self.console, refresh_per_second=4, transient=False)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def say(self, text: str) -> None:
        """One thing that is going on; on a terminal it takes the live line's place until the next."""
        if self.quiet:
            return
        if self._live is not None:
            self._live.update(Text(text))
        elif time.monotonic() - self._shown_plain > self._every_s:
            self._shown_plain = time.monotonic()
            self.console.print(Text(text))

    def tell(self, text: str, style: str = "", feed: str | None = None) -> None:
        """A line that stays; `feed` is the reader that it is about."""
        if self.quiet:
            return
        if logs.is_json():
            _log.log(logging.WARNING if style == "yellow" else logging.INFO, "%s", text.strip(), extra=about(feed=feed))
        else:
            self.console.print(Text(text, style=style), soft_wrap=True)

    def started(self, runner: str, bounded: bool) -> None:
        """Which runner runs: never a guess. Said once, however many bounded runs follow each other."""
        kind = "a bounded run" if bounded else "streaming until stopped (Ctrl-C)"
        said = f"Runner: {runner}, {kind}"
        if said != self._runner:
            self._runner, self._began = said, time.monotonic()
            self.tell(said, "dim")

    def begin(self, index: Index) -> None:
        """What is folded already is no news."""
        if not self.quiet and not self._folded:
            self._folded = {story["id"]: 0 for story in index.stories(Query(limit=KNOWN)) if story["reposts"]}

    def waits(self, text: str) -> None:
        """Something that is waited for: said when it begins, and on the live line for as long as it lasts."""
        if not self._waiting:
            self.tell(f"  waiting: {text}", "yellow")
        self._waiting = True
        if not self.quiet and self._live is not None:
            self._live.update(Text(f"waiting: {text}", style="yellow", no_wrap=True, overflow="ellipsis"))

    def tick(self, index: Index, last: bool = False) -> None:
        """Show the counts of the index, what was folded since the last tick, and feeds that broke or mended. The `last`
        one is never left out."""
        if self.quiet or (time.monotonic() < self._next and not last):
            return
        if trouble := self.trouble():
            self.waits(trouble)
            return
        began = time.monotonic()
        self._tell_stories(index)
        self._tell_feeds(index)
        line = self._line(index.counts())
        if self._live is not None:
            self._live.update(Text(line, style="bold", no_wrap=True, overflow="crop"))
        elif line != self._last and time.monotonic() - self._shown_plain > self._every_s:
            self._shown_plain = time.monotonic()
            self._last = line
            self.console.print(Text(line), soft_wrap=True)
        if self._waiting:
            self._waiting = False
            self.tell("  going on", "green")
        # Where the index is a server, looking may take a tenth of this thread's time.
        self._next = time.monotonic() + 9 * (time.monotonic() - began)

    def _line(self, counts: dict[str, int]) -> str:
        failed = f" ({counts['failed_polls']} failed)" if counts.get("failed_polls") else ""
        # Fits a line of 80 columns up to a day's counts.
        return (
            f"{time.monotonic() - self._began:4.0f} s  {counts['polls']} polls{failed}  {counts['articles']} articles  "
            f"{counts['stories']} stories  {counts['reposts']} reposts  {counts['alerts']} alerts{self.more()}"
        )

    def _tell_stories(self, index: Index) -> None:
        fresh: list[Any] = []
        for story in index.stories(Query(limit=20)):
            if story["reposts"] and story["id"] not in self._folded:
                self._folded[story["id"]] = story["reposts"]
                fresh.append(story)
        for story in fresh[:SHOWN_AT_ONCE]:
            copies = f"{story['reposts']} repost{'s' if story['reposts'] > 1 else ''}"
            self.tell(f"  folded: {isolate(story['title'])} + {copies}", "green")

    def _tell_feeds(self, index: Index) -> None:
        for reader, feed in index.feeds().items():
            error = feed.get("error")
            if error and self._broken.get(reader) != str(error):
                self._broken[reader] = str(error)
                self.tell(f"  {reader}: {isolate(str(error))}", "yellow", reader)
            elif not error and self._broken.pop(reader, ""):
                self.tell(f"  {reader}: well again", "green", reader)
