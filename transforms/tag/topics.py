"""Topics of an article, with the evidence: weighted patterns per language, read from `transforms/data/topics/`."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from transforms.errors import DataError
from transforms.records import Json
from transforms.tag.topic_data import Sets, Topic, read_sets, read_topic
from transforms.tag.topic_match import Matcher
from transforms.tag.topic_score import Field, Scorer

SHIPPED = Path(__file__).resolve().parent.parent / "data" / "topics"
SETS = "_sets.yaml"
# Part of the version: raise it when the same data would give other topics.
_RULES = "1"


class _Language:
    """All topics of one language: one pass finds the phrases, then only topics that were hit are scored."""

    def __init__(self, language: str, topics: Sequence[Topic]) -> None:
        self._matcher = Matcher(language)
        self._scorers = [
            Scorer(topic, topic.languages[language], self._matcher) for topic in topics if language in topic.languages
        ]
        self._triggered: dict[int, list[int]] = {}
        for at, scorer in enumerate(self._scorers):
            for number in scorer.triggers:
                self._triggered.setdefault(number, []).append(at)

    def topics(self, title: str, body: str) -> list[Json]:
        fields = [Field("title", self._matcher.scan(title)), Field("body", self._matcher.scan(body))]
        triggered = self._triggered
        candidates = {at for field in fields for number in field.scan.hits for at in triggered.get(number, ())}
        words = sum(field.scan.length for field in fields)
        found = [topic for at in sorted(candidates) if (topic := self._scorers[at].score(fields, words))]
        return sorted(found, key=lambda topic: (-topic["score"], topic["id"]))


class Topics:
    """The loaded topics. `version` changes with the data or the rules of counting; `all` are the topic files."""

    def __init__(self, topics: Sequence[Topic], version: str) -> None:
        self.all = tuple(topics)
        self.version = version
        languages = sorted({language for topic in topics for language in topic.languages})
        self._languages = {language: _Language(language, topics) for language in languages}

    def topics(self, title: str, body: str, language: str | None) -> list[Json]:
        """`[{"id", "score", "evidence": [{"field", "start", "end", "pattern"}]}]`, highest score first.

        `language` is ISO 639-1; with None the letters decide, and among languages of Latin letters the one that finds
        most. A language without patterns has no topics. Spans are of the strings as given; see `topic_score` for the
        meaning of the score (0.5 at the threshold, always below 1) and `MOST_EVIDENCE` for how much is shown.
        """
        if language is None:
            guesses = [self._languages[code] for code in _by_letters(title + body[:500]) if code in self._languages]
            return max((guess.topics(title, body) for guess in guesses), key=_sum_of_scores, default=[])
        known = self._languages.get(language.split("-", 1)[0].lower())
        return known.topics(title, body) if known else []


def _sum_of_scores(topics: list[Json]) -> float:
    return sum(topic["score"] for topic in topics)


def _by_letters(text: str) -> tuple[str, ...]:
    """The languages to try for a text of unknown language: by the script of most of its first letters."""
    sample = text[:500].lower()
    arabic = sum("\u0600" <= letter < "\u0700" for letter in sample)
    cyrillic = sum("\u0400" <= letter < "\u0530" for letter in sample)
    latin = sum("a" <= letter <= "z" for letter in sample)
    most = max(arabic, cyrillic, latin)
    if most == 0:
        return ()
    return ("ar",) if most == arabic else ("ru",) if most == cyrillic else ("en", "fr", "es", "de")


def load_topics(paths: Sequence[Path] | None = None) -> Topics:
    """The topics in `paths` (files, or folders of `*.yaml`), by default the shipped ones; loaded once per process.

    Raises DataError for a mistake in a file, a topic given twice, or a path without topics.
    """
    return _load(tuple(Path(path) for path in paths) if paths is not None else (SHIPPED,))


@cache
def _load(paths: tuple[Path, ...]) -> Topics:
    files = [file for path in paths for file in (sorted(path.glob("*.yaml")) if path.is_dir() else [path])]
    files = [file for file in files if file.name != SETS]
    if not files:
        raise DataError(", ".join(map(str, paths)), "", "no topic files", "give a file, or a folder with *.yaml files")
    digest = hashlib.blake2b(_RULES.encode(), digest_size=6)
    topics: dict[str, Topic] = {}
    sets: dict[Path, Sets] = {}
    for file in files:
        shared = file.with_name(SETS)
        if shared not in sets:
            sets[shared] = read_sets(shared, _read(shared, digest)) if shared.exists() else {}
        topic = read_topic(file, _read(file, digest), sets[shared])
        if topic.id in topics:
            raise DataError(str(file), "id", f"{topic.id!r} is there already", "give each topic once")
        topics[topic.id] = topic
    return Topics(tuple(topics.values()), digest.hexdigest())


def _read(file: Path, digest: hashlib.blake2b) -> str:
    try:
        content = file.read_bytes()
        text = content.decode("utf-8")
    except OSError as error:
        raise DataError(str(file), "", f"cannot be read: {error.strerror}", "check the path") from error
    except UnicodeDecodeError as error:
        raise DataError(str(file), "", "is not UTF-8", "save it as UTF-8") from error
    digest.update(content + b"\0")
    return text
