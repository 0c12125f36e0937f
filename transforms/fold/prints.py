"""The fingerprint of a member as it is kept: packed, and unpacked while somebody compares it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from transforms.fold import packed, shingles
from transforms.fold.shingles import Hashes


class Print:
    """A packed fingerprint. `len` is how many shingles the text has; an empty one is of a text that was let go of."""

    __slots__ = ("_cut", "_sketch", "data")

    def __init__(self, data: bytes = b"") -> None:
        self.data = data
        self._cut: Hashes | None = None
        self._sketch: Hashes | None = None

    @classmethod
    def of(cls, hashes: Hashes) -> Print:
        """Of a whole fingerprint."""
        made = cls(packed.pack(hashes))
        made._cut, made._sketch = packed.cut(hashes), shingles.sketch(hashes)
        return made

    @classmethod
    def at_rest(cls, hashes: Hashes) -> Print:
        """The same, of a text that nobody is about to compare."""
        return cls(packed.pack(hashes))

    def __len__(self) -> int:
        return packed.size(self.data)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Print) and self.data == other.data

    def __hash__(self) -> int:
        return hash(self.data)

    @property
    def cut(self) -> Hashes:
        """All hashes, sorted, each cut to 20 bits."""
        if self._cut is None:
            self._cut = packed.unpack(self.data)
        return self._cut

    @property
    def sketch(self) -> Hashes:
        """The hashes that candidates are looked up by, whole."""
        if self._sketch is None:
            self._sketch = packed.sketch(self.data)
        return self._sketch

    def shared(self, other: Print) -> int:
        """How many shingles two texts have in common. Symmetrical."""
        return packed.agreed(self.cut, other.cut)

    def within(self, other: Print) -> npt.NDArray[np.bool_]:
        """Which hashes of this are in `other`: a mask over `cut`. One in a thousand or so is there by chance."""
        return other.holds(self.cut)

    def holds(self, some: Hashes) -> npt.NDArray[np.bool_]:
        """Which of some cut hashes are in this text: a mask over them."""
        return shingles.within(some, self.cut)


NO_PRINT = Print()
