"""The language of whole sentences in twelve languages: SIB-200, translated by people, so the labels are given."""

from __future__ import annotations

from tests.eval import data
from tests.eval.model import Figure, Measured, Miss, Shown, share
from transforms.language.detect import detect

NAME = "sib200"
# The set's codes for languages, and ours.
CODES = {"arb": "ar", "deu": "de", "eng": "en", "fra": "fr", "heb": "he", "pes": "fa", "rus": "ru", "spa": "es",
         "tur": "tr", "ukr": "uk", "urd": "ur", "zho": "zh"}  # fmt: skip


def measure() -> Measured:
    """Accuracy over all sentences, and in each language."""
    figures, misses = [], list[Miss]()
    whole: list[bool] = []
    for path in sorted(data.folder(NAME).glob("*.tsv")):
        language = CODES[path.name[:3]]
        right = []
        for row in data.table(path):
            found = detect("", row["text"])
            right.append(found == language)
            if found != language:
                shown = Shown(f"sentence {row['index_id']}", row["text"])
                misses.append(Miss(f"{NAME}.accuracy.{language}", 1 / len(row["text"]), row["index_id"],
                                   language, found, (shown,)))  # fmt: skip
        whole += right
        tells = "sentences whose language is told"
        figures.append(
            Figure(f"{NAME}.accuracy.{language}", language, share(sum(right), len(right)), len(right), tells)
        )
    all_ = Figure(f"{NAME}.accuracy", "all", share(sum(whole), len(whole)), len(whole), "the same, in all languages")
    return Measured(NAME, (all_, *figures), tuple(misses))
