"""The language of title plus body, by py3langid restricted to languages that news is watched in."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from py3langid.langid import MODEL_FILE, LanguageIdentifier

# What the model is asked to tell apart. A few more than are tagged: an Urdu text must not be taken for Arabic.
LANGUAGES = frozenset(
    {
        "am",
        "ar",
        "az",
        "be",
        "bg",
        "bn",
        "bs",
        "ca",
        "cs",
        "da",
        "de",
        "el",
        "en",
        "es",
        "et",
        "fa",
        "fi",
        "fr",
        "he",
        "hi",
    }
    | {"hr", "hu", "hy", "id", "it", "ja", "ka", "kk", "km", "ko", "ku", "ky", "lt", "lv", "mk", "mn", "ms", "nl", "no"}
    | {"pl", "ps", "pt", "ro", "ru", "sk", "sl", "so", "sq", "sr", "sv", "sw", "ta", "th", "tr", "uk", "ur", "vi", "zh"}
)
_READ = 400
_ENOUGH = 24
_NOISE = re.compile(r"https?://\S+|[@#]\w+|[\d_]+|[^\w\s]+")


def detect(title: str, body: str, hint: str | None = None) -> str:
    """ISO 639-1 code of the language of `title` plus the beginning of `body`; "und" if there is nothing to tell from.

    `hint` is the source's claim, a language tag. It decides only where the text has fewer than 24 letters.
    """
    text = _NOISE.sub(" ", f"{title}\n{body[:_READ]}"[:_READ])
    letters = sum(map(str.isalpha, text))
    claim = _primary(hint)
    if letters < _ENOUGH and claim:
        return claim
    if not letters:
        return "und"
    found: str = _identifier().classify(text)[0]
    return found


def _primary(tag: str | None) -> str | None:
    """The ISO 639-1 code that a language tag begins with, if it is one of `LANGUAGES`."""
    if not tag:
        return None
    code = re.split("[-_]", tag.lower())[0]
    code = {"iw": "he", "nb": "no", "nn": "no", "in": "id", "ara": "ar", "eng": "en", "fra": "fr", "rus": "ru"}.get(
        code, code
    )
    return code if code in LANGUAGES else None


@cache
def _identifier() -> Any:
    """The model, loaded on first use (0.6 s) and kept: it is read-only."""
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(LANGUAGES)
    return identifier
