"""DetectLanguage: the language of title plus body."""

from __future__ import annotations

from typing import Any

import apache_beam as beam

from transforms.batches import InARow
from transforms.language.detect import detect
from transforms.records import Article, replace


def with_language(article: Article) -> Article:
    """`article` with its language (ISO 639-1)."""
    return replace(article, language=detect(article.title, article.body, article.language))


class DetectLanguage(beam.PTransform):
    """`Article` in and out."""

    def expand(self, articles: Any) -> Any:
        return articles | "Detect" >> beam.ParDo(InARow(with_language))
