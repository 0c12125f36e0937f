"""From a stored dead letter back to what the graph reads."""

from __future__ import annotations

from transforms.deadletters.record import entry_of
from transforms.files.entry import replayed
from transforms.records import DeadLetter, Entry


def again(letter: DeadLetter) -> Entry | DeadLetter:
    """The letter's input as an entry, with the origin and arrival that it had.

    A letter that still is no entry comes back as a dead letter of the same id: append it anew. So does a failed poll,
    whose feed has long been asked again.
    """
    if letter.input_kind == "line":
        return replayed(letter)
    if letter.input_kind == "entry":
        try:
            return entry_of(letter)
        except ValueError:
            return letter
    return letter
