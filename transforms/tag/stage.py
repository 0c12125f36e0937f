"""Tag: entities and topics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import apache_beam as beam

from transforms.batches import InARow
from transforms.records import Article, replace
from transforms.tag.entities import Gazetteer
from transforms.tag.topics import Topics


def with_tags(article: Article, gazetteer: Gazetteer, topics: Topics) -> Article:
    """`article` with its entities and topics and the versions of the data that made them."""
    return replace(
        article,
        entities=tuple(gazetteer.entities(article.title, article.body, article.language)),
        topics=tuple(topics.topics(article.title, article.body, article.language)),
        tagged_by={**article.tagged_by, **gazetteer.tagged_by, "topics": topics.version},
    )


class Tag(beam.PTransform):
    """`Article` in and out."""

    def __init__(self, open_gazetteer: Callable[[], Gazetteer], open_topics: Callable[[], Topics]) -> None:
        super().__init__()
        self.open_gazetteer, self.open_topics = open_gazetteer, open_topics

    def expand(self, articles: Any) -> Any:
        gazetteer, topics = self.open_gazetteer, self.open_topics
        return articles | "Tag" >> beam.ParDo(InARow(lambda article: with_tags(article, gazetteer(), topics())))
