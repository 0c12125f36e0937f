"""CommitPolls: a feed's progress is stored only when each of the poll's records has its terminal receipt."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import apache_beam as beam
from apache_beam.coders import PickleCoder
from apache_beam.transforms.userstate import BagStateSpec

from transforms import metrics
from transforms.index.interface import Index
from transforms.records import Poll, Receipt


def complete(items: list[Poll | Receipt]) -> tuple[list[Poll], list[Poll | Receipt]]:
    """The polls all of whose receipts are among `items`, oldest first, and what still waits.

    A receipt is counted once however often it comes; receipts and polls of batches below a complete one are dropped
    with it.
    """
    polls = {item.batch: item for item in items if isinstance(item, Poll)}
    seen: dict[int, set[int]] = {}
    for item in items:
        if isinstance(item, Receipt):
            seen.setdefault(item.origin.batch, set()).add(item.origin.seq)
    done = sorted(batch for batch, poll in polls.items() if len(seen.get(batch, ())) >= poll.entries)
    if not done:
        return [], items
    last = done[-1]
    waiting = [i for i in items if (i.batch if isinstance(i, Poll) else i.origin.batch) > last]
    return [polls[batch] for batch in done], waiting


class CommitPolls(beam.PTransform):
    """(Polls, receipts) in; each feed's progress goes to the index. Nothing comes out."""

    def __init__(self, open_index: Callable[[], Index]) -> None:
        super().__init__()
        self.open_index = open_index

    def expand(self, both: tuple[Any, Any]) -> Any:
        polls, receipts = both
        keyed = polls | "ByFeed" >> beam.Map(lambda poll: (poll.reader, poll)).with_output_types(tuple[str, Any])
        feeds = receipts | "OfFeeds" >> beam.Filter(lambda receipt: receipt.origin.reader.startswith("feed:"))
        marked = feeds | "ByReader" >> beam.Map(lambda receipt: (receipt.origin.reader, receipt)).with_output_types(
            tuple[str, Any]
        )
        together = (keyed, marked) | "Together" >> beam.Flatten().with_output_types(tuple[str, Any])
        return together | "Commit" >> beam.ParDo(Commit(self.open_index))


class Commit(beam.DoFn):
    """(reader, Poll or Receipt) in; commits to the index, all polls of a bundle in one transaction at its end.

    If that fails, the bundle fails, and its state is as it was.
    """

    WAITING = BagStateSpec("waiting", PickleCoder())

    def __init__(self, open_index: Callable[[], Index]) -> None:
        self.open_index = open_index
        self._done: list[Poll] = []

    def start_bundle(self) -> None:
        self._done = []

    def process(
        self, element: tuple[str, Poll | Receipt], waiting: Any = beam.DoFn.StateParam(WAITING)
    ) -> Iterator[None]:
        _, item = element
        if isinstance(item, Poll) and not item.entries:
            # Most polls bring nothing, and a feed has one poll on its way at a time: nothing can wait before it.
            self._done.append(item)
            return
        items = [*waiting.read(), item]
        done, rest = complete(items) if any(isinstance(i, Poll) for i in items) else ([], items)
        if not done:
            waiting.add(item)
            return
        self._done += done
        waiting.clear()
        for left in rest:
            waiting.add(left)
        yield from ()

    def finish_bundle(self) -> None:
        if self._done:
            self.open_index().commit_polls(self._done)
            metrics.count_polls(self._done)
        self._done = []
