"""The log of people's judgements: one document an entry, its id the entry's number.

An entry is created under the number behind the last, which fails where somebody else was faster; then the next number
is tried. So numbers have no gap, and one look-up by id tells whether there is a new one: no position is kept that could
be torn from the entries. An entry is in force once it is stored, and nobody changes or deletes it.
"""

from __future__ import annotations

import json

from transforms.elastic.reach import Reach
from transforms.index.encode import dumps
from transforms.records import Json

_AT_ONCE = 200


def judge(reach: Reach, entry: Json) -> Json:
    """Add an entry; returns it with its `number`."""
    number, _ = judgements(reach)
    while True:
        number += 1
        document = {"number": number, "entry": dumps(entry)}
        if reach.put(reach.judgements, str(number), document, None):
            return {**entry, "number": number}
        # Where an answer was lost, what stands there may be this very entry.
        stored = reach.get(reach.judgements, str(number))
        if stored is not None and stored.source == document:
            return {**entry, "number": number}


def judgements(reach: Reach, after: int = 0) -> tuple[int, list[Json]]:
    """The entries behind a position, in order, and the new position. Asked for each bundle: where nobody judged
    anything, that costs one look-up by id."""
    found: list[Json] = []
    several = 1
    while True:
        wanted = [str(after + 1 + at) for at in range(several)]
        stored = reach.several(reach.judgements, wanted)
        part = [stored[key].source for key in wanted if key in stored]
        found += [{**json.loads(source["entry"]), "number": source["number"]} for source in part]
        after += len(part)
        if len(part) < several:
            return after, found
        several = _AT_ONCE
