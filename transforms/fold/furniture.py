"""What a host puts into every article: learnt where it shows, from the articles in memory.

The cookie wall, the plea to subscribe, "read also" and the desk's signature stand in articles that have nothing else in
common. When an article is looked up, those that share its text are at hand; those of one host, and all of them, are
sorted into heaps of related ones, and a shingle that is in several heaps is furniture: it does not count in the
verdict.

Nothing is kept for it. The fingerprints of live articles are the evidence; they have a TTL, and come back from state or
index with a start. So what was learnt before a process died is known again with the first look-up that meets it.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from transforms.fold.shingles import word_hash
from transforms.fold.stories import Member
from transforms.fold.verdict import Overlap
from transforms.text import fold, words

_Told = tuple[Member, frozenset[bytes]]
Mask = npt.NDArray[np.bool_]
# In so many unrelated articles of one host, or of all hosts together, a shingle is furniture.
OF_HOST, OF_ALL = 4, 24
# So many candidates are looked at, the closest first.
LOOKED_AT = 32
# A headline is known by its longest words, two bytes each.
HEADING_WORDS = 6


def host_of(url: str | None) -> str:
    """The domain of an article's URL, without www; empty where there is none."""
    parts = (url or "").split("/", 3)
    # One string for all articles of a host.
    return sys.intern(parts[2].lower().removeprefix("www.")) if len(parts) > 2 else ""


def heading_of(title: str) -> bytes:
    """The hashes of the longest words of a headline, by which two are known to have nothing in common."""
    longest = sorted({word for word in words(fold(title)) if len(word) > 2}, key=lambda word: (-len(word), word))
    return b"".join((word_hash(word) & 0xFFFF).to_bytes(2, "big") for word in longest[:HEADING_WORDS])


def _words_of(heading: bytes) -> frozenset[bytes]:
    return frozenset(heading[at : at + 2] for at in range(0, len(heading), 2))


def furniture(member: Member, found: Sequence[Member]) -> Mask | None:
    """Which shingles of `member` are furniture, by the articles `found` that share text with it; None if none is."""
    if len(found) < OF_HOST - 1 or not len(member.print):
        return None
    by_host: dict[str, list[Member]] = defaultdict(list)
    for other in found[:LOOKED_AT]:
        if len(other.print):
            by_host[other.host].append(other)
    total = np.zeros(len(member.print), np.bool_)
    for host, others in by_host.items():
        alike = [*others, member] if host == member.host else others
        if host and len(alike) >= OF_HOST:
            total |= _in_heaps(member, alike, OF_HOST)
    everyone = [member, *(other for others in by_host.values() for other in others)]
    if len(everyone) >= OF_ALL:
        total |= _in_heaps(member, everyone, OF_ALL)
    return total if total.any() else None


def _in_heaps(member: Member, articles: list[Member], least: int) -> Mask:
    """Which shingles of `member` are in `least` heaps of articles that have nothing to do with each other."""
    heaps: list[list[_Told]] = []
    for article in [(article, _words_of(article.heading)) for article in articles]:
        touching = [heap for heap in heaps if any(_related(article, one) for one in heap)]
        heaps = [heap for heap in heaps if heap not in touching]
        heaps.append([one for heap in touching for one in heap] + [article])
    counts = np.zeros(len(member.print), np.int16)
    if len(heaps) >= least:
        for heap in heaps:
            masks = [member.print.within(one.print) for one, _ in heap]
            counts += np.logical_or.reduce(masks)
    return counts >= least


def _related(told: _Told, other_told: _Told) -> bool:
    """Whether two articles may tell one story, as far as is known: one text, or headlines with a word in common. Two of
    one host with headlines that have none do not, whatever text they share: that is the wall."""
    (one, words_of_one), (other, words_of_other) = told, other_told
    if words_of_one and words_of_other:
        apart = words_of_one.isdisjoint(words_of_other)
        if not apart or (one.host and one.host == other.host):
            return not apart
    if other.id in one.links or one.id in other.links:
        return True
    if one.number >= 0 and other.number >= 0 and one.complete and other.complete:
        # Both are filed and know all their links, so they were compared.
        return False
    return Overlap(one.print.shared(other.print), len(one.print), len(other.print)).linked
