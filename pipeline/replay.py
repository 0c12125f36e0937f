"""`replay`: dead letters through the graph again, each once."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline import opening
from pipeline.config import Ref
from pipeline.lock import holder_for, only_writer
from pipeline.progress import Progress
from pipeline.run import Start, Stop, run_graph
from transforms.deadletters.again import again
from transforms.deadletters.store import abandon_replay, finish_replay, read, take_for_replay
from transforms.errors import Refused
from transforms.records import DeadLetter, Entry, Json


def replay(ref: Ref, runner: str, prism: str | None, beam_args: Sequence[str], quiet: bool) -> Json:
    """Returns how many letters were replayed, how many of them failed again, and how many lines were no letters.

    Until the graph has ended, all letters stay on disk: a crash loses none, and the next replay takes them up.
    """
    path = opening.dead_letters_of(ref)
    taken = take_for_replay(path)
    try:
        stored = list(taken)
        letters: list[Entry | DeadLetter] = [item for letter in stored for item in again(letter.letter)]
        if letters:
            holder = holder_for(runner, beam_args)
            with only_writer(ref, holder), Progress(quiet) as progress, Stop() as stop:
                start = Start(runner, True, prism, beam_args, False, holder)
                run_graph(ref, start, progress, stop, letters=letters)
                if stop.asked:
                    raise Refused("stopped before the end: every letter is kept for the next replay")
    except BaseException:
        abandon_replay(taken)
        raise
    damaged = finish_replay(taken)
    return {"replayed": len(stored), "dead": sum(1 for _ in read(path)), "damaged": damaged}
