"""Several small documents in one request: each has an outcome of its own, and what is only too early is sent again.

For documents of our own, which are small and may be sent twice. Articles have a way of their own (`bulk`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from transforms.elastic.client import Lost, reason
from transforms.elastic.reach import Kept, Reach, Unexpected
from transforms.index.documents import parts
from transforms.records import Json

_AT_ONCE = 500
_LATER = (429, 503)


@dataclass(frozen=True, slots=True)
class Operation:
    """`action` is create, index or delete; no id: the server gives one. `before`: only where it still stands so;
    `alias`: only where `index` is an alias, as the server would make an index of that name."""

    action: str
    index: str
    id: str | None
    source: Json | None = None
    before: Kept | None = None
    alias: bool = False

    def lines(self) -> Iterator[str]:
        """As a bulk request has it."""
        about: Json = {"_index": self.index} | ({} if self.id is None else {"_id": self.id})
        about |= self.before.same() if self.before else {}
        about |= {"require_alias": True} if self.alias else {}
        yield json.dumps({self.action: about})
        if self.source is not None:
            yield json.dumps(self.source)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the server did with one: an HTTP status, and why."""

    operation: Operation
    status: int
    reason: str


def send(reach: Reach, operations: Iterable[Operation]) -> list[Outcome]:
    """Do them all; one outcome each. 404 is the answer to a deletion of what is not there, 409 to a condition that does
    not hold; those that the server has no room for now are sent again."""
    outcomes: list[Outcome] = []
    for part in parts(operations, _AT_ONCE):
        todo = part
        with reach.patience() as patience:
            while todo:
                told = list(_sent(reach, todo))
                outcomes += [one for one in told if one.status not in _LATER]
                later = [one for one in told if one.status in _LATER]
                todo = [one.operation for one in later]
                if later:
                    patience.pause(Lost(f"it takes no more now: {later[0].reason}", refused=True))
    return outcomes


def done(reach: Reach, operations: Iterable[Operation]) -> None:
    """Do them all; Unexpected where one is refused."""
    for outcome in send(reach, operations):
        if outcome.status >= 400 and not (outcome.status == 404 and outcome.operation.action == "delete"):
            operation = outcome.operation
            raise Unexpected(f"{operation.index}/{operation.id}: {outcome.status} {outcome.reason}")


def _sent(reach: Reach, operations: list[Operation]) -> Iterator[Outcome]:
    body = "".join(f"{line}\n" for operation in operations for line in operation.lines())
    items = reach.bulk(body.encode())["items"]
    for operation, item in zip(operations, items, strict=True):
        told = item[operation.action]
        yield Outcome(operation, told["status"], reason(told))
