"""Arabic proclitics: the particles written as one word with the name that follows them.

"وبالصين" is و + ب + الصين, "للصين" is ل + الصين with the alif gone. Which reading holds is for the list of
names to say: every reading is offered, the whole word first, and a name that begins with a particle's letter (لبنان,
كوريا, بولندا) is found whole.
All words here are folded (`transforms.text.fold`).
"""

from __future__ import annotations

from collections.abc import Iterator

# Each with the fewest letters that must follow it: ف and ك before three letters are more often part of a word
# (كسرت is not ك + سرت).
_PROCLITICS = (
    ("و", 3), ("ف", 4), ("ب", 3), ("ل", 3), ("ك", 4),
    ("وب", 3), ("ول", 3), ("وك", 4), ("فب", 4), ("فل", 4), ("فك", 4),
)  # fmt: skip
# ل before the article loses the article's alif: لل + صين for الصين; where the noun begins with ل one lam is written for
# two (للجنة).
_LAM_LAM = ("لل", "ولل", "فلل")
_SHORTEST = 3


def readings(word: str) -> Iterator[tuple[int, str]]:
    """`(cut, rest)` for each way to read a folded word as proclitic and rest; the whole word first, with cut 0.

    `cut` is how many letters stand before the name. A rest of fewer than three letters is not offered.
    """
    yield 0, word
    if not "\u0600" <= word[:1] <= "\u06ff":
        return
    for proclitic, shortest in _PROCLITICS:
        if word.startswith(proclitic) and len(word) - len(proclitic) >= shortest:
            yield len(proclitic), word[len(proclitic) :]
    for proclitic in _LAM_LAM:
        rest = word[len(proclitic) :]
        if word.startswith(proclitic) and len(rest) >= 2:
            yield len(proclitic) - 1, "ال" + rest
            yield len(proclitic) - 1, "الل" + rest


def bare(word: str) -> str:
    """A folded Arabic word without proclitic and article, for words that only stand beside a name."""
    for proclitic in ("وال", "بال", "فال", "كال", "لل", "ال", "و", "ف", "ب", "ل"):
        if word.startswith(proclitic) and len(word) - len(proclitic) >= _SHORTEST:
            return word[len(proclitic) :]
    return word
