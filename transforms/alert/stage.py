"""RaiseAlerts: what a watcher is told, once per rule and story; then the record has its terminal receipt."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import apache_beam as beam

from transforms import metrics
from transforms.alert.due import due
from transforms.alert.rules import Rules
from transforms.batches import Batched
from transforms.fold.decision import Decision
from transforms.index.interface import Index
from transforms.records import Receipt


class RaiseAlerts(beam.PTransform):
    """`Decision` in, `Receipt` out, after the alerts that it raises are in the index."""

    def __init__(
        self, open_index: Callable[[], Index], open_rules: Callable[[], Rules], outputs: Sequence[str] = ()
    ) -> None:
        super().__init__()
        self.open_index, self.open_rules, self.outputs = open_index, open_rules, tuple(outputs)

    def expand(self, decisions: Any) -> Any:
        return decisions | "Raise" >> beam.ParDo(Raise(self.open_index, self.open_rules, self.outputs))


class Raise(Batched):
    """Judges each article against every rule, with those whose story it changed. A known article is judged too: its
    alert may not have been written before a crash. Every alert goes to the rule's channels and to all `outputs`."""

    def __init__(
        self, open_index: Callable[[], Index], open_rules: Callable[[], Rules], outputs: tuple[str, ...] = ()
    ) -> None:
        self.open_index, self.open_rules, self.outputs = open_index, open_rules, outputs

    def settle(self, elements: Sequence[Decision]) -> Sequence[Receipt]:
        if elements:
            index, rules = self.open_index(), self.open_rules()
            for alert in due(rules, elements, index.documents, int(time.time())):
                created = index.raise_alert(alert, (*rules.channels(alert["rule"]), *self.outputs))
                metrics.count("alerts", created)
        return [receipt(decision) for decision in elements]


def receipt(decision: Decision) -> Receipt:
    """What its source is told of a decision."""
    told = "known" if decision.outcome in ("known", "sighting") else "indexed"
    return Receipt(decision.article.origin, "forgotten" if decision.story is None else told, decision.article.id)
