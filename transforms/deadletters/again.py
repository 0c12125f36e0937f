"""From a stored dead letter back to what the graph reads."""

from __future__ import annotations

from transforms.deadletters.record import entry_of
from transforms.files.entry import replayed
from transforms.kafka.record import replayed_record
from transforms.records import DeadLetter, Entry


def again(letter: DeadLetter) -> list[Entry | DeadLetter]:
    """All that is in a letter's input, with the origin and arrival that it had; a Kafka record may hold many entries.

    What still is no entry comes back as a dead letter, of the same id where it is all of this letter: append it anew.
    So does a failed poll, whose feed has long been asked again.
    """
    if letter.input_kind == "line":
        return [replayed(letter)]
    if letter.input_kind == "record":
        return replayed_record(letter)
    if letter.input_kind == "entry":
        try:
            return [entry_of(letter)]
        except ValueError:
            return [letter]
    return [letter]
