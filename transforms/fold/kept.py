"""What a keyed stage keeps in its process between two elements, apart for each job and key.

It is taken out while it is worked on and given back with the token of the state that it mirrors. So an attempt that
fails half-way leaves nothing, and two attempts of one key in one process (the former may still be at an element when a
runner has gone back to a checkpoint) never work on the same memory.
"""

from __future__ import annotations

import threading
from typing import Protocol, TypeVar


class Mirror(Protocol):
    """Something that mirrors a state as long as that holds `token`."""

    token: bytes


V = TypeVar("V", bound=Mirror)


class Kept(dict[tuple[str, str], V]):
    """Values by job and key. `take` and `give` are thread-safe."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()

    def take(self, job: str, key: str, token: bytes) -> V | None:
        """The value that carries this token; nobody else has it then. None where there is none: what carries another
        token stays, as it may be another attempt's."""
        with self._lock:
            found = self.get((job, key))
            if found is None or found.token != token:
                return None
            return self.pop((job, key))

    def give(self, job: str, key: str, value: V) -> None:
        """Keep a value, in place of what there was."""
        with self._lock:
            # The jobs of a process come one after the other; what a former one knew is in the index.
            for other in [other for other in self if other[0] != job]:
                del self[other]
            self[job, key] = value
