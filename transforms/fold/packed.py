"""Fingerprints in few bytes: what a shard keeps of each text, in memory and in state.

A verdict needs every shingle, but not every bit of its hash: of two unrelated texts of 300 shingles, 20 bits make one
in a dozen agree by chance on a single one. The cut hashes are stored, sorted, as Elias and Fano do (Vigna 2013,
"Quasi-succinct indices"): the low bits as they are, the high bits as gaps in unary, about 2 + log2(2^20 / n) bits each
for n of them. Only the sketch must be found again by others, to the bit, so the bits that were cut off are kept for its
few hashes.
"""

from __future__ import annotations

import math
import struct

import numpy as np
import numpy.typing as npt

from transforms.fold import shingles
from transforms.fold.shingles import EMPTY, Hashes

BITS = 20
CUT = 32 - BITS
# How many shingles, and how many of them are the sketch.
_HEAD = struct.Struct("<II")


def pack(hashes: Hashes) -> bytes:
    """A whole fingerprint (sorted, distinct uint32) as bytes; b"" for an empty one."""
    if not len(hashes):
        return b""
    known = shingles.sketch(hashes)
    head = _HEAD.pack(len(hashes), len(known))
    low, width = cut(hashes), _low_bits(len(hashes))
    high = (low >> np.uint32(width)) + np.arange(len(low), dtype=np.uint32)
    gaps = np.zeros(int(high[-1]) + 1, np.bool_)
    gaps[high] = True
    parts = (_bits_of(low, width), _bits_of(known, CUT), gaps)
    return head + np.packbits(np.concatenate(parts)).tobytes()


def unpack(data: bytes) -> Hashes:
    """The fingerprint cut to 20 bits: sorted uint32, of which equal ones may stand side by side."""
    if not data:
        return EMPTY
    count, known = _HEAD.unpack_from(data)
    width, body = _low_bits(count), _body(data)
    gaps = body[count * width + known * CUT :]
    high = (np.flatnonzero(gaps)[:count] - np.arange(count)).astype(np.uint32)
    return (high << np.uint32(width)) | _numbers(body[: count * width], width) if width else high


def sketch(data: bytes) -> Hashes:
    """The sketch of a packed fingerprint, to the bit."""
    if not data:
        return EMPTY
    count, known = _HEAD.unpack_from(data)
    start = count * _low_bits(count)
    rest = _numbers(_body(data)[start : start + known * CUT], CUT)
    return (unpack(data)[:known] << np.uint32(CUT)) | rest


def size(data: bytes) -> int:
    """How many shingles a packed fingerprint has."""
    return int(_HEAD.unpack_from(data)[0]) if data else 0


def cut(hashes: Hashes) -> Hashes:
    """A whole fingerprint as `unpack` gives it."""
    return hashes >> np.uint32(CUT)


def agreed(a: Hashes, b: Hashes) -> int:
    """How many shingles two cut fingerprints have in common, less what chance is sure to have added. The same for
    (a, b) and (b, a).

    Of s common ones, each of the others of a (|a| - s) meets one of the others of b by chance with (|b| - s) / 2^20.
    What is counted is s and those, and their number scatters by its root; so that no two texts that agree are parted by
    chance, two such roots less than what is expected is taken off, which in texts of news is nothing at all.
    """
    if not (len(a) and len(b)):
        return 0
    # Each hash that stands in the other text, also where two of one text are the same when cut.
    met = max(int(np.count_nonzero(mask)) for mask in (shingles.within(a, b), shingles.within(b, a)))
    met = min(met, len(a), len(b))
    chance = (len(a) - met) * (len(b) - met) / (1 << BITS)
    return met - round(max(0.0, chance - 2 * math.sqrt(chance)))


def _low_bits(count: int) -> int:
    """How many low bits of each are stored as they are: as many as make the unary part shortest."""
    return max(0, ((1 << BITS) // count).bit_length() - 1)


def _body(data: bytes) -> npt.NDArray[np.uint8]:
    return np.unpackbits(np.frombuffer(data, np.uint8, offset=_HEAD.size))


def _bits_of(values: Hashes, width: int) -> npt.NDArray[np.bool_]:
    """The lowest `width` bits of each, the highest first."""
    places = np.arange(width - 1, -1, -1, dtype=np.uint32)
    return ((values[:, None] >> places) & np.uint32(1)).astype(np.bool_).ravel()


def _numbers(bits: npt.NDArray[np.uint8], width: int) -> Hashes:
    """The inverse of `_bits_of`."""
    if not width:
        return np.zeros(0, np.uint32)
    weights = np.uint32(1) << np.arange(width - 1, -1, -1, dtype=np.uint32)
    return (bits.reshape(-1, width) @ weights).astype(np.uint32)
