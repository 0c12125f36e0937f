"""Bulk requests: documents in chunks by count and size, and what became of each of them, sorted by us.

An answer of 200 says nothing of the documents in it: each has a status of its own. A chunk that is too large is halved
until it is one document, so that one that the server will not take holds up no other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from transforms.elastic.client import Answer, Lost, Server, reason
from transforms.elastic.names import Names
from transforms.errors import DataError
from transforms.index.encode import dumps
from transforms.records import Json

# What became of a document: stored; changed by others meanwhile; its index is gone; not taken now, or perhaps taken;
# not sent at all; the server failed at it; refused for good.
DONE, CONFLICT, ASTRAY, LATER, UNSENT, FAULT, REFUSED = (
    "done",
    "conflict",
    "astray",
    "later",
    "unsent",
    "fault",
    "refused",
)
_LATER = {429, 502, 503, 504}
_NARROWED = {400, 413}  # for a whole request: something in it is too large, or not to be read


@dataclass(frozen=True, slots=True)
class Item:
    """One document to be stored: its id, and the two lines of a bulk request."""

    key: str
    lines: bytes

    @classmethod
    def of(cls, index: str, key: str, source: Json, seq_no: int | None = None, term: int | None = None) -> Item:
        """To create a document, or with `seq_no` and `term` to replace the one that still bears them. Raises what
        `encode.dumps` does, for what cannot be stored as it is."""
        about: Json = {"_index": index, "_id": key}
        if seq_no is None:
            action = {"create": about}
        else:
            action = {"index": {**about, "if_seq_no": seq_no, "if_primary_term": term}}
        return cls(key, f"{dumps(action)}\n{dumps(source)}\n".encode())


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one document, and why."""

    kind: str
    reason: str = ""


class Bulk:
    """Sends documents to one server. `send` never waits and never sends anything twice."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._docs = server.spec.bulk_docs
        self._params = {"timeout": f"{max(1, int(server.spec.timeout_s * 0.7))}s", "filter_path": _ANSWERED}

    def send(self, items: Sequence[Item]) -> tuple[list[Result], Lost | None]:
        """What became of each, in the same order, and, where a whole request was lost, which the rest then waits for,
        why."""
        results: dict[str, Result] = {}
        left = deque(items)
        halves: list[list[Item]] = []
        lost: Lost | None = None
        while lost is None and (chunk := halves.pop() if halves else self._chunk(left)):
            try:
                told = self._sent(chunk)
            except Lost as error:
                lost = error
                results.update((item.key, Result(LATER, error.why)) for item in chunk)
                if not error.refused:
                    self._docs = max(1, min(self._docs, len(chunk)) // 2)  # it may be too much for what is between
                continue
            if told is None:
                middle = len(chunk) // 2
                halves += [chunk[middle:], chunk[:middle]]
                continue
            self._docs = min(self._server.spec.bulk_docs, self._docs * 2)
            results.update((item.key, result) for item, result in zip(chunk, told, strict=True))
        return [results.get(item.key, Result(UNSENT)) for item in items], lost

    def _chunk(self, left: deque[Item]) -> list[Item]:
        """The next documents that fit into one request, taken from those that are left; [] where none is."""
        chunk: list[Item] = []
        size = 0
        while left and len(chunk) < self._docs:
            size += len(left[0].lines)
            if chunk and size > self._server.spec.bulk_bytes:
                break
            chunk.append(left.popleft())
        return chunk

    def _sent(self, chunk: list[Item]) -> list[Result] | None:
        """One request; None where it is to be halved."""
        answer = self._server.attempt("POST", "/_bulk", b"".join(item.lines for item in chunk), self._params)
        if answer.status in _NARROWED:
            if len(chunk) > 1:
                return None
            told = reason(answer.body) if answer.body else "too large"
            return [Result(REFUSED, f"{answer.status}, of {len(chunk[0].lines)} bytes: {told}")]
        if answer.status != 200:
            raise Lost(f"it answered a bulk request with {answer.status}: {reason(answer.body)}", refused=False)
        return [_result(told, self._server) for told in _told(answer, len(chunk))]


_ANSWERED = "errors,items.*.status,items.*.error"


def _told(answer: Answer, number: int) -> list[Json]:
    items = answer.body.get("items") if isinstance(answer.body, dict) else None
    told = [next(iter(item.values()), None) for item in items or () if isinstance(item, dict)]
    if len(told) != number or not all(isinstance(one, dict) and isinstance(one.get("status"), int) for one in told):
        raise Lost("its answer does not tell of each document", refused=False)
    return [one for one in told if one is not None]


def _result(told: dict[str, Any], server: Server) -> Result:
    status, why = told["status"], reason(told)
    if status < 300:
        return Result(DONE)
    if status == 409:
        return Result(CONFLICT, why)
    kind = told["error"].get("type") if isinstance(told.get("error"), dict) else None
    if status in _LATER or kind == "cluster_block_exception":
        return Result(LATER, why)
    if kind == "index_not_found_exception":
        return Result(ASTRAY, why)
    if status in (401, 403):
        problem = f"{server.spec.host} does not let this write ({status}): {why}"
        remedy = f"write credentials that may write to {Names(server.spec.prefix).of('*')}"
        raise DataError("config", "index", problem, remedy)
    return Result(FAULT if status >= 500 else REFUSED, f"{status} {why}")
