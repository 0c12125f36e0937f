"""Files of JSON lines, plain or compressed, as entries and dead letters. Damage costs only what it makes unreadable."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transforms.files.entry import MAX_LINE, NOWHERE, TOO_LONG, dead_line, entry_of_line
from transforms.files.paths import shown
from transforms.files.streams import Blocks, Broken, open_blocks
from transforms.records import DeadLetter, Entry, Origin, Source


@dataclass(frozen=True, slots=True)
class Line:
    """A line without its newline. `number` counts from 1, `offset` is in bytes of the (inflated) stream.

    `length` is the whole line's, of which `data` holds at most `MAX_LINE` + 1 bytes.
    """

    number: int
    offset: int
    length: int
    data: bytes


def read_lines(blocks: Blocks) -> Iterator[Line]:
    """Every line, blank ones too. Never holds more than an overlong line's beginning. Raises Broken in the middle."""
    number, offset, held, length = 1, 0, bytearray(), 0
    while block := blocks():
        start = 0
        while (end := block.find(b"\n", start)) >= 0:
            held += block[start : min(end, start + MAX_LINE + 1 - len(held))]
            length += end - start
            yield Line(number, offset, length, bytes(held))
            number, offset, held, length, start = number + 1, offset + length + 1, bytearray(), 0, end + 1
        held += block[start : start + max(0, MAX_LINE + 1 - len(held))]
        length += len(block) - start
    if length:
        yield Line(number, offset, length, bytes(held))


def read_file(
    path: str | Path, reader: str | None = None, source: Source = NOWHERE, now: int | None = None
) -> Iterator[Entry | DeadLetter]:
    """One item for each line that is not blank, in order; their `origin.seq` counts from 0 without gaps. Never raises.

    `reader` is the id in origins (default "file:PATH"), `source` what is said of sources that a record does not name,
    `now` the arrival (seconds UTC) of records that have none, by default the time at which each is read.
    """
    name = shown(str(path), 4096)
    reader = reader if reader is not None else f"file:{name}"
    seq = 0
    place = Line(0, 0, 0, b"")
    try:
        with open_blocks(path) as blocks:
            for place in read_lines(blocks):
                if place.data.strip() or place.length > MAX_LINE:
                    yield _item(place, name, source, Origin(reader, 0, seq), now)
                    seq += 1
    except Broken as error:
        reason = str(error)
    except OSError as error:
        reason = f"the file cannot be opened ({error.strerror or type(error).__name__})"
    else:
        return
    reason += f", after line {place.number}" if place.number else ""
    where = {"path": name, "number": place.number + 1, "offset": place.offset + place.length}
    yield dead_line(b"", reason, source, Origin(reader, 0, seq), _at(now), **where)


def _item(line: Line, path: str, source: Source, origin: Origin, now: int | None) -> Entry | DeadLetter:
    where: dict[str, Any] = {"path": path, "number": line.number, "offset": line.offset}
    if line.length > MAX_LINE:
        return dead_line(line.data, TOO_LONG, source, origin, _at(now), length=line.length, **where)
    return entry_of_line(line.data, source, origin.reader, origin.seq, now, **where)


def _at(now: int | None) -> int:
    return int(time.time()) if now is None else now
