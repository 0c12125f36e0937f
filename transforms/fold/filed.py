"""Numbers of texts: what postings know an article by."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from transforms.fold.record import key_of, name_of

_DEAD, _LONG, _SHORT = 0, 1, 2


class Filed:
    """Which article a number stands for, and whether its text is short. Numbers rise, and none is given twice; those
    of the oldest texts are let go of by `forget_first`."""

    def __init__(self) -> None:
        self._first = 0
        self._keys: list[bytes] = []
        self._state = bytearray()

    def add(self, name: str, short: bool) -> int:
        """A number for the present text of this article (an id)."""
        self._keys.append(key_of(name))
        self._state.append(_SHORT if short else _LONG)
        return self._first + len(self._keys) - 1

    def remove(self, number: int) -> None:
        """Nobody is found by this number any more."""
        at = number - self._first
        if 0 <= at < len(self._keys):
            self._keys[at], self._state[at] = b"", _DEAD

    def key(self, number: int) -> bytes | None:
        """The key of the article that has this number."""
        at = number - self._first
        return self._keys[at] if at >= 0 and self._state[at] else None

    def name(self, number: int) -> str | None:
        """The article that has this number; None if it has another text, or is gone."""
        key = self.key(number)
        return None if key is None else name_of(key)

    def is_short(self, number: int) -> bool:
        """Whether the text with this number is a short one."""
        at = number - self._first
        return at >= 0 and self._state[at] == _SHORT

    def alive(self, numbers: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
        """Which of `numbers` still stand for an article: a mask."""
        state = np.frombuffer(bytes(self._state), np.uint8)
        at = numbers.astype(np.int64) - self._first
        known = at >= 0
        known[known] = state[at[known]] != _DEAD
        return known

    def forget_first(self) -> None:
        """Let go of the numbers before the first that is in use."""
        count = len(self._state) - len(self._state.lstrip(bytes([_DEAD])))
        del self._keys[:count], self._state[:count]
        self._first += count
