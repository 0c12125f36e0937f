"""RaiseAlerts: what a watcher is told, once per rule and story; then the record has its terminal receipt."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import apache_beam as beam

from transforms import metrics
from transforms.alert.evaluate import evaluate
from transforms.alert.rules import Rules
from transforms.fold.memory import Decision
from transforms.index.interface import Index
from transforms.records import Json, Receipt, rfc3339


def document(decision: Decision) -> Json:
    """The article of a decision as rules see it, with its story's role."""
    article, story = decision.article, decision.story or {}
    return {
        "id": article.id,
        "url": article.url,
        "title": article.title,
        "body": article.body,
        "language": article.language,
        "source": article.source.document(),
        "sources": [article.source.document()],
        "published": rfc3339(article.published),
        "first_seen": rfc3339(story.get("first_seen")),
        "revision": story.get("revision", 0),
        "wire": article.wire,
        "entities": list(article.entities),
        "topics": list(article.topics),
        "story": {"id": story.get("id"), "role": story.get("role")},
    }


class RaiseAlerts(beam.PTransform):
    """`Decision` in, `Receipt` out, after the alerts that it raises are in the index."""

    def __init__(
        self, open_index: Callable[[], Index], open_rules: Callable[[], Rules], outputs: Sequence[str] = ()
    ) -> None:
        super().__init__()
        self.open_index, self.open_rules, self.outputs = open_index, open_rules, tuple(outputs)

    def expand(self, decisions: Any) -> Any:
        return decisions | "Raise" >> beam.ParDo(Raise(self.open_index, self.open_rules, self.outputs))


class Raise(beam.DoFn):
    """Judges each article against every rule. A known article is judged too: its alert may not have been written
    before a crash. Every alert goes to the rule's channels and to all `outputs`."""

    def __init__(
        self, open_index: Callable[[], Index], open_rules: Callable[[], Rules], outputs: tuple[str, ...] = ()
    ) -> None:
        self.open_index, self.open_rules, self.outputs = open_index, open_rules, outputs

    def process(self, decision: Decision) -> Iterator[Receipt]:
        article = decision.article
        if decision.story is None:
            yield Receipt(article.origin, "forgotten", article.id)
            return
        rules = self.open_rules()
        for alert in evaluate(rules, document(decision), decision.story, int(time.time())):
            # Few articles raise one, and finding the open index costs more than judging most articles.
            created = self.open_index().raise_alert(alert, (*rules.channels(alert["rule"]), *self.outputs))
            metrics.count("alerts", created)
        outcome = "known" if decision.outcome in ("known", "sighting") else "indexed"
        yield Receipt(article.origin, outcome, article.id)
