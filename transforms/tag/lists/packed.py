"""A list packed for look-up: one block of bytes, read in place, that takes no time to load.

The folded names with all their derived forms stand sorted in one text; a name is found by bisection, and all that begin
with a word stand side by side. A filter of bits by the hash of first words tells most words of a text at once that they
begin no name. As Python objects the 200,000 names of `tests.bench.names` took 590 MB and 18 s of every start; packed
they take 35 MB, shared by all processes, and no time.
"""

from __future__ import annotations

import json
import struct
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import xxhash

from transforms.records import Json
from transforms.tag import gazetteer
from transforms.tag.entity_data import Entity
from transforms.tag.lists.record import Listed

# Raised when the same list would be packed otherwise.
LAYOUT = "1"
_MAGIC = b"NEWSLIST"
_BITS_A_WORD = 32
_LATIN = ("de", "en", "es", "fr")
_CODE = 1 << 2
_ARRAYS: tuple[tuple[str, Literal["I", "H"]], ...] = (
    ("keys", "I"), ("firsts", "I"), ("meant", "I"), ("flags", "H"), ("ids", "I"),
)  # fmt: skip


def pack(name: str, version: str, entities: Iterable[Listed]) -> bytes:
    """The packed form of a list: of `entities`, ordered by id."""
    senses: dict[str, dict[int, int]] = {}
    told: list[bytes] = []
    for number, listed in enumerate(sorted(entities, key=lambda one: one.id)):
        told.append(json.dumps([listed.id, listed.type, listed.name, listed.codes], ensure_ascii=False).encode())
        for key, flags in _forms(listed):
            present = senses.setdefault(key, {})
            present[number] = _both(present[number], flags) if number in present else flags
    ordered = sorted(senses)
    blob = [key.encode() for key in ordered]
    meant = [number for key in ordered for number in senses[key]]
    arrays: dict[str, npt.NDArray[Any]] = {
        "keys": _offsets(map(len, blob)),
        "firsts": _offsets(len(senses[key]) for key in ordered),
        "meant": np.array(meant, np.uint32),
        "flags": np.array([flags for key in ordered for flags in senses[key].values()], np.uint16),
        "ids": _offsets(map(len, told)),
    }
    first_words = {key.partition(" ")[0] for key in ordered}
    parts = [*(arrays[part].tobytes() for part, _ in _ARRAYS), _filter(first_words), b"".join(blob), b"".join(told)]
    head = json.dumps({"list": name, "version": version, "names": len(ordered), "entities": len(told),
                       "sizes": [len(part) for part in parts]}).encode()  # fmt: skip
    padded = [_padded(part) for part in (struct.pack("<8sI", _MAGIC, len(head)) + head, *parts)]
    return b"".join(padded)


def _forms(listed: Listed) -> Iterator[tuple[str, int]]:
    """(folded form, flags) of all names and codes, as the lexicon has them of an entity in an entity file."""
    entity = Entity(listed.id, listed.name, listed.type, listed.names, listed.codes, short={})
    for key, sense in gazetteer.senses_of(entity):
        other = sum(1 << (3 + at) for at, language in enumerate(_LATIN) if language in sense.other)
        yield key, (_CODE if sense.kind == gazetteer.CODE else sense.case) | other


def _both(one: int, other: int) -> int:
    """Flags of a form that two names of an entity share: the easier case, in the languages of both."""
    if (one ^ other) & _CODE:
        return min(one, other)
    return min(one & 7, other & 7) | (one & other & ~7)


def _offsets(sizes: Iterable[int]) -> npt.NDArray[np.uint32]:
    return np.concatenate([[0], np.cumsum(np.fromiter(sizes, np.int64))]).astype(np.uint32)


def _filter(words: set[str]) -> bytes:
    bits = 64
    while bits < _BITS_A_WORD * len(words):
        bits *= 2
    marks = np.zeros(bits, np.bool_)
    marks[[xxhash.xxh3_64_intdigest(word.encode()) & (bits - 1) for word in words]] = True
    return np.packbits(marks, bitorder="little").tobytes()


def _padded(part: bytes) -> bytes:
    return part + b"\0" * (-len(part) % 8)


class Damaged(ValueError):
    """Bytes that `pack` did not make."""


class Packed:
    """A packed list, read from `data` (bytes, or a mapped file) in place. Safe to share between threads. `known` gives
    the entity of an id that other files define, which then stands for the list's own. Damaged for other bytes."""

    def __init__(self, data: bytes | memoryview, known: Callable[[str], Entity | None] = lambda _: None) -> None:
        view = memoryview(data)
        self._known = known
        try:
            magic, size = struct.unpack_from("<8sI", view)
            head: Json = json.loads(bytes(view[12 : 12 + size])) if magic == _MAGIC else {}
            parts = list(_cut(view, 12 + size, head["sizes"]))
            self._keys, self._firsts, self._meant, self._flags, self._ids = (
                part.cast(kind) for part, (_, kind) in zip(parts, _ARRAYS, strict=False)
            )
            self._filter, self._names, self._told = parts[len(_ARRAYS) :]
            self.name, self.version = str(head["list"]), str(head["version"])
            self.names, self.entities = int(head["names"]), int(head["entities"])
        except (struct.error, ValueError, KeyError, TypeError) as error:
            raise Damaged(str(error)) from None
        self._mask = len(self._filter) * 8 - 1

    def begins(self, word: str) -> bool:
        """Whether a name may begin with this word; one answer in fifty is a wrong yes."""
        at = xxhash.xxh3_64_intdigest(word.encode()) & self._mask
        return bool(self._filter[at >> 3] >> (at & 7) & 1)

    def opening(self, word: str) -> tuple[bool, gazetteer.Seconds] | None:
        """As `gazetteer.LongList.opening`."""
        if not self.begins(word):
            return None
        first = self._at(word.encode())
        last = self._at(f"{word}!".encode())  # the character after the space, which ends the first word
        keys = [self._key(at).decode() for at in range(first, last)]
        return (keys[0] == word, gazetteer.seconds_of(keys).get(word, {})) if keys else None

    def senses(self, key: str) -> list[gazetteer.Sense]:
        """What a folded name means, by id; none where the list does not have it."""
        coded = key.encode()
        at = self._at(coded)
        if at >= self.names or self._key(at) != coded:
            return []
        return [sense for place in range(self._firsts[at], self._firsts[at + 1]) for sense in self._sense(place, key)]

    def ids(self, key: str) -> list[str]:
        """The ids that claim a folded name."""
        return [sense.entity.id for sense in self.senses(key) if sense.entity is not None]

    def entity(self, id_: str) -> Entity | None:
        """The entity with this id, if the list has it."""
        at = bisect_left(range(self.entities), id_, key=lambda number: self._row(number)[0])
        return self._entity(at)[0] if at < self.entities and self._row(at)[0] == id_ else None

    def _sense(self, place: int, key: str) -> Iterator[gazetteer.Sense]:
        flags = self._flags[place]
        entity, codes = self._entity(self._meant[place])
        other = frozenset(language for at, language in enumerate(_LATIN) if flags >> (3 + at) & 1)
        if not flags & _CODE:
            yield gazetteer.Sense(entity, gazetteer.NAME, flags & 3, other=other)
            return
        for code in codes:
            if gazetteer.key_of(code) == key:
                yield gazetteer.Sense(entity, gazetteer.CODE, gazetteer.EXACT, code.rstrip("."))

    def _entity(self, number: int) -> tuple[Entity, list[str]]:
        id_, type_, name, codes = self._row(number)
        return self._known(id_) or Entity(id_, name, type_), codes

    def _row(self, number: int) -> tuple[str, str, str, list[str]]:
        id_, type_, name, codes = json.loads(bytes(self._told[self._ids[number] : self._ids[number + 1]]))
        return id_, type_, name, codes

    def _key(self, at: int) -> bytes:
        return bytes(self._names[self._keys[at] : self._keys[at + 1]])

    def _at(self, key: bytes) -> int:
        return bisect_left(range(self.names), key, key=self._key)


def _cut(view: memoryview, start: int, sizes: list[int]) -> Iterator[memoryview]:
    start += -start % 8
    for size in sizes:
        if start + size > len(view):
            raise Damaged("it ends too early")
        yield view[start : start + size]
        start += size + (-size % 8)
